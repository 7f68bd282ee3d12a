#include "framework/simulation/informed_oracle.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>
#include <queue>
#include <utility>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr std::size_t k_screening_draws = 64;
constexpr std::size_t k_direct_items = 256;  // below: what is left of the catalogue is summed, not subtracted
constexpr float k_least_mass = 1e-6f;        // of the catalogue, where subtraction cancels

using Columns = std::vector<std::vector<float>>;  // one [M] per item

std::vector<float> normalised(const std::vector<double>& log_weights) {
  const double largest = *std::max_element(log_weights.begin(), log_weights.end());
  std::vector<double> weights(log_weights.size());
  double total = 0;
  for (std::size_t m = 0; m < weights.size(); ++m) total += weights[m] = std::exp(log_weights[m] - largest);
  std::vector<float> out(weights.size());
  for (std::size_t m = 0; m < out.size(); ++m) out[m] = static_cast<float>(weights[m] / total);
  return out;
}

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

/// Equally weighted draws that stand for the weighted ones: systematic resampling with fixed offsets.
TasteDraws resampled(const TasteDraws& draws, std::span<const float> weights, std::size_t count) {
  std::vector<std::size_t> numbers(std::min(count, draws.count));
  double reached = weights[0];
  std::size_t m = 0;
  for (std::size_t f = 0; f < numbers.size(); ++f) {
    const double target = (static_cast<double>(f) + 0.5) / static_cast<double>(numbers.size());
    while (reached < target && m + 1 < draws.count) reached += weights[++m];
    numbers[f] = m;
  }
  return picked(draws, numbers);
}

std::size_t ordered_slates(std::size_t candidates, std::size_t n, std::size_t stop) {
  std::size_t count = 1;
  for (std::size_t k = 0; k < n && count <= stop; ++k) count *= candidates - k;
  return count;
}

/// The ordered slate with the highest weighted mean reward, by trying all of them.
class Enumeration {
 public:
  Enumeration(PageBelief& belief, const Columns& attractions, std::span<const float> weights, std::size_t n)
      : belief_(belief), attractions_(attractions), weights_(weights), n_(n), used_(attractions.size(), 0) {}

  std::vector<std::size_t> best() {
    extend(0.0);
    return best_;
  }

 private:
  void extend(double reward) {
    if (prefix_.size() == n_) {
      if (best_.empty() || reward > best_reward_) {
        best_ = prefix_;
        best_reward_ = reward;
      }
      return;
    }
    belief_.clear();
    for (const std::size_t shown : prefix_) belief_.append(attractions_[shown]);
    std::vector<double> gains(attractions_.size());
    for (std::size_t c = 0; c < gains.size(); ++c) {
      if (used_[c] == 0) gains[c] = belief_.gain(attractions_[c], weights_);
    }
    for (std::size_t c = 0; c < gains.size(); ++c) {
      if (used_[c] != 0) continue;
      used_[c] = 1;
      prefix_.push_back(c);
      extend(reward + gains[c]);
      prefix_.pop_back();
      used_[c] = 0;
    }
  }

  PageBelief& belief_;
  const Columns& attractions_;
  std::span<const float> weights_;
  std::size_t n_;
  std::vector<std::uint8_t> used_;
  std::vector<std::size_t> prefix_;
  std::vector<std::size_t> best_;
  double best_reward_ = 0;
};

/// Item by item, each time the largest gain; gains only shrink, so an old gain bounds a new one (lazy evaluation).
std::vector<std::size_t> greedy(PageBelief& belief, const Columns& attractions, std::span<const float> weights,
                                std::size_t n) {
  struct Bound {
    double gain;
    std::size_t candidate;
    std::size_t length;  // of the page for which the gain was computed
    bool operator<(const Bound& other) const {
      return gain != other.gain ? gain < other.gain : candidate > other.candidate;
    }
  };
  belief.clear();
  std::priority_queue<Bound> queue;
  for (std::size_t c = 0; c < attractions.size(); ++c) queue.push({belief.gain(attractions[c], weights), c, 0});
  std::vector<std::size_t> chosen;
  while (chosen.size() < n) {
    const Bound top = queue.top();
    queue.pop();
    if (top.length == chosen.size()) {
      chosen.push_back(top.candidate);
      belief.append(attractions[top.candidate]);
    } else {
      queue.push({belief.gain(attractions[top.candidate], weights), top.candidate, chosen.size()});
    }
  }
  return chosen;
}

std::vector<float> utilities(const TasteModel& taste, const TasteDraws& draws, ItemId item) {
  std::vector<float> out(draws.count);
  taste.item_utilities(draws, item, out);
  return out;
}

/// What a history says about one user now.
struct Knowledge {
  const TasteModel* taste;
  std::shared_ptr<const TasteDraws> draws;
  std::vector<double> log_weights;  // [M]
  const UserDynamics* dynamics;     // nullptr: users stay as they were born
  UserCondition condition;          // without a state: only what the history determines
};

}  // namespace

