#include "framework/simulation/detail/outcome_tree.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace coldframe::detail {
namespace {

void extend(std::span<const ItemId> candidates, std::size_t size, std::vector<ItemId>& page,
            const std::function<void(std::span<const ItemId>)>& visit) {
  if (page.size() == size) return visit(page);
  for (const ItemId item : candidates) {
    if (std::ranges::find(page, item) != page.end()) continue;
    page.push_back(item);
    extend(candidates, size, page, visit);
    page.pop_back();
  }
}

std::vector<double> shown(const Situation& at, std::span<const ItemId> page) {
  std::vector<double> utilities;
  for (const ItemId item : page) utilities.push_back(at.utilities[item.value()]);
  return utilities;
}

/// Everything that decides what comes next, bit by bit.
std::string key_of(const Situation& at) {
  std::string key;
  const auto add = [&](const auto& value) { key.append(reinterpret_cast<const char*>(&value), sizeof value); };
  add(at.time.page);
  add(at.time.timestamp);
  for (const ItemId item : at.candidates) add(item.value());
  const UserCondition& user = at.condition;
  for (const std::vector<double>* numbers : {&user.state, &at.utilities, &user.taste, &user.satiation}) {
    add(numbers->size());
    for (const double number : *numbers) add(number);
  }
  for (const double number : {user.satisfaction, user.session_seconds, user.session_budget_seconds}) add(number);
  add(user.session_pages);
  return key;
}

}  // namespace

void for_each_page(std::span<const ItemId> candidates, std::size_t size,
                   const std::function<void(std::span<const ItemId>)>& visit) {
  std::vector<ItemId> page;
  extend(candidates, size, page, visit);
}

Situation OutcomeTree::at(const PolicyRequest& request, std::uint32_t group, std::span<const double> state,
                          std::span<const double> utilities) const {
  Situation user;
  user.time = request.time;
  user.candidates.assign(request.candidates.begin(), request.candidates.end());
  user.utilities.assign(utilities.begin(), utilities.end());
  if (!changing()) return user;
  const UserDynamics& dynamics = *world_->dynamics;
  const std::vector<ShownSlate>& pages = request.history->shown;
  // What follows from the history alone; the state is known, and tastes follow from it.
  user.condition = dynamics.begin(group, {}, {}, pages.empty() ? request.time.timestamp : pages.front().time.timestamp);
  for (const ShownSlate& page : pages) {
    dynamics.pass_time(page.time.timestamp, user.condition);
    const auto clicks = static_cast<std::size_t>(std::ranges::count(page.clicks, std::uint8_t{1}));
    dynamics.after_page({page, dynamics.page_seconds(world_->options->page_seconds, clicks)}, user.condition);
  }
  dynamics.pass_time(request.time.timestamp, user.condition);
  user.condition.state.assign(state.begin(), state.end());
  user.condition.taste.resize(utilities.size());
  world_->taste->utilities(group, state, user.condition.taste);
  return user;
}

std::size_t OutcomeTree::page_size(const Situation& at) const {
  return std::min(static_cast<std::size_t>(world_->options->slate_size), at.candidates.size());
}

double OutcomeTree::expected_clicks(const Situation& at, std::span<const ItemId> page) const {
  return expected_reward(*world_->user_model, shown(at, page));
}

/// What the page did to the user, and whether they are there for the next one.
void OutcomeTree::live(const ShownSlate& page, Situation& user, double& stays) const {
  const SimulationOptions& options = *world_->options;
  const auto clicks = static_cast<std::size_t>(std::ranges::count(page.clicks, std::uint8_t{1}));
  const double seconds =
      world_->dynamics == nullptr ? options.page_seconds : world_->dynamics->page_seconds(options.page_seconds, clicks);
  StepOdds odds;
  if (changing()) {
    world_->dynamics->after_page({page, seconds}, user.condition);
    odds = world_->dynamics->weigh(user.condition);
  }
  user.time.timestamp += static_cast<std::int64_t>(seconds);
  ++user.time.page;
  if (changing()) {
    world_->dynamics->pass_time(user.time.timestamp, user.condition);
    user.utilities = user.condition.utilities();
  }
  if (options.clicked_items == "leave") {
    for (std::size_t k = 0; k < page.items.size(); ++k) {
      if (page.clicks[k] != 0) std::erase(user.candidates, page.items[k]);
    }
  }
  const bool ends = odds.session_ends || user.time.page >= options.pages || user.candidates.empty();
  stays = ends ? 0.0 : 1.0 - shifted_probability(options.leave_probability, odds.leave_log_odds);
}

std::vector<NextSituation> OutcomeTree::after(const Situation& at, std::span<const ItemId> page) const {
  std::vector<NextSituation> next;
  const std::vector<double> utilities = shown(at, page);
  for (std::size_t bits = 0; bits < std::size_t{1} << page.size(); ++bits) {
    NextSituation outcome;
    for (std::size_t k = 0; k < page.size(); ++k) outcome.clicks.push_back(bits >> k & 1);
    outcome.probability = std::exp(world_->user_model->log_likelihood(utilities, outcome.clicks));
    if (outcome.probability == 0) continue;
    outcome.situation = at;
    const ShownSlate shown{
        at.time, {page.begin(), page.end()}, {outcome.clicks.begin(), outcome.clicks.end()}, nullptr};
    double stays = 0;
    live(shown, outcome.situation, stays);
    outcome.probability *= stays;
    if (outcome.probability > 0) next.push_back(std::move(outcome));
  }
  return next;
}

double OutcomeTree::best_total(const Situation& at) {
  std::string key = key_of(at);
  const auto met = totals_.find(key);
  if (met != totals_.end()) return met->second;
  const double total = best(at).total;
  totals_.emplace(std::move(key), total);
  return total;
}

OutcomeTree::Plan OutcomeTree::best(const Situation& at) {
  Plan plan;
  const bool last = at.time.page + 1 >= world_->options->pages;
  for_each_page(at.candidates, page_size(at), [&](std::span<const ItemId> page) {
    double total = expected_clicks(at, page);
    if (!last) {
      for (const NextSituation& next : after(at, page)) total += next.probability * best_total(next.situation);
    }
    if (!plan.page.empty() && total <= plan.total) return;
    plan.total = total;
    plan.page.assign(page.begin(), page.end());
  });
  return plan;
}

}  // namespace coldframe::detail
