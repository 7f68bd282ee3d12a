#pragma once

#include <cstdint>
#include <memory>

#include "framework/simulation/latents.h"
#include "framework/simulation/observables.h"
#include "framework/simulation/population.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/taste_model.h"

namespace coldframe {

/// Draws newcomers of a population in one world: the observables anyone may see and the sealed latents. Newcomer n is
/// the same person under every policy, world and split of the work. Ownership: borrows the population. Thread-safety:
/// const.
class Newcomers {
 public:
  Newcomers(const Population& population, const World& world, double lambda);

  Newcomer newcomer(std::uint64_t number) const;
  Latents latents(const Newcomer& newcomer) const;
  const Profile& profile(const Newcomer& newcomer) const { return population_->observables.pool[newcomer.profile]; }

  const Population& population() const { return *population_; }
  const TasteModel& taste() const { return *taste_; }
  std::uint32_t group_of(const Profile& profile) const;

 private:
  const Population* population_;
  std::unique_ptr<TasteModel> taste_;
  SimulationRandom random_;
};

}  // namespace coldframe
