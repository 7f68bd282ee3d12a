#include "framework/simulation/log_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/detail/logged_story.h"
#include "framework/simulation/detail/logged_users.h"
#include "framework/simulation/detail/parallel_blocks.h"
#include "framework/simulation/replay_log.h"

namespace coldframe {
namespace {

using detail::LoggedPage;
using detail::LoggedStory;
using detail::LoggedUser;

constexpr std::size_t k_block_users = 64;

void append(LoggedPages& all, const LoggedPages& more) {
  const std::size_t rows = all.reward.size();
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  add(all.user, more.user);
  for (const std::size_t end : more.end) all.end.push_back(rows + end);
  add(all.reward, more.reward);
  add(all.log_logging, more.log_logging);
  add(all.log_evaluation, more.log_evaluation);
  add(all.log_logging_marginal, more.log_logging_marginal);
  add(all.log_evaluation_marginal, more.log_evaluation_marginal);
  add(all.model_shown, more.model_shown);
  add(all.model_policy, more.model_policy);
  all.sold_places = all.sold_places || more.sold_places;
}

/// Everything about a page that does not depend on the policy.
void add_page(const LoggedUser& user, const LoggedPage& page, const CrossFittedRewardModel& model, LoggedPages& out) {
  const auto add = [&page](std::vector<double>& to, const auto& column) {
    for (const std::size_t place : page.own) to.push_back(column[place]);
  };
  out.user.push_back(user.key);
  add(out.reward, page.clicks);
  out.end.push_back(out.reward.size());
  add(out.log_logging, page.log_propensity);
  const std::vector<double> none(page.items.size(), std::numeric_limits<double>::quiet_NaN());
  add(out.log_logging_marginal, page.log_marginal.empty() ? none : page.log_marginal);
  out.model_shown.push_back(model.predict(user.key, page.at_own(page.items)));
  if (page.own.size() < page.items.size()) out.sold_places = true;
}

void add_weights(const Slate& slate, LoggedPages& out) {
  out.log_evaluation.insert(out.log_evaluation.end(), slate.position_log_propensity.begin(),
                            slate.position_log_propensity.end());
  const std::vector<double> none(slate.items.size(), std::numeric_limits<double>::quiet_NaN());
  const std::vector<double>& marginal = slate.position_log_marginal.empty() ? none : slate.position_log_marginal;
  out.log_evaluation_marginal.insert(out.log_evaluation_marginal.end(), marginal.begin(), marginal.end());
}

}  // namespace

UserKey logged_user_key(const Dataset& log, UserId user) {
  const auto number = simulated_user_number(log.users.ids[user.value()]);
  return number ? UserKey(*number) : log.user_key(user);
}

std::vector<Query> logged_queries(const ImpressionLog& log) {
  std::vector<Query> queries;
  for (std::uint32_t q = 1; q < log.queries.size(); ++q) queries.push_back({q - 1, log.queries[q]});
  return queries;
}

struct LogReplay::Parts {
  const Dataset& data;
  const Likes& likes;
  const ImpressionLog& log;
  const Catalogue& catalogue;
  LogReplayOptions options;
  std::vector<Query> queries;
  std::vector<LoggedUser> users;
  std::size_t pages = 0;
  std::size_t left_out = 0;
  CrossFittedRewardModel model;

