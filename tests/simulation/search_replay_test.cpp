// Sessions that begin with a query, lived and logged.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/detail/taste_posterior.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/informed_questions.h"
#include "framework/simulation/log_replay.h"
#include "framework/simulation/match_policy.h"
#include "framework/simulation/replay.h"
#include "framework/simulation/replay_log.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 24;

/// Every item has one or two of four kinds but the last ones, which have none.
Dataset films() {
  Dataset data = invented_dataset(10, k_items, 1);
  AttributeColumn kind{"kind", AttributeKind::multi, {}, {}, {}};
  constexpr const char* names[] = {"Comedy", "Drama", "Western", "Horror"};
  for (std::size_t i = 0; i < k_items; ++i) {
    kind.values.emplace_back();
    if (i + 3 >= k_items) continue;
    kind.values.back() = {names[i % 4]};
    if (i % 3 == 0) kind.values.back().push_back(names[(i + 1) % 4]);
  }
  data.items.columns.push_back(kind);
  return data;
}

class SearchReplayTest : public ::testing::Test {
 protected:
  SearchReplayTest()
      : source_(films()),
        population_(small_population(k_items, 2, 1.5)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(source_),
        popularity_("popularity", counts(), catalogue_.ties(1)),
        match_("match_popularity", counts(), read_intents(source_.items, "kind", 1, "kind"), catalogue_.ties(1)),
        random_("random", 3, catalogue_) {
    options_.slate_size = 4;
    options_.pages = 3;
    options_.sessions = 3;
    options_.leave_probability = 0.2;
    options_.given_likes = 1;
    options_.block_users = 16;
    options_.threads = 2;
    search_.share = 0.5;
    search_.attribute = "kind";
    search_.minimum_items = 1;
    search_.typo_share = 0.2;
  }

  std::vector<float> counts() const {
    return {population_.world_popularity.begin(), population_.world_popularity.end()};
  }
  SearchLaw law() const { return SearchLaw(search_, source_.items, 7); }

  ReplayResult run(const SearchLaw* law, std::uint64_t begin, std::uint64_t end, KeepLog keep = KeepLog::no) const {
    const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 1.5});
    const LatentOracle oracle("oracle", *model, catalogue_.ties(1));
    const UserDynamics dynamics(dynamics_, options_, newcomers_.taste());
    const InformedOracle informed("informed", newcomers_, *model, catalogue_.ties(1),
                                  {.draws = 96, .dynamics = &dynamics, .search = law});
    const std::vector<Contestant> contestants = {random_, popularity_, match_, oracle, informed};
    return replay({&newcomers_, &catalogue_, model.get(), &dynamics, law}, contestants, options_,
                  {begin, end, keep, {}});
  }

  Dataset source_;
  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  FixedScorePolicy popularity_;
  MatchPolicy match_;
  RandomPolicy random_;
  SimulationOptions options_;
  SearchOptions search_;
  DynamicsOptions dynamics_;
};

TEST_F(SearchReplayTest, same_bits_for_any_threads_blocks_and_splits) {
  for (const double drift : {0.0, 0.1}) {
    dynamics_.taste_drift = drift;
    dynamics_.satiation = 2 * drift;
    const SearchLaw searches = law();
    options_.threads = 1;
    const std::vector<std::byte> whole = pack(run(&searches, 10, 60, KeepLog::yes));
    options_.threads = 3;
    options_.block_users = 7;
    EXPECT_EQ(pack(run(&searches, 10, 60, KeepLog::yes)), whole);
    ReplayResult two = unpack_replay_result(pack(run(&searches, 37, 60, KeepLog::yes)));
    two.merge(run(&searches, 10, 37, KeepLog::yes));
    EXPECT_EQ(pack(two), whole);
  }
}

