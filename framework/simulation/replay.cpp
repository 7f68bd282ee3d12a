#include "framework/simulation/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/row_batch.h"
#include "framework/simulation/detail/log_sample.h"
#include "framework/simulation/detail/parallel_blocks.h"
#include "framework/simulation/detail/user_story.h"

namespace coldframe {
namespace {

/// What is digested of pages: rows of one length wait for each other, because together they are hashed faster.
class WaitingRows {
 public:
  void add(const PageRow& row, std::int64_t expected) {
    const std::size_t size = size_of(row);
    if (size != row_bytes_ || waiting_ == k_most_waiting) digest();
    if (size != row_bytes_) bytes_.resize(k_most_waiting * size);
    row_bytes_ = size;
    write(row, expected, bytes_.data() + waiting_++ * size);
  }

  RowDigest finish() {
    digest();
    return digest_;
  }

 private:
  static constexpr std::size_t k_most_waiting = 64;

  static std::size_t size_of(const PageRow& row) {
    const std::size_t item = sizeof(std::uint32_t) + 1 + (row.position_log_propensity.empty() ? 0 : sizeof(double));
    const std::size_t scene =
        (row.query == k_no_query ? 0 : sizeof(row.query)) + row.prices.size() * sizeof(row.prices[0]);
    return 3 * sizeof(std::uint64_t) + 4 * sizeof(std::uint32_t) + row.items.size() * item + scene;
  }

  template <class T>
  static void put(char*& at, const T& value) {
    std::memcpy(at, &value, sizeof(T));
    at += sizeof(T);
  }

  static void write(const PageRow& row, std::int64_t expected, char* at) {
    put(at, row.user);
    put(at, row.profile);
    put(at, row.period);
    put(at, row.session);
    put(at, row.page);
    put(at, row.timestamp);
    put(at, expected);
    const bool propensities = !row.position_log_propensity.empty();
    for (std::size_t k = 0; k < row.items.size(); ++k) {
      put(at, row.items[k].value());
      put(at, row.clicks[k]);
      if (propensities) put(at, row.position_log_propensity[k]);
    }
    if (row.query != k_no_query) put(at, row.query);
    for (const double price : row.prices) put(at, price);
  }

  void digest() {
    if (waiting_ > 0) digest_.merge(digest_rows({bytes_.data(), waiting_ * row_bytes_}, row_bytes_));
    waiting_ = 0;
  }

  std::vector<char> bytes_;
  std::size_t row_bytes_ = 0;  // of each
  std::size_t waiting_ = 0;
  RowDigest digest_;
};

/// Rows of users beside UserRow, each empty unless it is asked for.
struct UserScenes {
  std::vector<UserSearches> searches;
  std::vector<UserAds> ads;
};

/// Outcome of one policy on one block, filled page by page.
class Ledger {
 public:
  Ledger(const std::string& policy, std::size_t items, const detail::LogSample& sample) : sample_(sample) {
    outcome_.policy = policy;
    outcome_.shown.assign(items, 0);
  }

  void add(const PageRow& row, std::size_t step, UserRow& user) {
    const auto clicks = static_cast<std::uint64_t>(std::count(row.clicks.begin(), row.clicks.end(), 1));
    const std::int64_t expected = FixedSum::to_fixed(row.expected);
    user.pages += 1;
    user.clicks += static_cast<std::uint32_t>(clicks);
    user.expected += expected;
    if (outcome_.pages_by_step.size() <= step) {
      outcome_.pages_by_step.resize(step + 1);
      outcome_.clicks_by_step.resize(step + 1);
      outcome_.expected_by_step.resize(step + 1);
    }
    outcome_.pages_by_step[step] += 1;
    outcome_.clicks_by_step[step] += clicks;
    outcome_.expected_by_step[step].add_raw(expected);
    outcome_.pages += 1;
    outcome_.clicks += clicks;
    outcome_.expected.add_raw(expected);
    for (const ItemId item : row.items) outcome_.shown[item.value()] += 1;
    rows_.add(row, expected);
    if (sample_.holds(row.user)) outcome_.log.push_back(row);
  }

  void add(std::span<const Answer> answers) {
    for (const Answer& answer : answers) outcome_.answers[static_cast<std::size_t>(answer.kind)] += 1;
  }

  void add_new_items(const Catalogue& catalogue, const LivedStep& lived) {
    for (std::size_t k = 0; k < lived.row.items.size(); ++k) {
      if (!catalogue.is_new(lived.row.items[k])) continue;
      outcome_.new_items.shown += 1;
      outcome_.new_item_impressions.push_back({lived.row.items[k].value(), lived.row.timestamp});
      outcome_.new_items.clicks += lived.row.clicks[k];
      outcome_.new_items.expected.add(lived.expected[k]);
    }
  }

