#include "framework/simulation/judged_log.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/simulation/detail/logged_users.h"
#include "framework/simulation/detail/taste_posterior.h"
#include "framework/simulation/log_replay.h"
#include "framework/simulation/realism.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

/// Likes of a user that are older than a point in time.
std::vector<ItemId> likes_before(const Likes& likes, UserId user, std::int64_t timestamp) {
  const std::span<const ItemId> items = likes.of(user);
  const std::span<const std::int64_t> times = likes.times_of(user);
  std::vector<ItemId> before;
  for (std::size_t k = 0; k < times.size() && times[k] < timestamp; ++k) before.push_back(items[k]);
  return before;
}

void add_pages(const detail::LoggedUser& user, JudgedLog& log) {
  std::uint32_t session = 0;
  for (std::size_t p = 0; p < user.pages.size(); ++p) {
    const detail::LoggedPage& page = user.pages[p];
    const bool new_session = p > 0 && (page.time.session != user.pages[p - 1].time.session ||
                                       page.time.period != user.pages[p - 1].time.period);
    if (new_session) ++session;
    if (page.query != nullptr) {
      ++log.search_pages;
      continue;
    }
    log.pages.push_back({user.key, static_cast<std::uint32_t>(p), session, page.items, {{}, page.clicks}});
  }
}

double expected_utility(const detail::Knowledge& known, std::span<const float> weights, ItemId item) {
  const std::vector<float> utilities = known.utilities(item);
  double sum = 0;
  for (std::size_t m = 0; m < utilities.size(); ++m) sum += weights[m] * std::exp(static_cast<double>(utilities[m]));
  return std::log(sum);
}

}  // namespace

JudgedLog read_judged_log(const Dataset& data, const Likes& likes, const ImpressionLog& log,
                          const std::function<bool(UserId)>& leave_out) {
  const std::vector<Query> queries = logged_queries(log);
  const detail::LoggedUsers read = detail::read_logged_users(data, log, queries, leave_out);
  JudgedLog judged;
  judged.users_left_out = read.left_out;
  for (const detail::LoggedUser& user : read.users) {
    JudgedUser row{user.user, user.key, likes_before(likes, user.user, user.pages.front().time.timestamp), 0, 0};
    row.first_page = judged.pages.size();
    add_pages(user, judged);
    row.pages = judged.pages.size() - row.first_page;
    if (row.pages > 0) judged.users.push_back(std::move(row));
  }
  return judged;
}

std::vector<JudgedPage> with_utilities(std::vector<JudgedPage> pages, const PageUtilities& utilities) {
  for (std::size_t p = 0; p < pages.size(); ++p) pages[p].seen.utilities = utilities[p];
  return pages;
}

PageUtilities popularity_utilities(const JudgedLog& log, const std::vector<std::uint32_t>& likes) {
  const auto items = static_cast<double>(likes.size());
  const double total = std::accumulate(likes.begin(), likes.end(), 0.0) + items;
  PageUtilities out;
  for (const JudgedPage& page : log.pages) {
    out.emplace_back();
    for (const ItemId item : page.items) out.back().push_back(std::log(items * (likes[item.value()] + 1.0) / total));
  }
  return out;
}

PageUtilities world_utilities(const JudgedLog& log, const Dataset& data, const Newcomers& newcomers,
                              const WorldUtilityOptions& options) {
  const std::unique_ptr<UserModel> model = make_user_model(SimulationOptions{}, {});
  const detail::TastePosterior posterior(newcomers, *model, {.draws = options.draws, .seed = options.seed});
  const AttributeLaw& law = newcomers.population().observables.law;
  const auto meant = [&](ItemId item) { return options.stands_for.empty() ? item : options.stands_for[item.value()]; };
  PageUtilities out(log.pages.size());
  tbb::parallel_for(std::size_t{0}, log.users.size(), [&](std::size_t u) {
    const JudgedUser& user = log.users[u];
    Profile profile;
    profile.attributes.levels = law.levels_of(data, user.id);
    History history;
    for (const ItemId item : user.likes_before) history.likes.push_back(meant(item));
    history.given_likes = history.likes.size();
    PolicyRequest request;
    request.user = user.key;
    request.profile = &profile;
    request.history = &history;
    const detail::Knowledge known = posterior.after(request);
    const std::vector<float> weights = known.weights();
    for (std::size_t p = user.first_page; p < user.first_page + user.pages; ++p) {
      for (const ItemId item : log.pages[p].items) out[p].push_back(expected_utility(known, weights, meant(item)));
    }
  });
  return out;
}

std::string missing_attribute(const AttributeLaw& law, const Dataset& data) {
  for (const AttributeField& field : law.fields()) {
    const bool there = std::ranges::any_of(data.users.columns,
                                           [&](const AttributeColumn& column) { return column.name == field.name; });
    if (!there) return field.name;
  }
  return {};
}

std::vector<ItemId> renamed_as(const Population& population) {
  std::vector<std::uint32_t> all(population.item_ids.size());
  std::iota(all.begin(), all.end(), 0u);
  const WorldData everything{all.size(), 1, 0, {{0, 0, 1, {}, all}}};
  const std::vector<std::uint32_t> names = renamed_twins(population, everything).users.front().likes;
  std::vector<ItemId> as(all.size(), ItemId(0));
  for (std::uint32_t item = 0; item < names.size(); ++item) as[names[item]] = ItemId(item);
  return as;
}

}  // namespace coldframe
