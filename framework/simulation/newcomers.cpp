#include "framework/simulation/newcomers.h"

#include <cmath>
#include <utility>

namespace coldframe {

Newcomers::Newcomers(const Population& population, const World& world, double lambda)
    : population_(&population), taste_(make_taste(world, lambda)), random_(population.seed) {}

Newcomer Newcomers::newcomer(std::uint64_t number) const {
  const PopulationObservables& known = population_->observables;
  Newcomer who;
  who.number = number;
  who.key = UserKey(number);
  who.profile = uniform_below(random_.profile_word(who.key), static_cast<std::uint32_t>(known.pool.size()));
  who.period = static_cast<std::uint32_t>(number / static_cast<std::uint64_t>(known.users_per_period));
  const double since_start = (who.period + random_.arrival(who.key)) * known.period_seconds;
  who.arrival = known.start + static_cast<std::int64_t>(std::floor(since_start));
  return who;
}

std::uint32_t Newcomers::group_of(const Profile& who) const {
  const std::int32_t field = population_->latents.group_field;
  return field < 0 ? 0 : who.attributes.levels[static_cast<std::size_t>(field)];
}

Latents Newcomers::latents(const Newcomer& who) const {
  const Profile& known = profile(who);
  const std::vector<double> x = population_->observables.law.encode(known.attributes.levels);
  std::vector<double> normals(taste_->latent_size());
  std::vector<double> state(taste_->latent_size());
  std::vector<double> utilities(taste_->item_count());
  random_.latent_normals(who.key, normals);
  taste_->place(x, normals, state);
  taste_->utilities(group_of(known), state, utilities);
  return Latents(LatentKey(), group_of(known), std::move(state), std::move(utilities));
}

}  // namespace coldframe