  void add_search(const PageRow& row, UserSearches& user) {
    const auto clicks = static_cast<std::uint64_t>(std::count(row.clicks.begin(), row.clicks.end(), 1));
    const std::int64_t expected = FixedSum::to_fixed(row.expected);
    user.pages += 1;
    user.clicks += static_cast<std::uint32_t>(clicks);
    user.expected += expected;
    outcome_.search.pages += 1;
    outcome_.search.clicks += clicks;
    outcome_.search.expected.add_raw(expected);
  }

  void add_ads(const LivedStep& lived, UserAds& user) {
    const PageRow& row = lived.row;
    if (outcome_.places.size() < row.items.size()) outcome_.places.resize(row.items.size());
    const std::int64_t relevance = FixedSum::to_fixed(lived.relevance);
    user.relevance += relevance;
    outcome_.relevance.add_raw(relevance);
    for (std::size_t k = 0; k < row.items.size(); ++k) {
      PlaceCounts& place = outcome_.places[k];
      const std::int64_t expected = FixedSum::to_fixed(lived.expected[k]);
      place.shown += 1;
      place.clicks += row.clicks[k];
      place.expected.add_raw(expected);
      const double price = row.prices.empty() ? 0.0 : row.prices[k];
      if (price == 0) {
        user.organic += expected;
        continue;
      }
      const std::int64_t revenue = row.clicks[k] == 0 ? 0 : FixedSum::to_fixed(price);
      const std::int64_t expected_revenue = FixedSum::to_fixed(price * lived.expected[k]);
      place.ads += 1;
      place.ad_clicks += row.clicks[k];
      place.ad_expected.add_raw(expected);
      place.revenue.add_raw(revenue);
      place.expected_revenue.add_raw(expected_revenue);
      user.revenue += revenue;
      user.expected_revenue += expected_revenue;
    }
  }

  PolicyOutcome finish(std::vector<UserRow> users, UserScenes scenes) {
    outcome_.digest = rows_.finish();
    keep_first_impressions(outcome_.new_item_impressions);
    outcome_.user_count = users.size();
    outcome_.users = std::move(users);
    outcome_.searches = std::move(scenes.searches);
    outcome_.ads = std::move(scenes.ads);
    // Users of a block take turns; the log is told user by user.
    std::stable_sort(outcome_.log.begin(), outcome_.log.end(),
                     [](const PageRow& a, const PageRow& b) { return a.user < b.user; });
    return std::move(outcome_);
  }