  /// Page after page of a block of users, all users' next pages at once.
  LoggedPages weigh_block(std::size_t first, std::size_t end, const Policy& policy) const;
};

LogReplay::LogReplay(const Dataset& data, const Likes& likes, const ImpressionLog& log, const Catalogue& catalogue,
                     LogReplayOptions options)
    : parts_(new Parts{
          data, likes, log, catalogue, std::move(options), logged_queries(log), {}, 0, 0, {data.items.size()}}) {
  detail::LoggedUsers read = detail::read_logged_users(data, log, parts_->queries, parts_->options.leave_out);
  parts_->users = std::move(read.users);
  parts_->pages = read.pages;
  parts_->left_out = read.left_out;
  for (const LoggedUser& user : parts_->users) {
    for (const LoggedPage& page : user.pages) {
      const std::vector<std::uint8_t> clicks = page.at_own(page.clicks);
      parts_->model.add(user.key, page.at_own(page.items), std::vector<double>(clicks.begin(), clicks.end()));
    }
  }
  parts_->model.finish();
}

LogReplay::~LogReplay() = default;

std::size_t LogReplay::pages() const { return parts_->pages; }
std::size_t LogReplay::users() const { return parts_->users.size(); }
std::size_t LogReplay::users_left_out() const { return parts_->left_out; }
bool LogReplay::sold_places() const {
  const std::vector<double>& prices = parts_->log.price;
  return std::ranges::any_of(prices, [](double price) { return price > 0; });
}

LoggedPages LogReplay::Parts::weigh_block(std::size_t first, std::size_t end, const Policy& policy) const {
  std::vector<LoggedStory> stories;
  for (std::size_t u = first; u < end; ++u) stories.emplace_back(users[u], data, likes, catalogue, log.clicked_stay);
  std::vector<std::vector<Slate>> shown(stories.size());
  std::vector<std::vector<double>> drawn(stories.size());
  std::vector<std::size_t> active;
  std::vector<PolicyRequest> requests;
  while (true) {
    active.clear();
    requests.clear();
    for (std::size_t s = 0; s < stories.size(); ++s) {
      if (stories[s].over()) continue;
      active.push_back(s);
      requests.push_back(stories[s].request());
    }
    if (active.empty()) break;
    std::vector<Slate> logged(active.size()), own(active.size());
    for (std::size_t a = 0; a < active.size(); ++a) {
      const LoggedPage& page = stories[active[a]].page();
      logged[a].items = page.at_own(page.items);
    }
    policy.weigh(requests, logged);
    policy.rank(requests, own);
    for (std::size_t a = 0; a < active.size(); ++a) {
      const std::size_t s = active[a];
      drawn[s].push_back(model.predict(users[first + s].key, own[a].items));
      shown[s].push_back(std::move(logged[a]));
      stories[s].turn_page();
    }
  }
  LoggedPages out;
  for (std::size_t s = 0; s < stories.size(); ++s) {
    const LoggedUser& user = users[first + s];
    for (std::size_t p = 0; p < user.pages.size(); ++p) {
      add_page(user, user.pages[p], model, out);
      add_weights(shown[s][p], out);
      out.model_policy.push_back(drawn[s][p]);
    }
  }
  return out;
}

LoggedPages LogReplay::weigh(const Policy& policy, const std::function<void(std::size_t)>& done) const {
  const std::size_t blocks = (users() + k_block_users - 1) / k_block_users;
  std::vector<LoggedPages> parts(blocks);
  std::atomic<std::size_t> so_far = 0;
  const auto run_block = [&](std::size_t block) {
    const std::size_t first = block * k_block_users;
    parts[block] = parts_->weigh_block(first, std::min(first + k_block_users, users()), policy);
    const std::size_t total = so_far.fetch_add(parts[block].pages()) + parts[block].pages();
    if (done) done(total);
  };
  detail::parallel_blocks(blocks, parts_->options.threads, run_block);
  LoggedPages all;
  for (const LoggedPages& part : parts) append(all, part);
  return all;
}

LoggedPages LogReplay::own() const {
  LoggedPages out;
  for (const LoggedUser& user : parts_->users) {
    for (const LoggedPage& page : user.pages) {
      add_page(user, page, parts_->model, out);
      out.model_policy.push_back(out.model_shown.back());
    }
  }
  out.log_evaluation = out.log_logging;
  out.log_evaluation_marginal = out.log_logging_marginal;
  return out;
}

}  // namespace coldframe