struct InformedOracle::State {
  std::string name;
  const Newcomers* newcomers;
  const UserModel* model;
  TieBreak ties{0};
  InformedOracleOptions options;
  std::vector<float> normals;  // [L, M]
  mutable std::mutex mutex;
  using PriorKey = std::pair<std::size_t, std::vector<std::uint16_t>>;  // stage of the world, attribute levels
  mutable std::map<PriorKey, std::shared_ptr<const TasteDraws>> prior;

  std::shared_ptr<const TasteDraws> prior_of(const Profile& profile, std::uint32_t period) const;
  std::vector<float> utilities_now(const Knowledge& known, const TasteDraws& draws, ItemId item) const;
  Knowledge at_birth(const PolicyRequest& request) const;
  void weigh_given(Knowledge& known, std::span<const ItemId> likes) const;
  void weigh_shown(const ShownSlate& page, PageBelief& belief, Knowledge& known) const;
  void follow(const ShownSlate& page, Knowledge& known) const;
  std::vector<ItemId> screened(const PolicyRequest& request, const Knowledge& known, std::span<const float> weights,
                               std::size_t keep) const;
  std::vector<ItemId> choose(const PolicyRequest& request) const;
};

std::shared_ptr<const TasteDraws> InformedOracle::State::prior_of(const Profile& profile, std::uint32_t period) const {
  const PriorKey key{newcomers->stage(period), profile.attributes.levels};
  {
    const std::scoped_lock guard(mutex);
    const auto found = prior.find(key);
    if (found != prior.end()) return found->second;
  }
  const std::vector<double> x = newcomers->population().observables.law.encode(profile.attributes.levels);
  const TasteModel& taste = newcomers->taste(period);
  const std::span<const float> luck = std::span(normals).first(taste.latent_size() * options.draws);
  auto made =
      std::make_shared<const TasteDraws>(taste.place_many(newcomers->group_of(profile), x, luck, options.draws));
  const std::scoped_lock guard(mutex);
  return prior.emplace(key, std::move(made)).first->second;
}

/// Plackett-Luce over the catalogue: each like is drawn from what the earlier ones left. All e^v together are I.
void InformedOracle::State::weigh_given(Knowledge& known, std::span<const ItemId> likes) const {
  if (likes.empty()) return;
  const TasteModel& taste = *known.taste;
  const TasteDraws& draws = *known.draws;
  std::vector<double>& log_weights = known.log_weights;
  const std::size_t items = taste.item_count();
  std::vector<float> left(draws.count, static_cast<float>(items));
  if (items <= k_direct_items) {
    std::fill(left.begin(), left.end(), 0.0f);
    for (std::size_t i = 0; i < items; ++i) {
      const ItemId item(static_cast<std::uint32_t>(i));
      if (std::find(likes.begin(), likes.end(), item) != likes.end()) continue;
      const std::vector<float> utility = utilities(taste, draws, item);
      for (std::size_t m = 0; m < draws.count; ++m) left[m] += detail::fast_exp(utility[m]);
    }
  } else {
    for (const ItemId item : likes) {
      const std::vector<float> utility = utilities(taste, draws, item);
      for (std::size_t m = 0; m < draws.count; ++m) left[m] -= detail::fast_exp(utility[m]);
    }
    const float least = k_least_mass * static_cast<float>(items);
    for (float& mass : left) mass = mass > least ? mass : least;
  }
  // Backwards: what was left for the last like is the rest and itself.
  for (std::size_t k = likes.size(); k-- > 0;) {
    const std::vector<float> utility = utilities(taste, draws, likes[k]);
    for (std::size_t m = 0; m < draws.count; ++m) {
      left[m] += detail::fast_exp(utility[m]);
      log_weights[m] += static_cast<double>(utility[m] - detail::fast_log(left[m]));
    }
  }
}

Knowledge InformedOracle::State::at_birth(const PolicyRequest& request) const {
  const std::uint32_t period = request.time.period;
  Knowledge known{&newcomers->taste(period), prior_of(*request.profile, period), {}, nullptr, {}};
  known.log_weights.resize(known.draws->count, 0.0);
  if (options.dynamics == nullptr || options.dynamics->still()) return known;
  const std::vector<ShownSlate>& shown = request.history->shown;
  known.dynamics = options.dynamics;
  known.condition = options.dynamics->begin(known.draws->group, {}, {},
                                            shown.empty() ? request.time.timestamp : shown.front().time.timestamp);
  return known;
}

std::vector<float> InformedOracle::State::utilities_now(const Knowledge& known, const TasteDraws& draws,
                                                        ItemId item) const {
  std::vector<float> out = utilities(*known.taste, draws, item);
  if (known.condition.satiation.empty()) return out;
  const auto lost = static_cast<float>(known.condition.satiation[item.value()]);
  for (float& utility : out) utility -= lost;
  return out;
}