 private:
  const detail::LogSample& sample_;
  PolicyOutcome outcome_;
  WaitingRows rows_;
};

void rank(const Contestant& contestant, std::span<const PolicyRequest> requests,
          std::span<const Latents* const> latents, std::span<Slate> slates) {
  if (contestant.policy != nullptr) {
    contestant.policy->rank(requests, slates);
  } else {
    contestant.oracle->rank(requests, latents, slates);
  }
}

/// So many empty slates, in the memory of those before.
void empty(std::size_t count, std::vector<Slate>& slates) {
  slates.resize(count);
  for (Slate& slate : slates) {
    slate.items.clear();
    slate.position_log_propensity.clear();
    slate.position_log_marginal.clear();
    slate.prices.clear();
    slate.log_propensity = 0;
  }
}

PolicyOutcome replay_block(const ReplayWorld& world, const SimulationOptions& options, const Contestant& contestant,
                           const std::vector<Arrival>& arrivals, const detail::LogSample& sample, StoryMemory& memory) {
  const SimulationRandom random(static_cast<std::uint64_t>(options.seed));
  Ledger ledger(contestant.name(), world.catalogue->size(), sample);
  std::vector<UserStory> stories;
  stories.reserve(arrivals.size());
  std::vector<UserRow> users(arrivals.size());
  UserScenes scenes;
  if (world.search != nullptr) scenes.searches.resize(arrivals.size());
  if (world.ads != nullptr) scenes.ads.resize(arrivals.size());
  for (std::size_t u = 0; u < arrivals.size(); ++u) {
    stories.emplace_back(world, options, arrivals[u], memory);
    users[u].user = arrivals[u].who.number;
    if (world.search != nullptr) scenes.searches[u].user = users[u].user;
    if (world.ads != nullptr) scenes.ads[u].user = users[u].user;
    if (contestant.interview != nullptr) ledger.add(stories[u].answer(*contestant.interview));
  }
  std::vector<std::size_t> active;
  std::vector<PolicyRequest> requests;
  std::vector<const Latents*> latents;
  std::vector<Slate> slates;
  LivedStep lived;
  while (true) {
    active.clear();
    requests.clear();
    latents.clear();
    for (std::size_t u = 0; u < stories.size(); ++u) {
      if (stories[u].over()) continue;
      active.push_back(u);
      requests.push_back(stories[u].request());
      latents.push_back(&stories[u].latents());
    }
    if (active.empty()) break;
    empty(active.size(), slates);
    rank(contestant, requests, latents, slates);
    for (std::size_t a = 0; a < active.size(); ++a) {
      stories[active[a]].show(random, slates[a], sample.keep(), lived);
      ledger.add(lived.row, lived.step, users[active[a]]);
      if (world.catalogue->any_new()) ledger.add_new_items(*world.catalogue, lived);
      if (lived.row.query != k_no_query) ledger.add_search(lived.row, scenes.searches[active[a]]);
      if (world.ads != nullptr) ledger.add_ads(lived, scenes.ads[active[a]]);
    }
  }
  return ledger.finish(std::move(users), std::move(scenes));
}

void check(const ReplayWorld& world, std::span<const Contestant> contestants, const SimulationOptions& options,
           const ReplayRequest& request) {
  if (request.begin > request.end) {
    throw ConfigError(fmt::format("users {}..{}", request.begin, request.end), "the range ends before it begins");
  }
  for (std::size_t a = 0; a < contestants.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      if (contestants[a].name() != contestants[b].name()) continue;
      throw ConfigError(fmt::format("two policies are named '{}'", contestants[a].name()),
                        "results are told apart by name", "name each differently");
    }
  }
  if (world.catalogue->size() != world.newcomers->taste().item_count()) {
    throw DataError(fmt::format("catalogue of {} items", world.catalogue->size()),
                    fmt::format("the world has {}", world.newcomers->taste().item_count()),
                    "use the data set the population was made from");
  }
  if (world.search != nullptr && world.search->items() != world.catalogue->size()) {
    throw DataError(fmt::format("catalogue of {} items", world.catalogue->size()),
                    fmt::format("queries ask for values of {} items", world.search->items()), "use one data set");
  }
  if (options.slate_size < 1 || static_cast<std::size_t>(options.slate_size) > world.catalogue->size()) {
    throw ConfigError(fmt::format("simulation.slate_size = {}", options.slate_size),
                      fmt::format("the catalogue has {} items", world.catalogue->size()),
                      fmt::format("use 1 to {}", world.catalogue->size()));
  }
  if (options.pages < 1 || options.pages >= SimulationRandom::k_pages || options.sessions < 1 ||
      options.sessions >= SimulationRandom::k_sessions) {
    throw ConfigError(
        fmt::format("simulation.pages = {}, simulation.sessions = {}", options.pages, options.sessions),
        "they do not fit the random-number counters",
        fmt::format("keep them from 1 to {} and {}", SimulationRandom::k_pages - 1, SimulationRandom::k_sessions - 1));
  }
}

/// Puts blocks that end in any order one behind the other; what cannot be placed yet waits.
class Prefix {
 public:
  Prefix(const ReplayRequest& request, ReplayResult& whole) : request_(request), whole_(whole) {}

  void add(std::size_t block, ReplayResult part) {
    const std::scoped_lock lock(mutex_);
    waiting_.emplace(block, std::move(part));
    for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next_; at = waiting_.erase(at), ++next_) {
      if (request_.take) {
        whole_.end = at->second.end;
        request_.take(std::move(at->second));
      } else {
        whole_.merge(std::move(at->second));
      }
    }
  }

 private:
  const ReplayRequest& request_;
  ReplayResult& whole_;
  std::mutex mutex_;
  std::map<std::size_t, ReplayResult> waiting_;
  std::size_t next_ = 0;
};

}  // namespace

ReplayResult replay(const ReplayWorld& world, std::span<const Contestant> contestants, const SimulationOptions& options,
                    const ReplayRequest& request) {
  check(world, contestants, options, request);
  const auto block_users = static_cast<std::uint64_t>(options.block_users);
  const auto blocks = static_cast<std::size_t>((request.end - request.begin + block_users - 1) / block_users);
  ReplayResult result{request.begin, request.begin, {}};
  Prefix prefix(request, result);
  std::atomic<std::uint64_t> done = 0;
  const SimulationRandom births(world.newcomers->population().seed);
  const detail::LogSample sample(request.log, options);

  const auto run_block = [&](std::size_t block) {
    ReplayResult part;
    part.begin = request.begin + block * block_users;
    part.end = std::min(part.begin + block_users, request.end);
    const std::vector<Arrival> arrivals = UserStory::arrive(world, options, births, part.begin, part.end);
    StoryMemory memory(*world.catalogue);
    for (const Contestant& contestant : contestants) {
      part.policies.push_back(replay_block(world, options, contestant, arrivals, sample, memory));
      memory.pages.release();
    }
    prefix.add(block, std::move(part));
    const std::uint64_t total = done.fetch_add(arrivals.size()) + arrivals.size();
    if (request.progress) request.progress(total);
  };

  detail::parallel_blocks(blocks, options.threads, run_block, request.stop);

  if (result.policies.empty()) {
    for (const Contestant& contestant : contestants) {
      result.policies.emplace_back().policy = contestant.name();
    }
  }
  return result;
}

}  // namespace coldframe
