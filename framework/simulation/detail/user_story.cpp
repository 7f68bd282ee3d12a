#include "framework/simulation/detail/user_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/evaluation/candidate_set.h"
#include "framework/simulation/page_relevance.h"

namespace coldframe {
namespace {

bool distinct(std::span<const ItemId> items) {
  constexpr std::size_t k_few = 32;  // then comparing all pairs beats sorting a copy
  if (items.size() > k_few) {
    std::vector<ItemId> sorted(items.begin(), items.end());
    std::ranges::sort(sorted);
    return std::ranges::adjacent_find(sorted) == sorted.end();
  }
  bool twice = false;
  for (std::size_t a = 1; a < items.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) twice |= items[a] == items[b];
  }
  return !twice;
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
  std::vector<ItemId> items;
  std::vector<std::uint32_t> slots;
  for (std::uint32_t i = 0; i < utilities.size(); ++i) {
    const ItemId item(i);
    if (!world.catalogue->arrived(item, who.arrival)) continue;
    items.push_back(item);
    slots.push_back(world.catalogue->slot(item));
  }
  std::vector<double> noise(items.size()), noisy(utilities.size());
  births.given_like_gumbels(who.key, slots, noise);
  for (std::size_t at = 0; at < items.size(); ++at) {
    noisy[items[at].value()] = utilities[items[at].value()] + noise[at];
  }
  const std::size_t count = std::min(wanted, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count), items.end(),
                    [&](ItemId a, ItemId b) {
                      return noisy[a.value()] != noisy[b.value()] ? noisy[a.value()] > noisy[b.value()] : a < b;
                    });
  items.resize(count);
  return items;
}

UserStory::UserStory(const ReplayWorld& world, const SimulationOptions& options, const Arrival& arrival,
                     StoryMemory& memory)
    : world_(&world),
      options_(&options),
      arrival_(&arrival),
      memory_(&memory),
      leave_(options.clicked_items == "leave") {
  constexpr std::int64_t k_usual_pages = 32;
  history_.shown.reserve(static_cast<std::size_t>(std::min(options.pages, k_usual_pages)));
  history_.likes = arrival.given_likes;
  history_.given_likes = arrival.given_likes.size();
  time_.period = arrival.who.period;
  time_.timestamp = arrival.who.arrival;
  if (world.dynamics != nullptr && !world.dynamics->still()) {
    dynamics_ = world.dynamics;
    const std::span<const double> state = arrival.latents.state(LatentKey());
    const std::span<const double> taste = arrival.latents.utilities(LatentKey());
    condition_ = dynamics_->begin(arrival.latents.group(LatentKey()), {state.begin(), state.end()},
                                  {taste.begin(), taste.end()}, time_.timestamp);
  }
  begin_session();
  find_candidates();
  if (leave_) take_away(history_.likes);
  if (candidates_.empty()) over_ = true;
}

std::span<const Answer> UserStory::answer(const Interview& interview) {
  // Who signs up is asked about tastes, before anything is searched for.
  const std::span<const double> utilities = arrival_->latents.utilities(LatentKey());
  for (std::size_t question = 0; question < interview.questions && !over_; ++question) {
    PolicyRequest asked = request();
    asked.query = nullptr;
    const std::optional<ItemId> item = interview.chooser->next(asked);
    if (!item) break;
    const AnswerKind kind =
        interview.answers->answer(arrival_->who.key, *item, world_->catalogue->slot(*item), utilities[item->value()]);
    history_.answers.push_back({*item, kind});
    if (kind == AnswerKind::like) history_.likes.push_back(*item);
  }
  if (leave_) take_away(history_.likes);
  if (candidates_.empty()) over_ = true;
  return history_.answers;
}

void UserStory::find_candidates() {
  available_ = memory_->available.at(time_.timestamp);
  candidates_ = available_->items;
  if (!taken_.empty()) {
    left_.clear();
    std::ranges::set_difference(available_->items, taken_, std::back_inserter(left_));
    candidates_ = left_;
  }
  if (candidates_.empty()) over_ = true;
}

void UserStory::take_away(std::span<const ItemId> items) {
  if (items.empty()) return;
  if (taken_.empty()) left_ = available_->items;
  for (const ItemId item : items) {
    const auto place = std::ranges::lower_bound(taken_, item);
    if (place != taken_.end() && *place == item) continue;
    taken_.insert(place, item);
    const auto at = std::ranges::lower_bound(left_, item);
    if (at != left_.end() && *at == item) left_.erase(at);
  }
  candidates_ = left_;
}

PolicyRequest UserStory::request() const {
  PolicyRequest request;
  request.user = arrival_->who.key;
  request.profile_row = arrival_->who.profile;
  request.profile = &world_->newcomers->profile(arrival_->who);
  request.history = &history_;
  if (search_) request.query = search_->query;
  request.time = time_;
  request.candidates = candidates_;
  request.slate_size = static_cast<std::size_t>(options_->slate_size);
  return request;
}

