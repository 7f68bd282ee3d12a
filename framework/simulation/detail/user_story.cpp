#include "framework/simulation/detail/user_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/evaluation/candidate_set.h"

namespace coldframe {
namespace {

bool distinct(std::span<const ItemId> items) {
  constexpr std::size_t k_few = 32;  // then comparing all pairs beats sorting a copy
  if (items.size() > k_few) {
    std::vector<ItemId> sorted(items.begin(), items.end());
    std::ranges::sort(sorted);
    return std::ranges::adjacent_find(sorted) == sorted.end();
  }
  for (std::size_t a = 1; a < items.size(); ++a) {
    if (std::ranges::find(items.first(a), items[a]) != items.begin() + static_cast<std::ptrdiff_t>(a)) return false;
  }
  return true;
}

void check_slate(const PolicyRequest& request, const Slate& slate, std::size_t catalogue) {
  const CandidateSet candidates(request.candidates, catalogue);
  const std::size_t shown = slate.items.size();
  const bool known = std::ranges::all_of(slate.items, [&](ItemId item) { return candidates.holds(item); });
  const bool full = shown == std::min(request.slate_size, request.candidates.size());
  const bool propensities = (slate.position_log_propensity.empty() || slate.position_log_propensity.size() == shown) &&
                            (slate.position_log_marginal.empty() || slate.position_log_marginal.size() == shown) &&
                            slate.log_propensity <= 1e-9;
  if (known && full && propensities && distinct(slate.items)) return;
  throw DataError(fmt::format("slate for user {} in session {}, page {}", request.user.value(), request.time.session,
                              request.time.page),
                  !propensities ? "its propensities are not those of a slate"
                                : fmt::format("it must hold {} distinct candidates",
                                              std::min(request.slate_size, request.candidates.size())),
                  "correct the policy");
}

}  // namespace

std::vector<Arrival> UserStory::arrive(const ReplayWorld& world, const SimulationOptions& options,
                                       const SimulationRandom& births, std::uint64_t begin, std::uint64_t end) {
  std::vector<Newcomer> newcomers;
  for (std::uint64_t number = begin; number < end; ++number) newcomers.push_back(world.newcomers->newcomer(number));
  std::vector<Latents> latents = world.newcomers->latents(newcomers);
  std::vector<Arrival> arrivals;
  arrivals.reserve(newcomers.size());
  const auto wanted = static_cast<std::size_t>(options.given_likes);
  for (std::size_t u = 0; u < newcomers.size(); ++u) {
    std::vector<ItemId> likes;
    if (wanted > 0) likes = draw_given_likes(world, births, newcomers[u], latents[u], wanted);
    arrivals.push_back({newcomers[u], std::move(latents[u]), std::move(likes)});
  }
  return arrivals;
}

std::vector<ItemId> UserStory::draw_given_likes(const ReplayWorld& world, const SimulationRandom& births,
                                                const Newcomer& who, const Latents& latents, std::size_t wanted) {
  const std::span<const double> utilities = latents.utilities(LatentKey());
  std::vector<double> noisy(utilities.size());
  std::vector<ItemId> items;
  items.reserve(utilities.size());
  for (std::size_t i = 0; i < utilities.size(); ++i) {
    const ItemId item(static_cast<std::uint32_t>(i));
    if (!world.catalogue->arrived(item, who.arrival)) continue;
    items.push_back(item);
    noisy[i] = utilities[i] + births.given_like_gumbel(who.key, world.catalogue->slot(item));
  }
  const std::size_t count = std::min(wanted, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count), items.end(),
                    [&](ItemId a, ItemId b) {
                      return noisy[a.value()] != noisy[b.value()] ? noisy[a.value()] > noisy[b.value()] : a < b;
                    });
  items.resize(count);
  return items;
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

std::span<const Answer> UserStory::answer(const Interview& interview) {
  const std::span<const double> utilities = latents().utilities(LatentKey());
  for (std::size_t question = 0; question < interview.questions && !over_; ++question) {
    const std::optional<ItemId> item = interview.chooser->next(request());
    if (!item) break;
    const AnswerKind kind =
        interview.answers->answer(arrival_->who.key, *item, world_->catalogue->slot(*item), utilities[item->value()]);
    history_.answers.push_back({*item, kind});
    if (kind == AnswerKind::like) history_.likes.push_back(*item);
  }
  if (options_->clicked_items == "leave") take_away(history_.likes);
  if (candidates_.empty()) over_ = true;
  return history_.answers;
}

void UserStory::find_candidates() {
  candidates_.resize(taken_.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const ItemId item(static_cast<std::uint32_t>(i));
    candidates_[count] = item;  // overwritten by the next one unless it counts
    count += static_cast<std::size_t>(taken_[i] == 0 && world_->catalogue->available(item, time_.timestamp));
  }
  candidates_.resize(count);
  candidates_until_ = world_->catalogue->next_change(time_.timestamp);
  if (candidates_.empty()) over_ = true;
}

void UserStory::take_away(std::span<const ItemId> items) {
  for (const ItemId item : items) {
    taken_[item.value()] = 1;
    const auto at = std::ranges::lower_bound(candidates_, item);
    if (at != candidates_.end() && *at == item) candidates_.erase(at);
  }
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

void UserStory::describe(const Slate& slate, PageRow& row) const {
  row.user = arrival_->who.number;
  row.profile = arrival_->who.profile;
  row.period = time_.period;
  row.session = time_.session;
  row.page = time_.page;
  row.timestamp = time_.timestamp;
  row.items = slate.items;
  row.position_log_propensity = slate.position_log_propensity;
  row.position_log_marginal = slate.position_log_marginal;
  row.given_likes.clear();
  if (history_.shown.empty()) row.given_likes = history_.likes;
  row.clicks.assign(slate.items.size(), 0);
}

void UserStory::show(const SimulationRandom& random, const Slate& slate, KeepLog keep, LivedStep& lived) {
  check_slate(request(), slate, taken_.size());
  const std::span<const double> all = latents().utilities(LatentKey());
  lived.utilities.clear();
  lived.slots.clear();
  for (const ItemId item : slate.items) {
    lived.utilities.push_back(all[item.value()]);
    lived.slots.push_back(world_->catalogue->slot(item));
  }
  lived.expected.resize(slate.items.size());
  PageRow& row = lived.row;
  describe(slate, row);
  row.expected = world_->user_model->react(
      random, {arrival_->who.key, time_.session, time_.page, lived.utilities, lived.slots}, row.clicks, lived.expected);
  if (keep == KeepLog::trace) {
    row.click_probability = lived.expected;
    row.utilities = lived.utilities;
    row.answers.clear();
    if (history_.shown.empty()) row.answers = history_.answers;
  }
  const std::size_t liked_before = history_.likes.size();
  for (std::size_t k = 0; k < row.items.size(); ++k) {
    if (row.clicks[k] != 0) history_.likes.push_back(row.items[k]);
  }
  const std::size_t clicks = history_.likes.size() - liked_before;
  if (options_->clicked_items == "leave") take_away(std::span(history_.likes).subspan(liked_before));
  history_.shown.push_back({time_, row.items, row.clicks});
  lived.step = static_cast<std::size_t>(time_.session) * static_cast<std::size_t>(options_->pages) + time_.page;
  const double seconds = world_->dynamics == nullptr ? options_->page_seconds
                                                     : world_->dynamics->page_seconds(options_->page_seconds, clicks);
  if (dynamics_ != nullptr) dynamics_->after_page({history_.shown.back(), seconds}, condition_);
  move_on(random, seconds);
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
  if (time_.timestamp >= candidates_until_) find_candidates();
  if (candidates_.empty()) over_ = true;
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
