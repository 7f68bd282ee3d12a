#pragma once

#include "framework/simulation/user_dynamics.h"

namespace coldframe {

/// Tastes follow what is consumed: after a click on item i the state moves the share `rate` of the way to the tastes
/// that i stands for (TasteModel::drift). For a fixed target t the distance falls geometrically:
/// |z_n - t| = (1 - rate)^n |z_0 - t|.
class TasteDrift final : public DynamicsRule {
 public:
  TasteDrift(const TasteModel& taste, double rate) : taste_(&taste), rate_(rate) {}
  std::string_view name() const override { return "taste_drift"; }
  void after_page(const LivedPage& page, UserCondition& condition) const override;

 private:
  const TasteModel* taste_;
  double rate_;
};

/// Enough of a kind for a while: after a click on item i every item j loses strength * likeness(i, j) of its utility
/// (TasteModel::likeness, 1 for i itself); what was lost comes back with a half-life. Losses of several clicks add up.
class Satiation final : public DynamicsRule {
 public:
  Satiation(const TasteModel& taste, double strength, double half_life_seconds)
      : taste_(&taste), strength_(strength), half_life_seconds_(half_life_seconds) {}
  std::string_view name() const override { return "satiation"; }
  void after_page(const LivedPage& page, UserCondition& condition) const override;
  void pass_time(double seconds, UserCondition& condition) const override;

 private:
  const TasteModel* taste_;
  double strength_;
  double half_life_seconds_;
};

}  // namespace coldframe
