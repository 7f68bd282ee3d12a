#include "framework/simulation/newcomers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/blended_taste.h"

namespace coldframe {

Newcomers::Newcomers(const Population& population, const World& world, double lambda, const WorldDriftOptions* drift,
                     const PopulationMix* mix, const NewcomerCohort& cohort)
    : population_(&population),
      mix_(mix),
      world_period_(cohort.world_period),
      random_(cohort.stream.empty() ? population.seed : derived_seed(population.seed, cohort.stream.c_str())) {
  tastes_.push_back(make_taste(world, lambda));
  by_stage_.push_back(tastes_.front().get());
  if (drift == nullptr || drift->drift() == DriftKind::none) return;
  drift_ = *drift;
  if (drift_.to == world.name()) {
    throw ConfigError(fmt::format("world_drift.to = {}", drift_.to), "tastes have this law from the beginning",
                      "name another world, or set world_drift.kind = none");
  }
  tastes_.push_back(make_taste(population.world(drift_.to, "world_drift.to"), lambda));
  const DriftKind kind = drift_.drift();
  const bool slow = kind == DriftKind::gradual || kind == DriftKind::incremental;
  for (std::int64_t step = 1; slow && step < drift_.over_periods; ++step) {
    tastes_.push_back(make_blended_taste(*tastes_[0], *tastes_[1],
                                         static_cast<double>(step) / static_cast<double>(drift_.over_periods),
                                         kind == DriftKind::gradual ? Blend::choose : Blend::mix));
    by_stage_.push_back(tastes_.back().get());
  }
  by_stage_.push_back(tastes_[1].get());
}

std::size_t Newcomers::stage(std::uint32_t period) const {
  return static_cast<std::size_t>(std::lround(drift_.weight(period) * static_cast<double>(by_stage_.size() - 1)));
}

std::size_t Newcomers::largest_latent_size() const {
  std::size_t largest = 0;
  for (const auto& taste : tastes_) largest = std::max(largest, taste->latent_size());
  return largest;
}

Newcomer Newcomers::newcomer(std::uint64_t number) const {
  const PopulationObservables& known = population_->observables;
  Newcomer who;
  who.number = number;
  who.key = UserKey(number);
  who.period = static_cast<std::uint32_t>(number / static_cast<std::uint64_t>(known.users_per_period));
  who.profile = mix_ != nullptr
                    ? mix_->profile(random_, who.key, who.period)
                    : uniform_below(random_.profile_word(who.key), static_cast<std::uint32_t>(known.pool.size()));
  if (world_period_) who.period = *world_period_;
  const double since_start = (who.period + random_.arrival(who.key)) * known.period_seconds;
  who.arrival = known.start + static_cast<std::int64_t>(std::floor(since_start));
  return who;
}

std::uint32_t Newcomers::group_of(const Profile& who) const {
  const std::int32_t field = population_->latents.group_field;
  return field < 0 ? 0 : who.attributes.levels[static_cast<std::size_t>(field)];
}

Latents Newcomers::latents(const Newcomer& who) const { return std::move(latents({&who, 1}).front()); }

std::vector<Latents> Newcomers::latents(std::span<const Newcomer> newcomers) const {
  constexpr std::size_t k_at_once = 64;
  std::vector<Latents> all;
  all.reserve(newcomers.size());
  for (std::size_t first = 0, count = 0; first < newcomers.size(); first += count) {
    // Those who follow and have the same law of taste.
    count = 1;
    const std::size_t law = stage(newcomers[first].period), most = std::min(k_at_once, newcomers.size() - first);
    while (count < most && stage(newcomers[first + count].period) == law) ++count;
    add_latents(newcomers.subspan(first, count), all);
  }
  return all;
}

void Newcomers::add_latents(std::span<const Newcomer> newcomers, std::vector<Latents>& all) const {
  const TasteModel& law = taste(newcomers.front().period);
  const std::size_t size = law.latent_size(), items = law.item_count();
  const std::size_t users = newcomers.size();
  const auto memory = std::make_shared_for_overwrite<double[]>(users * (size + items));
  const std::span<double> states(memory.get(), users * size);
  std::vector<double> normals(size);
  std::vector<double*> utilities;
  std::vector<std::uint32_t> groups;
  for (std::size_t u = 0; u < users; ++u) {
    const Profile& known = profile(newcomers[u]);
    groups.push_back(group_of(known));
    random_.latent_normals(newcomers[u].key, normals);
    law.place(population_->observables.law.encode(known.attributes.levels), normals, states.subspan(u * size, size));
    utilities.push_back(memory.get() + users * size + u * items);
  }
  law.utilities_of(groups, states, utilities);
  for (std::size_t u = 0; u < users; ++u) {
    all.emplace_back(LatentKey(), groups[u], memory, states.subspan(u * size, size),
                     std::span<const double>(utilities[u], items));
  }
}

}  // namespace coldframe