TEST_F(SearchReplayTest, without_gain_users_do_what_they_did_and_no_draw_moves) {
  search_.intent_gain = 0;
  const SearchLaw searches = law();
  const ReplayResult browsing = run(nullptr, 0, 60), searching = run(&searches, 0, 60);
  for (const std::size_t p : {0, 1, 3}) {  // those that do not read queries
    EXPECT_EQ(searching.policies[p].users, browsing.policies[p].users) << searching.policies[p].policy;
    EXPECT_GT(searching.policies[p].search.pages, 100u);
  }
  EXPECT_EQ(browsing.policies[0].search, SearchCounts{});
  EXPECT_TRUE(browsing.policies[0].searches.empty());
}

TEST_F(SearchReplayTest, clicks_follow_the_tilted_tastes_and_pages_are_counted_by_kind) {
  options_.given_likes = 0;
  const SearchLaw searches = law();
  const ReplayResult result = run(&searches, 0, 80, KeepLog::trace);
  for (const PolicyOutcome& outcome : result.policies) {
    SearchCounts counted;
    std::map<std::uint64_t, UserSearches> users;
    for (const PageRow& row : outcome.log) {
      const Newcomer who = newcomers_.newcomer(row.user);
      const Latents latents = newcomers_.latents(who);
      const std::span<const double> born = LatentsProbe::utilities(latents);
      const auto search = searches.begin(who.key, row.session, born);
      ASSERT_EQ(search.has_value(), row.query != k_no_query);
      double none = std::exp(1.5), all = 0, clicks = 0;
      // p(i | u, c) from the definition, the multinomial logit by hand.
      for (std::uint32_t i = 0; i < k_items; ++i) {
        all += std::exp(born[i]) * (search && searches.matches(search->intent, ItemId(i)) ? std::exp(3.0) : 1.0);
      }
      for (const ItemId item : row.items) {
        const bool match = search && searches.matches(search->intent, item);
        const double weight = search ? k_items * std::exp(born[item.value()]) * (match ? std::exp(3.0) : 1.0) / all
                                     : std::exp(born[item.value()]);
        clicks += weight;
        none += weight;
      }
      EXPECT_NEAR(row.expected, clicks / none, 1e-9);
      users[row.user].user = row.user;
      if (!search) continue;
      const auto clicked = static_cast<std::uint32_t>(std::count(row.clicks.begin(), row.clicks.end(), 1));
      counted.pages += 1;
      counted.clicks += clicked;
      counted.expected.add(row.expected);
      users[row.user].pages += 1;
      users[row.user].clicks += clicked;
      users[row.user].expected += FixedSum::to_fixed(row.expected);
    }
    EXPECT_EQ(outcome.search, counted) << outcome.policy;
    EXPECT_GT(counted.pages, 150u);
    EXPECT_LT(counted.pages, outcome.pages);
    for (const UserSearches& row : outcome.searches) EXPECT_EQ(row, users[row.user]);
  }
}

TEST_F(SearchReplayTest, reading_the_query_pays_and_nobody_beats_the_oracle) {
  search_.share = 1;
  search_.typo_share = 0;
  search_.intent_gain = 5;
  options_.sessions = 1;
  options_.pages = 1;
  const SearchLaw searches = law();
  for (const char* model : {"mnl", "pbm", "dbn"}) {
    options_.user_model = model;
    const ReplayResult result = run(&searches, 0, 300);
    const auto rate = [&](std::size_t p) { return result.policies[p].expected_rate(); };
    for (std::size_t p = 0; p < result.policies.size(); ++p) {
      for (std::size_t u = 0; u < 300; ++u) {
        EXPECT_LE(result.policies[p].users[u].expected, result.policies[3].users[u].expected + 8) << model;
      }
    }
    EXPECT_GT(rate(2), rate(1) + 0.1) << "match_popularity above popularity, " << model;
    EXPECT_GT(rate(4), rate(2)) << "the informed oracle above match_popularity, " << model;
  }
}

