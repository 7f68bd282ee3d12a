#include "framework/simulation/detail/user_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

void check_slate(const PolicyRequest& request, const Slate& slate) {
  std::vector<ItemId> sorted = slate.items;
  std::sort(sorted.begin(), sorted.end());
  const bool distinct = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  const bool known = std::includes(request.candidates.begin(), request.candidates.end(), sorted.begin(), sorted.end());
  const bool full = sorted.size() == std::min(request.slate_size, request.candidates.size());
  const bool propensities =
      (slate.position_log_propensity.empty() || slate.position_log_propensity.size() == sorted.size()) &&
      (slate.position_log_marginal.empty() || slate.position_log_marginal.size() == sorted.size()) &&
      slate.log_propensity <= 1e-9;
  if (distinct && known && full && propensities) return;
  throw DataError(fmt::format("slate for user {} in session {}, page {}", request.user.value(), request.time.session,
                              request.time.page),
                  !propensities ? "its propensities are not those of a slate"
                                : fmt::format("it must hold {} distinct candidates",
                                              std::min(request.slate_size, request.candidates.size())),
                  "correct the policy");
}

}  // namespace

Arrival UserStory::arrive(const ReplayWorld& world, const SimulationOptions& options, const SimulationRandom& births,
                          std::uint64_t number) {
  const Newcomer who = world.newcomers->newcomer(number);
  Arrival arrival{who, world.newcomers->latents(who), {}};
  const auto wanted = static_cast<std::size_t>(options.given_likes);
  if (wanted == 0) return arrival;
  const std::span<const double> utilities = arrival.latents.utilities(LatentKey());
  std::vector<double> noisy(utilities.size());
  std::vector<ItemId> items(utilities.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i] = ItemId(static_cast<std::uint32_t>(i));
    noisy[i] = utilities[i] + births.given_like_gumbel(who.key, world.catalogue->slot(items[i]));
  }
  const std::size_t count = std::min(wanted, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count), items.end(),
                    [&](ItemId a, ItemId b) {
                      return noisy[a.value()] != noisy[b.value()] ? noisy[a.value()] > noisy[b.value()] : a < b;
                    });
  items.resize(count);
  arrival.given_likes = std::move(items);
  return arrival;
}

UserStory::UserStory(const ReplayWorld& world, const SimulationOptions& options, const Arrival& arrival)
    : world_(&world), options_(&options), arrival_(&arrival), taken_(world.catalogue->size(), 0) {
  history_.likes = arrival.given_likes;
  history_.given_likes = arrival.given_likes.size();
  if (options.clicked_items == "leave") {
    for (const ItemId item : history_.likes) taken_[item.value()] = 1;
  }
  time_.period = arrival.who.period;
  time_.timestamp = arrival.who.arrival;
  if (world.dynamics != nullptr && !world.dynamics->still()) {
    dynamics_ = world.dynamics;
    const std::span<const double> state = arrival.latents.state(LatentKey());
    const std::span<const double> taste = arrival.latents.utilities(LatentKey());
    condition_ = dynamics_->begin(arrival.latents.group(LatentKey()), {state.begin(), state.end()},
                                  {taste.begin(), taste.end()}, time_.timestamp);
  }
  find_candidates();
}

void UserStory::find_candidates() {
  candidates_.clear();
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const ItemId item(static_cast<std::uint32_t>(i));
    if (taken_[i] == 0 && world_->catalogue->available(item, time_.timestamp)) candidates_.push_back(item);
  }
  if (candidates_.empty()) over_ = true;
}

PolicyRequest UserStory::request() const {
  PolicyRequest request;
  request.user = arrival_->who.key;
  request.profile_row = arrival_->who.profile;
  request.profile = &world_->newcomers->profile(arrival_->who);
  request.history = &history_;
  request.time = time_;
  request.candidates = candidates_;
  request.slate_size = static_cast<std::size_t>(options_->slate_size);
  return request;
}

PageRow UserStory::show(const SimulationRandom& random, const Slate& slate, KeepLog keep, std::size_t& step) {
  check_slate(request(), slate);
  const std::span<const double> all = latents().utilities(LatentKey());
  std::vector<double> utilities;
  std::vector<std::uint32_t> slots;
  for (const ItemId item : slate.items) {
    utilities.push_back(all[item.value()]);
    slots.push_back(world_->catalogue->slot(item));
  }
  PageRow row;
  row.user = arrival_->who.number;
  row.profile = arrival_->who.profile;
  row.period = time_.period;
  row.session = time_.session;
  row.page = time_.page;
  row.timestamp = time_.timestamp;
  row.items = slate.items;
  row.position_log_propensity = slate.position_log_propensity;
  row.position_log_marginal = slate.position_log_marginal;
  if (history_.shown.empty()) row.given_likes = arrival_->given_likes;
  row.clicks.resize(slate.items.size());
  row.expected = expected_reward(*world_->user_model, utilities);
  if (keep == KeepLog::trace) {
    row.click_probability.resize(utilities.size());
    world_->user_model->expected_clicks(utilities, row.click_probability);
    row.utilities = utilities;
  }
  world_->user_model->sample(random, {arrival_->who.key, time_.session, time_.page, utilities, slots}, row.clicks);
  for (std::size_t k = 0; k < row.items.size(); ++k) {
    if (row.clicks[k] == 0) continue;
    history_.likes.push_back(row.items[k]);
    if (options_->clicked_items == "leave") taken_[row.items[k].value()] = 1;
  }
  history_.shown.push_back({time_, row.items, row.clicks});
  step = static_cast<std::size_t>(time_.session) * static_cast<std::size_t>(options_->pages) + time_.page;
  const auto clicks = static_cast<std::size_t>(std::count(row.clicks.begin(), row.clicks.end(), std::uint8_t{1}));
  const double seconds = world_->dynamics == nullptr ? options_->page_seconds
                                                     : world_->dynamics->page_seconds(options_->page_seconds, clicks);
  if (dynamics_ != nullptr) dynamics_->after_page({history_.shown.back(), seconds}, condition_);
  move_on(random, seconds);
  return row;
}

void UserStory::move_on(const SimulationRandom& random, double page_seconds) {
  const UserKey user = arrival_->who.key;
  time_.timestamp += static_cast<std::int64_t>(page_seconds);
  const StepOdds odds = dynamics_ == nullptr ? StepOdds{} : dynamics_->weigh(condition_);
  const bool leaves = random.leaving(user, time_.session, time_.page) <
                      shifted_probability(options_->leave_probability, odds.leave_log_odds);
  ++time_.page;
  if (leaves || odds.session_ends || time_.page >= options_->pages) come_back_later(random, odds);
  if (over_) return;
  if (dynamics_ != nullptr) renew_latents();
  find_candidates();
}

void UserStory::come_back_later(const SimulationRandom& random, const StepOdds& odds) {
  const UserKey user = arrival_->who.key;
  ++time_.session;
  time_.page = 0;
  const bool returns =
      random.returning(user, time_.session) < shifted_probability(options_->return_probability, odds.return_log_odds);
  if (time_.session >= options_->sessions || !returns) {
    over_ = true;
    return;
  }
  const double gap = -std::log(random.return_gap(user, time_.session)) * options_->return_gap_seconds * odds.gap_factor;
  time_.timestamp += static_cast<std::int64_t>(gap);
  if (dynamics_ != nullptr) dynamics_->begin_session(condition_);
}

void UserStory::renew_latents() {
  dynamics_->pass_time(time_.timestamp, condition_);
  now_.emplace(LatentKey(), condition_.group, condition_.state, condition_.utilities());
}

}  // namespace coldframe