void InformedOracle::State::weigh_shown(const ShownSlate& page, PageBelief& belief, Knowledge& known) const {
  Columns attractions;
  std::vector<std::span<const float>> views;
  for (const ItemId item : page.items) {
    attractions.push_back(utilities_now(known, *known.draws, item));
    belief.attractions(attractions.back(), attractions.back());
  }
  for (const std::vector<float>& column : attractions) views.emplace_back(column);
  belief.add_log_likelihood(views, page.clicks, known.log_weights);
}

/// What a page did to the user: satiation follows from the history alone, drift moves every draw in its own way.
void InformedOracle::State::follow(const ShownSlate& page, Knowledge& known) const {
  known.dynamics->after_page({page, 0.0}, known.condition);
  const bool clicked = std::find(page.clicks.begin(), page.clicks.end(), std::uint8_t{1}) != page.clicks.end();
  if (!clicked || known.dynamics->taste_drift() == 0) return;
  auto moved = std::make_shared<TasteDraws>(*known.draws);
  for (std::size_t k = 0; k < page.items.size(); ++k) {
    if (page.clicks[k] != 0) known.taste->drift_many(*moved, page.items[k], known.dynamics->taste_drift());
  }
  known.draws = std::move(moved);
}

std::vector<ItemId> InformedOracle::State::screened(const PolicyRequest& request, const Knowledge& known,
                                                    std::span<const float> weights, std::size_t keep) const {
  const TasteDraws few = resampled(*known.draws, weights, k_screening_draws);
  const std::vector<float> equal(few.count, 1.0f / static_cast<float>(few.count));
  const std::unique_ptr<PageBelief> belief = model->belief(few.count);
  belief->clear();
  std::vector<float> scores(known.taste->item_count());
  for (const ItemId item : request.candidates) {
    std::vector<float> column = utilities_now(known, few, item);
    belief->attractions(column, column);
    scores[item.value()] = static_cast<float>(belief->gain(column, equal));
  }
  PolicyRequest wider = request;
  wider.slate_size = keep;
  return top_candidates(wider, scores, ties);
}

std::vector<ItemId> InformedOracle::State::choose(const PolicyRequest& request) const {
  Knowledge known = at_birth(request);
  const History& history = *request.history;
  const std::unique_ptr<PageBelief> belief = model->belief(known.draws->count);
  weigh_given(known, std::span(history.likes).first(history.given_likes));
  for (const ShownSlate& page : history.shown) {
    if (known.dynamics != nullptr) known.dynamics->pass_time(page.time.timestamp, known.condition);
    weigh_shown(page, *belief, known);
    if (known.dynamics != nullptr) follow(page, known);
  }
  if (known.dynamics != nullptr) known.dynamics->pass_time(request.time.timestamp, known.condition);
  const std::vector<float> weights = normalised(known.log_weights);

  const std::size_t n = std::min(request.slate_size, request.candidates.size());
  const bool small = ordered_slates(request.candidates.size(), n, options.enumerate_below) <= options.enumerate_below;
  const std::size_t keep = small ? request.candidates.size() : std::max(n, options.close_candidates);
  const std::vector<ItemId> close = screened(request, known, weights, keep);
  Columns attractions;
  for (const ItemId item : close) {
    attractions.push_back(utilities_now(known, *known.draws, item));
    belief->attractions(attractions.back(), attractions.back());
  }
  const std::vector<std::size_t> order =
      small ? Enumeration(*belief, attractions, weights, n).best() : greedy(*belief, attractions, weights, n);
  std::vector<ItemId> items;
  for (const std::size_t at : order) items.push_back(close[at]);
  return items;
}

InformedOracle::InformedOracle(std::string name, const Newcomers& newcomers, const UserModel& model, TieBreak ties,
                               const InformedOracleOptions& options)
    : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->newcomers = &newcomers;
  state_->model = &model;
  state_->ties = std::move(ties);
  state_->options = options;
  const std::size_t latent_size = newcomers.largest_latent_size();
  const KeyedRandom random(derived_seed(options.seed, "informed oracle"), Purpose::population);
  std::vector<double> one(latent_size);
  state_->normals.resize(latent_size * options.draws);
  for (std::size_t m = 0; m < options.draws; ++m) {
    keyed_normals(random, UserKey(m), 0, one);
    for (std::size_t l = 0; l < latent_size; ++l) {
      state_->normals[l * options.draws + m] = static_cast<float>(one[l]);
    }
  }
}

InformedOracle::~InformedOracle() = default;

const std::string& InformedOracle::name() const { return state_->name; }

void InformedOracle::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  for (std::size_t r = 0; r < requests.size(); ++r) slates[r] = certain_slate(state_->choose(requests[r]));
}

}  // namespace coldframe