TEST_F(SearchReplayTest, the_posterior_reads_queries_as_bayes_would) {
  const SearchLaw searches = law();
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 1.5});
  const detail::TastePosterior posterior(newcomers_, *model, {.draws = 50, .search = &searches});
  const Newcomer who = newcomers_.newcomer(4);
  // A page of a first session about one thing, then a session about another.
  const Query &first = searches.queries()[0], &second = searches.queries()[2];
  const ShownSlate page{{0, 0, 0, 0}, {ItemId(0), ItemId(5)}, {0, 1}, &first};
  const History history{{ItemId(5)}, 0, {}, {page}};
  PolicyRequest request;
  request.user = who.key;
  request.profile = &newcomers_.profile(who);
  request.history = &history;
  request.query = &second;
  request.time.session = 1;
  const detail::Knowledge known = posterior.after(request);
  const std::uint32_t intents[] = {searches.meaning(first), searches.meaning(second)};
  std::vector<std::vector<float>> v(k_items, std::vector<float>(50));
  for (std::uint32_t i = 0; i < k_items; ++i) known.taste->item_utilities(*known.draws, ItemId(i), v[i]);
  for (std::size_t m = 0; m < 50; ++m) {
    double log_weight = 0, log_z[2];
    for (const int s : {0, 1}) {
      double match = 0, chosen = 0, any = 0, all = 0;
      for (std::uint32_t i = 0; i < k_items; ++i) {
        const double mass = std::exp(static_cast<double>(v[i][m]));
        const std::vector<std::string>& kinds = source_.items.find("kind")->values[i];
        const bool has = std::ranges::find(kinds, searches.intents()[intents[s]].value) != kinds.end();
        all += mass;
        any += kinds.empty() ? 0 : mass;
        match += has ? mass : 0;
        chosen += has ? mass / static_cast<double>(kinds.size()) : 0;
      }
      log_weight += std::log(chosen / any);
      log_z[s] = std::log1p(match / all * std::expm1(3.0));
    }
    const auto within = [&](std::uint32_t i, int s) {
      return static_cast<double>(v[i][m]) - log_z[s] + (searches.matches(intents[s], ItemId(i)) ? 3.0 : 0.0);
    };
    const double a = std::exp(within(0, 0)), b = std::exp(within(5, 0));
    log_weight += std::log(b / (std::exp(1.5) + a + b));
    EXPECT_NEAR(known.log_weights[m], log_weight, 2e-4);
    for (const std::uint32_t i : {1u, 9u, 23u}) EXPECT_NEAR(known.utilities(ItemId(i))[m], within(i, 1), 2e-4);
  }
  // Some of the draws keep what belongs to them.
  const detail::Knowledge few = detail::resampled(known, known.weights(), 7);
  ASSERT_EQ(few.draws->count, 7u);
  const std::vector<float> all_of_them = known.utilities(ItemId(9));
  for (const float utility : few.utilities(ItemId(9))) {
    EXPECT_TRUE(std::ranges::any_of(all_of_them, [&](float own) { return std::abs(own - utility) < 1e-5f; }));
  }
}

TEST_F(SearchReplayTest, the_posterior_is_right_on_average_for_whatever_is_asked) {
  search_.share = 1;
  options_.given_likes = 0;
  options_.sessions = 1;
  options_.pages = 1;
  const SearchLaw searches = law();
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 1.5});
  const detail::TastePosterior posterior(newcomers_, *model, {.draws = 2048, .search = &searches});
  const std::vector<Contestant> contestants = {popularity_};
  const ReplayResult result = replay({&newcomers_, &catalogue_, model.get(), nullptr, &searches}, contestants, options_,
                                     {0, 3000, KeepLog::yes, {}});
  struct Sums {
    double n = 0, difference = 0, squares = 0;
  };
  std::map<std::uint32_t, Sums> by_intent;
  const History nothing;
  const std::unique_ptr<PageBelief> belief = model->belief(2048);
  for (const PageRow& row : result.policies[0].log) {
    const Newcomer who = newcomers_.newcomer(row.user);
    PolicyRequest request;
    request.user = who.key;
    request.profile = &newcomers_.profile(who);
    request.history = &nothing;
    request.query = &searches.queries()[row.query];
    const detail::Knowledge known = posterior.after(request);
    const std::vector<float> weights = known.weights();
    belief->clear();
    double expected = 0;
    for (const ItemId item : row.items) {
      std::vector<float> column = known.utilities(item);
      belief->attractions(column, column);
      expected += belief->gain(column, weights);
      belief->append(column);
    }
    Sums& sums = by_intent[searches.meaning(*request.query)];
    sums.n += 1;
    sums.difference += row.expected - expected;
    sums.squares += (row.expected - expected) * (row.expected - expected);
  }
  ASSERT_EQ(by_intent.size(), 4u);
  for (const auto& [intent, sums] : by_intent) {
    const double mean = sums.difference / sums.n, spread = std::sqrt(sums.squares / sums.n - mean * mean);
    EXPECT_LT(std::abs(mean), 4 * spread / std::sqrt(sums.n) + 0.004) << searches.intents()[intent].value;
    EXPECT_GT(spread, 0.01);
  }
}

