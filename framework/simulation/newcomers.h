#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/simulation/latents.h"
#include "framework/simulation/observables.h"
#include "framework/simulation/population.h"
#include "framework/simulation/population_mix.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/taste_model.h"
#include "framework/simulation/world_drift_options.h"

namespace coldframe {

/// Other newcomers of the same population than those whom every simulation meets.
struct NewcomerCohort {
  std::string stream = {};                                   // of their random numbers; empty: that of everybody
  std::optional<std::uint32_t> world_period = std::nullopt;  // who they are goes by their number, as ever; when they
                                                             // come, and so their tastes and words, by this period
};

/// Draws newcomers of a population in one world: the observables anyone may see and the sealed latents. Newcomer n is
/// the same person under every policy, world and split of the work. Ownership: borrows the population. Thread-safety:
/// const.
class Newcomers {
 public:
  /// `drift` and `mix` say how newcomers of later periods differ (nullptr: not at all), in their tastes and in who they
  /// are; the world that `drift` names must exist. Borrows `mix`.
  Newcomers(const Population& population, const World& world, double lambda, const WorldDriftOptions* drift = nullptr,
            const PopulationMix* mix = nullptr, const NewcomerCohort& cohort = {});

  Newcomer newcomer(std::uint64_t number) const;
  Latents latents(const Newcomer& newcomer) const;
  /// latents() of many at once, with the same bits in less time.
  std::vector<Latents> latents(std::span<const Newcomer> newcomers) const;
  const Profile& profile(const Newcomer& newcomer) const { return population_->observables.pool[newcomer.profile]; }

  const Population& population() const { return *population_; }
  /// The law of taste before any drift.
  const TasteModel& taste() const { return *tastes_.front(); }
  /// The law of newcomers who arrive in a period.
  const TasteModel& taste(std::uint32_t period) const { return *by_stage_[stage(period)]; }
  /// Periods of one stage share their law of taste.
  std::size_t stage(std::uint32_t period) const;
  std::size_t largest_latent_size() const;  // over all stages
  std::uint32_t group_of(const Profile& profile) const;

 private:
  void add_latents(std::span<const Newcomer> newcomers, std::vector<Latents>& all) const;

  const Population* population_;
  std::vector<std::unique_ptr<TasteModel>> tastes_;  // before the drift, after it, then blends
  std::vector<const TasteModel*> by_stage_;
  WorldDriftOptions drift_;
  const PopulationMix* mix_;
  std::optional<std::uint32_t> world_period_;
  SimulationRandom random_;
};

}  // namespace coldframe
