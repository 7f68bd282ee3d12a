#pragma once

#include "framework/simulation/user_model.h"

/// Visits of two kinds: with probability `hurried` a page is read from the top to its first click, else everything on
/// it is looked at and clicked by itself. With a_k = sigmoid(scale v_k - no_click) and h = hurried
///   P(c) = h P_cascade(c) + (1 - h) prod_k a_k^c_k (1 - a_k)^(1 - c_k)
///   P(c_k = 1) = a_k (h prod_{j<k} (1 - a_j) + 1 - h)
/// Clicks of one page depend on each other through the kind of visit, which none of the built-in models can say. The
/// expected number of clicks, h (1 - prod (1 - a_k)) + (1 - h) sum a_k, does not depend on the order of a page and
/// grows with every attraction, so the most useful items are the best page.
class HurriedReader final : public coldframe::UserModel {
 public:
  HurriedReader(const coldframe::ChoiceScale& scale, double hurried) : scale_(scale), hurried_(hurried) {}
  std::string_view name() const override { return "hurried_reader"; }
  void sample(const coldframe::SimulationRandom& random, const coldframe::ShownPage& page,
              std::span<std::uint8_t> clicks) const override;
  coldframe::PageDraws draws(const coldframe::SimulationRandom& random,
                             const coldframe::ShownPage& page) const override;
  double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const override;
  void expected_clicks(std::span<const double> utilities, std::span<double> expected) const override;
  coldframe::BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                                  std::size_t n) const override;
  std::unique_ptr<coldframe::PageBelief> belief(std::size_t draws) const override;

 private:
  coldframe::ChoiceScale scale_;
  double hurried_;
};