TEST_F(SearchReplayTest, who_is_asked_at_sign_up_speaks_of_tastes_and_not_of_the_search) {
  const AnswerLaw answers(std::vector<double>(k_items, 1.0), {1.0, 0.5}, 9);
  const auto inner = std::make_shared<FixedScorePolicy>("popularity", counts(), catalogue_.ties(1));
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 1.5});
  search_.share = 1;
  const SearchLaw searches = law();
  const auto gain =
      std::make_shared<InformedQuestions>(newcomers_, *model, catalogue_.ties(1),
                                          InformedOracleOptions{.draws = 64, .answers = &answers, .search = &searches});
  const OnboardedPolicy asking("asking", inner, {gain, 4, &answers});
  const std::vector<Contestant> contestants = {asking};
  const auto said = [&](const SearchLaw* law) {
    std::vector<Answer> all;
    const ReplayResult result = replay({&newcomers_, &catalogue_, model.get(), nullptr, law}, contestants, options_,
                                       {0, 30, KeepLog::trace, {}});
    for (const PageRow& row : result.policies[0].log) all.insert(all.end(), row.answers.begin(), row.answers.end());
    return all;
  };
  EXPECT_EQ(said(&searches), said(nullptr));
  EXPECT_GT(said(nullptr).size(), 100u);
}

TEST_F(SearchReplayTest, logs_bring_back_what_was_searched_for) {
  const SearchLaw searches = law();
  const ReplayResult result = run(&searches, 0, 60, KeepLog::yes);
  const PolicyOutcome& outcome = result.policies[2];  // match_popularity
  const SimulatedLog log =
      make_simulated_log(source_, population_, outcome, PolicyKind::deterministic, options_, searches.queries());
  ASSERT_EQ(log.impressions.query.size(), log.impressions.size());
  EXPECT_EQ(log.impressions.queries.front(), "");
  check_impressions(log.impressions, log.data.users.size(), k_items);
  const Catalogue catalogue(log.data);
  const Likes likes(log.data, {});
  const LogReplay again(log.data, likes, log.impressions, catalogue);
  // The policy that reads queries would show exactly these pages again, one that does not would not.
  std::size_t searched = 0, elsewhere = 0;
  for (const double p : again.weigh(match_).log_evaluation) EXPECT_EQ(p, 0.0);
  for (const double p : again.weigh(popularity_).log_evaluation) elsewhere += p != 0.0;
  for (const std::uint32_t query : log.impressions.query) searched += query > 0;
  EXPECT_GT(elsewhere, 100u);
  EXPECT_GT(searched, 300u);
  EXPECT_EQ(
      make_simulated_log(source_, population_, outcome, PolicyKind::deterministic, options_).impressions.queries.size(),
      0u)
      << "whoever gives no queries gets none";
}

TEST_F(SearchReplayTest, queries_about_another_catalogue_are_refused) {
  Dataset other = films();
  other.items.ids.pop_back();
  for (AttributeColumn& column : other.items.columns) {
    if (!column.texts.empty()) column.texts.pop_back();
    if (!column.values.empty()) column.values.pop_back();
  }
  const SearchLaw searches(search_, other.items, 7);
  EXPECT_THROW(run(&searches, 0, 2), DataError);
}

}  // namespace
}  // namespace coldframe
