#include "framework/simulation/detail/taste_posterior.h"

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/random_layout.h"

namespace coldframe::detail {
namespace {

constexpr std::size_t k_direct_items = 256;  // below: what is left of the catalogue is summed, not subtracted
constexpr float k_least_mass = 1e-6f;        // of the catalogue, where subtraction cancels
constexpr float k_least_chosen = 1e-37f;     // where an intent's share underflows
constexpr std::size_t k_most_mass_floats = std::size_t{1} << 26;  // kept at once

/// The draws of the given numbers, in their order.
TasteDraws picked(const TasteDraws& draws, std::span<const std::size_t> numbers) {
  TasteDraws few;
  few.count = numbers.size();
  few.group = draws.group;
  const std::size_t latent_size = draws.latent.size() / draws.count;
  few.latent.resize(latent_size * few.count);
  few.offsets.resize(draws.offsets.empty() ? 0 : few.count);
  for (std::size_t f = 0; f < few.count; ++f) {
    const std::size_t m = numbers[f];
    for (std::size_t l = 0; l < latent_size; ++l) few.latent[l * few.count + f] = draws.latent[l * draws.count + m];
    if (!few.offsets.empty()) few.offsets[f] = draws.offsets[m];
  }
  for (const TasteDraws& part : draws.parts) few.parts.push_back(picked(part, numbers));
  return few;
}

std::vector<float> utilities(const TasteModel& taste, const TasteDraws& draws, ItemId item) {
  std::vector<float> out(draws.count);
  taste.item_utilities(draws, item, out);
  return out;
}

/// Mass of the items [M] that nobody can have liked when this user came.
void take_unborn(const TasteModel& taste, const TasteDraws& draws, const Catalogue& catalogue, std::int64_t arrival,
                 std::vector<float>& left) {
  for (std::uint32_t i = 0; i < taste.item_count(); ++i) {
    if (catalogue.arrived(ItemId(i), arrival)) continue;
    const std::vector<float> utility = utilities(taste, draws, ItemId(i));
    for (std::size_t m = 0; m < draws.count; ++m) left[m] -= fast_exp(utility[m]);
  }
}

void weigh_shown(const ShownSlate& page, PageBelief& belief, Knowledge& known) {
  std::vector<std::vector<float>> attractions;  // one [M] per item
  std::vector<std::span<const float>> views;
  for (const ItemId item : page.items) {
    attractions.push_back(known.utilities(item));
    belief.attractions(attractions.back(), attractions.back());
  }
  for (const std::vector<float>& column : attractions) views.emplace_back(column);
  belief.add_log_likelihood(views, page.clicks, known.log_weights);
}

/// What a page did to the user: satiation follows from the history alone, drift moves every draw in its own way.
void follow(const ShownSlate& page, Knowledge& known) {
  known.dynamics->after_page({page, 0.0}, known.condition);
  const bool clicked = std::find(page.clicks.begin(), page.clicks.end(), std::uint8_t{1}) != page.clicks.end();
  if (!clicked || known.dynamics->taste_drift() == 0) return;
  auto moved = std::make_shared<TasteDraws>(*known.draws);
  for (std::size_t k = 0; k < page.items.size(); ++k) {
    if (page.clicks[k] != 0) known.taste->drift_many(*moved, page.items[k], known.dynamics->taste_drift());
  }
  known.draws = std::move(moved);
}

}  // namespace

std::vector<float> Knowledge::weights() const {
  const double largest = *std::max_element(log_weights.begin(), log_weights.end());
  std::vector<double> weights(log_weights.size());
  double total = 0;
  for (std::size_t m = 0; m < weights.size(); ++m) total += weights[m] = std::exp(log_weights[m] - largest);
  std::vector<float> out(weights.size());
  for (std::size_t m = 0; m < out.size(); ++m) out[m] = static_cast<float>(weights[m] / total);
  return out;
}

std::vector<float> Knowledge::utilities(ItemId item) const {
  std::vector<float> out = detail::utilities(*taste, *draws, item);
  if (!condition.satiation.empty()) {
    const auto lost = static_cast<float>(condition.satiation[item.value()]);
    for (float& utility : out) utility -= lost;
  }
  if (search) {
    const auto gained = search->law->matches(search->intent, item) ? static_cast<float>(search->law->gain()) : 0.0f;
    for (std::size_t m = 0; m < out.size(); ++m) out[m] += gained - search->loss[m];
  }
  return out;
}

TastePosterior::TastePosterior(const Newcomers& newcomers, const UserModel& model, const PosteriorOptions& options)
    : newcomers_(&newcomers), model_(&model), options_(options) {
  const std::size_t latent_size = newcomers.largest_latent_size();
  const KeyedRandom random(derived_seed(options.seed, "informed oracle"), Purpose::population);
  std::vector<double> one(latent_size);
  normals_.resize(latent_size * options.draws);
  for (std::size_t m = 0; m < options.draws; ++m) {
    keyed_normals(random, UserKey(m), 0, one);
    for (std::size_t l = 0; l < latent_size; ++l) {
      normals_[l * options.draws + m] = static_cast<float>(one[l]);
    }
  }
}

std::shared_ptr<const TasteDraws> TastePosterior::prior_of(const Profile& profile, std::uint32_t period) const {
  const PriorKey key{newcomers_->stage(period), profile.attributes.levels};
  {
    const std::scoped_lock guard(mutex_);
    const auto found = prior_.find(key);
    if (found != prior_.end()) return found->second;
  }
  const std::vector<double> x = newcomers_->population().observables.law.encode(profile.attributes.levels);
  const TasteModel& taste = newcomers_->taste(period);
  const std::span<const float> luck = std::span(normals_).first(taste.latent_size() * options_.draws);
  auto made =
      std::make_shared<const TasteDraws>(taste.place_many(newcomers_->group_of(profile), x, luck, options_.draws));
  const std::scoped_lock guard(mutex_);
  return prior_.emplace(key, std::move(made)).first->second;
}

Knowledge TastePosterior::at_birth(const PolicyRequest& request) const {
  const std::uint32_t period = request.time.period;
  Knowledge known{&newcomers_->taste(period), prior_of(*request.profile, period), {}, nullptr, {}, {}};
  known.log_weights.resize(known.draws->count, 0.0);
  if (options_.dynamics == nullptr || options_.dynamics->still()) return known;
  const std::vector<ShownSlate>& shown = request.history->shown;
  known.dynamics = options_.dynamics;
  known.condition = options_.dynamics->begin(known.draws->group, {}, {},
                                             shown.empty() ? request.time.timestamp : shown.front().time.timestamp);
  return known;
}

/// Plackett-Luce over the catalogue: each like is drawn from what the earlier ones left. All e^v together are I.
void TastePosterior::weigh_given(const PolicyRequest& request, Knowledge& known) const {
  const History& history = *request.history;
  const std::span<const ItemId> likes = std::span(history.likes).first(history.given_likes);
  if (likes.empty()) return;
  const TasteModel& taste = *known.taste;
  const TasteDraws& draws = *known.draws;
  std::vector<double>& log_weights = known.log_weights;
  const std::size_t items = taste.item_count();
  const bool some_new = options_.catalogue != nullptr && options_.catalogue->any_new();
  const std::int64_t arrival = history.shown.empty() ? request.time.timestamp : history.shown.front().time.timestamp;
  std::vector<float> left(draws.count, static_cast<float>(items));
  if (items <= k_direct_items) {
    std::fill(left.begin(), left.end(), 0.0f);
    for (std::size_t i = 0; i < items; ++i) {
      const ItemId item(static_cast<std::uint32_t>(i));
      if (std::find(likes.begin(), likes.end(), item) != likes.end()) continue;
      if (some_new && !options_.catalogue->arrived(item, arrival)) continue;
      const std::vector<float> utility = utilities(taste, draws, item);
      for (std::size_t m = 0; m < draws.count; ++m) left[m] += fast_exp(utility[m]);
    }
  } else {
    for (const ItemId item : likes) {
      const std::vector<float> utility = utilities(taste, draws, item);
      for (std::size_t m = 0; m < draws.count; ++m) left[m] -= fast_exp(utility[m]);
    }
    if (some_new) take_unborn(taste, draws, *options_.catalogue, arrival, left);
    const float least = k_least_mass * static_cast<float>(items);
    for (float& mass : left) mass = mass > least ? mass : least;
  }
  // Backwards: what was left for the last like is the rest and itself.
  for (std::size_t k = likes.size(); k-- > 0;) {
    const std::vector<float> utility = utilities(taste, draws, likes[k]);
    for (std::size_t m = 0; m < draws.count; ++m) {
      left[m] += fast_exp(utility[m]);
      log_weights[m] += static_cast<double>(utility[m] - fast_log(left[m]));
    }
  }
}

void TastePosterior::weigh_answers(std::span<const Answer> answers, Knowledge& known) const {
  CF_EXPECTS(answers.empty() || options_.answers != nullptr);
  for (const Answer& answer : answers) {
    if (answer.kind == AnswerKind::unknown) continue;  // says nothing about tastes
    options_.answers->add_log_likelihood(answer.kind, utilities(*known.taste, *known.draws, answer.item),
                                         known.log_weights);
  }
}

TastePosterior::IntentMasses TastePosterior::masses_of(const Knowledge& known) const {
  const SearchLaw& law = *options_.search;
  const std::size_t count = known.draws->count;
  const std::vector<float> none(count, 0.0f);
  std::vector<float> any = none, all = none;
  IntentMasses masses(law.intents().size(), IntentMass{none, none});
  for (std::uint32_t i = 0; i < law.items(); ++i) {
    const std::vector<float> utility = utilities(*known.taste, *known.draws, ItemId(i));
    const auto weight = static_cast<float>(law.weight(ItemId(i)));
    std::vector<float> mass(count);
    for (std::size_t m = 0; m < count; ++m) all[m] += mass[m] = fast_exp(utility[m]);
    if (weight == 0) continue;
    for (std::size_t m = 0; m < count; ++m) any[m] += mass[m];
    for (const std::uint32_t intent : law.intents_of(ItemId(i))) {
      for (std::size_t m = 0; m < count; ++m) {
        masses[intent].match[m] += mass[m];
        masses[intent].chosen[m] += weight * mass[m];
      }
    }
  }
  for (IntentMass& mass : masses) {
    for (std::size_t m = 0; m < count; ++m) {
      mass.match[m] /= all[m];
      mass.chosen[m] /= any[m];
    }
  }
  return masses;
}

/// Draws that clicks have not moved are shared by all users of a profile, and so is what follows from them.
std::shared_ptr<const TastePosterior::IntentMasses> TastePosterior::known_masses(const Knowledge& known) const {
  if (known.dynamics != nullptr && known.dynamics->taste_drift() > 0) {
    return std::make_shared<const IntentMasses>(masses_of(known));
  }
  {
    const std::scoped_lock guard(mutex_);
    const auto found = masses_.find(known.draws.get());
    if (found != masses_.end()) return found->second;
  }
  auto made = std::make_shared<const IntentMasses>(masses_of(known));
  const std::size_t floats = 2 * made->size() * known.draws->count;
  const std::scoped_lock guard(mutex_);
  if ((masses_.size() + 1) * floats > k_most_mass_floats) masses_.clear();
  return masses_.emplace(known.draws.get(), std::move(made)).first->second;
}

/// Before a page: what its session is about. That a user asks for something says what they like.
void TastePosterior::enter(const Query* query, bool new_session, Knowledge& known) const {
  if (options_.search == nullptr) return;
  if (query == nullptr) {
    known.search.reset();
    return;
  }
  const bool moved = known.dynamics != nullptr && known.dynamics->taste_drift() > 0;
  if (!new_session && !moved) return;
  const SearchLaw& law = *options_.search;
  const std::uint32_t intent = law.meaning(*query);
  const std::shared_ptr<const IntentMasses> masses = known_masses(known);
  const IntentMass& mass = (*masses)[intent];
  known.search = KnownSearch{&law, intent, std::vector<float>(known.draws->count)};
  const auto more = static_cast<float>(std::expm1(law.gain()));
  for (std::size_t m = 0; m < known.draws->count; ++m) {
    known.search->loss[m] = fast_log(1.0f + mass.match[m] * more);
    if (new_session) known.log_weights[m] += static_cast<double>(fast_log(std::max(mass.chosen[m], k_least_chosen)));
  }
}

Knowledge TastePosterior::after(const PolicyRequest& request) const {
  Knowledge known = at_birth(request);
  const History& history = *request.history;
  const std::unique_ptr<PageBelief> belief = model_->belief(known.draws->count);
  weigh_given(request, known);
  weigh_answers(history.answers, known);
  std::optional<std::uint32_t> session;
  for (const ShownSlate& page : history.shown) {
    if (known.dynamics != nullptr) known.dynamics->pass_time(page.time.timestamp, known.condition);
    enter(page.query, session != page.time.session, known);
    session = page.time.session;
    weigh_shown(page, *belief, known);
    if (known.dynamics != nullptr) follow(page, known);
  }
  if (known.dynamics != nullptr) known.dynamics->pass_time(request.time.timestamp, known.condition);
  enter(request.query, session != request.time.session, known);
  return known;
}

Knowledge resampled(const Knowledge& known, std::span<const float> weights, std::size_t count) {
  const TasteDraws& draws = *known.draws;
  std::vector<std::size_t> numbers(std::min(count, draws.count));
  double reached = weights[0];
  std::size_t m = 0;
  for (std::size_t f = 0; f < numbers.size(); ++f) {
    const double target = (static_cast<double>(f) + 0.5) / static_cast<double>(numbers.size());
    while (reached < target && m + 1 < draws.count) reached += weights[++m];
    numbers[f] = m;
  }
  Knowledge few{known.taste,
                std::make_shared<const TasteDraws>(picked(draws, numbers)),
                std::vector<double>(numbers.size(), 0.0),
                known.dynamics,
                known.condition,
                known.search};
  if (few.search) {
    few.search->loss.clear();
    for (const std::size_t number : numbers) few.search->loss.push_back(known.search->loss[number]);
  }
  return few;
}

}  // namespace coldframe::detail