void UserStory::check(const Slate& slate) const {
  const CandidateSet candidates(candidates_, world_->catalogue->size());
  const std::size_t shown = slate.items.size();
  const std::size_t wanted = std::min(static_cast<std::size_t>(options_->slate_size), candidates_.size());
  const bool known = std::ranges::all_of(slate.items, [&](ItemId item) { return candidates.holds(item); });
  const bool propensities = (slate.position_log_propensity.empty() || slate.position_log_propensity.size() == shown) &&
                            (slate.position_log_marginal.empty() || slate.position_log_marginal.size() == shown) &&
                            (slate.prices.empty() || slate.prices.size() == shown) && slate.log_propensity <= 1e-9;
  if (known && shown == wanted && propensities && distinct(slate.items)) return;
  throw DataError(
      fmt::format("slate for user {} in session {}, page {}", arrival_->who.number, time_.session, time_.page),
      !propensities ? "its propensities are not those of a slate"
                    : fmt::format("it must hold {} distinct candidates", wanted),
      "correct the policy");
}

/// Row and slate change memory.
void UserStory::describe(Slate& slate, PageRow& row) const {
  row.user = arrival_->who.number;
  row.profile = arrival_->who.profile;
  row.period = time_.period;
  row.session = time_.session;
  row.page = time_.page;
  row.timestamp = time_.timestamp;
  row.items.swap(slate.items);
  row.position_log_propensity.swap(slate.position_log_propensity);
  row.position_log_marginal.swap(slate.position_log_marginal);
  row.prices.swap(slate.prices);
  row.given_likes.clear();
  if (history_.shown.empty()) row.given_likes = history_.likes;
  row.query = search_ ? search_->query->row : k_no_query;
  row.clicks.assign(row.items.size(), 0);
}

double UserStory::relevance(std::span<const double> shown) const {
  const std::span<const double> all = latents().utilities(LatentKey());
  std::vector<double> utilities;
  utilities.reserve(candidates_.size());
  for (const ItemId item : candidates_) utilities.push_back(all[item.value()]);
  return page_relevance(*world_->user_model, shown, utilities);
}

void UserStory::show(const SimulationRandom& random, Slate& slate, KeepLog keep, LivedStep& lived) {
  check(slate);
  PageRow& row = lived.row;
  describe(slate, row);
  const std::span<const double> all = latents().utilities(LatentKey());
  const std::size_t shown = row.items.size();
  lived.utilities.resize(shown);
  lived.slots.resize(shown);
  lived.expected.resize(shown);
  for (std::size_t k = 0; k < shown; ++k) {
    lived.utilities[k] = all[row.items[k].value()];
    lived.slots[k] = world_->catalogue->slot(row.items[k]);
  }
  row.expected = world_->user_model->react(
      random, {arrival_->who.key, time_.session, time_.page, lived.utilities, lived.slots}, row.clicks, lived.expected);
  if (keep == KeepLog::trace) {
    row.click_probability = lived.expected;
    row.utilities = lived.utilities;
    row.answers.clear();
    if (history_.shown.empty()) row.answers = history_.answers;
  }
  if (world_->ads != nullptr) lived.relevance = relevance(lived.utilities);
  const std::size_t liked_before = history_.likes.size();
  for (std::size_t k = 0; k < shown; ++k) {
    if (row.clicks[k] != 0) history_.likes.push_back(row.items[k]);
  }
  const std::size_t clicks = history_.likes.size() - liked_before;
  if (leave_) take_away(std::span(history_.likes).subspan(liked_before));
  history_.shown.push_back({time_,
                            {row.items.begin(), row.items.end(), &memory_->pages},
                            {row.clicks.begin(), row.clicks.end(), &memory_->pages},
                            search_ ? search_->query : nullptr});
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
  const double leaving = shifted_probability(options_->leave_probability, odds.leave_log_odds);
  const bool leaves = leaving > 0 && random.leaving(user, time_.session, time_.page) < leaving;
  ++time_.page;
  const std::uint32_t session = time_.session;
  if (leaves || odds.session_ends || time_.page >= options_->pages) come_back_later(random, odds);
  if (over_) return;
  if (dynamics_ != nullptr) dynamics_->pass_time(time_.timestamp, condition_);
  if (time_.session != session) begin_session();
  if (dynamics_ != nullptr) renew_latents();
  if (time_.timestamp >= available_->until) find_candidates();
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

/// Tastes as they are now decide what is searched for.
void UserStory::begin_session() {
  if (world_->search == nullptr) return;
  const Latents& born = arrival_->latents;
  search_ = world_->search->begin(arrival_->who.key, time_.session,
                                  dynamics_ != nullptr ? condition_.taste : born.utilities(LatentKey()));
  if (dynamics_ == nullptr && !search_) now_.reset();
  if (search_) renew_latents();
}

void UserStory::renew_latents() {
  if (!search_) {
    now_.emplace(LatentKey(), condition_.group, condition_.state, condition_.utilities());
    return;
  }
  const Latents& born = arrival_->latents;
  const std::span<const double> taste = dynamics_ != nullptr ? condition_.taste : born.utilities(LatentKey());
  const std::span<const double> state = dynamics_ != nullptr ? condition_.state : born.state(LatentKey());
  std::vector<double> utilities(taste.begin(), taste.end());
  world_->search->tilt(search_->intent, utilities);
  for (std::size_t i = 0; i < condition_.satiation.size(); ++i) utilities[i] -= condition_.satiation[i];
  now_.emplace(LatentKey(), born.group(LatentKey()), std::vector<double>(state.begin(), state.end()),
               std::move(utilities));
}

}  // namespace coldframe
