#include "framework/simulation/policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/encoder_policy.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

class PolicyTest : public ::testing::Test {
 protected:
  PolicyTest() : catalogue_(small_catalogue(5)) {
    for (std::uint32_t i = 0; i < 5; ++i) candidates_.emplace_back(i);
  }

  PolicyRequest request(std::uint64_t user, std::size_t slate_size = 2) const {
    PolicyRequest r;
    r.user = UserKey(user);
    r.profile = &profile_;
    r.history = &history_;
    r.candidates = candidates_;
    r.slate_size = slate_size;
    return r;
  }

  static Slate ask(const Policy& policy, const PolicyRequest& r) {
    Slate slate;
    policy.rank({&r, 1}, {&slate, 1});
    return slate;
  }

  Catalogue catalogue_;
  Profile profile_;
  History history_;
  std::vector<ItemId> candidates_;
};

TEST_F(PolicyTest, random_draws_every_ordered_slate_equally_often) {
  const RandomPolicy policy("random", 3, catalogue_);
  std::map<std::vector<ItemId>, double> counts;
  constexpr int users = 20000;
  for (int user = 0; user < users; ++user) {
    const Slate slate = ask(policy, request(static_cast<std::uint64_t>(user)));
    EXPECT_NEAR(slate.log_propensity, std::log(1.0 / 20.0), 1e-12);  // 5 * 4 ordered pairs
    counts[slate.items] += 1;
  }
  ASSERT_EQ(counts.size(), 20u);
  double chi_square = 0;
  for (const auto& [slate, count] : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 52.4);  // 99.99 % quantile, 19 degrees of freedom: 50.8
}

TEST_F(PolicyTest, scores_rank_candidates_only_and_ties_differ_between_users) {
  const FixedScorePolicy popularity("popularity", {1, 9, 3, 3, 0}, catalogue_.ties(1));
  candidates_.erase(candidates_.begin() + 1);  // the favourite was clicked already
  std::set<std::vector<ItemId>> seen;
  for (std::uint64_t user = 0; user < 50; ++user) {
    const Slate slate = ask(popularity, request(user));
    ASSERT_EQ(slate.items.size(), 2u);
    EXPECT_EQ(slate.log_propensity, 0.0);
    EXPECT_EQ(std::set<ItemId>(slate.items.begin(), slate.items.end()), (std::set<ItemId>{ItemId(2), ItemId(3)}));
    seen.insert(slate.items);
  }
  EXPECT_EQ(seen.size(), 2u) << "ties always fall the same way";
}

/// A catalogue large enough for many ties, and candidates with gaps.
struct ManyItems {
  static constexpr std::uint32_t k_items = 300;
  Catalogue catalogue = small_catalogue(k_items);
  std::vector<float> scores;
  std::vector<ItemId> candidates;

  ManyItems() {
    const KeyedRandom random(8, Purpose::subsample);
    for (std::uint32_t i = 0; i < k_items; ++i) {
      const PhiloxBlock words = random.block(UserKey(i));
      scores.push_back(static_cast<float>(uniform_below(words[0], 12)));
      if (uniform_below(words[1], 3) > 0) candidates.emplace_back(i);
    }
  }
};

TEST_F(PolicyTest, fixed_scores_show_what_a_look_at_every_score_shows) {
  const ManyItems many;
  const FixedScorePolicy policy("popularity", many.scores, many.catalogue.ties(1));
  candidates_ = many.candidates;
  for (std::uint64_t user = 0; user < 40; ++user) {
    const PolicyRequest asked = request(user, user < 39 ? user * 6 : 300);
    EXPECT_EQ(ask(policy, asked).items, top_candidates(asked, many.scores, many.catalogue.ties(1))) << user;
  }
}

TEST_F(PolicyTest, random_shows_the_candidates_with_the_smallest_words) {
  const ManyItems many;
  const RandomPolicy policy("random", 3, many.catalogue);
  const KeyedRandom random(3, Purpose::exploration);
  std::vector<std::vector<ItemId>> lists(20, many.candidates);
  std::vector<PolicyRequest> requests;
  std::vector<Slate> slates(lists.size());
  for (std::size_t r = 0; r < lists.size(); ++r) {
    lists[r].resize(lists[r].size() - r % 3);
    requests.push_back(request(r, r * 5));
    // Some share their list, the others have one of their own.
    requests.back().candidates = lists[r < 5 ? 0 : r];
    requests.back().time.page = 7;
  }
  policy.rank(requests, slates);
  for (std::size_t r = 0; r < lists.size(); ++r) {
    std::vector<ItemId> expected(requests[r].candidates.begin(), requests[r].candidates.end());
    std::ranges::sort(expected, {}, [&](ItemId item) {
      const PhiloxBlock words = random.block(requests[r].user, 0, 7, many.catalogue.slot(item));
      return std::pair(words[0], words[1]);
    });
    expected.resize(std::min<std::size_t>(r * 5, expected.size()));
    EXPECT_EQ(slates[r].items, expected) << r;
  }
}

TEST_F(PolicyTest, certain_slates_are_the_same_in_the_memory_of_others) {
  const std::vector<ItemId> items{ItemId(3), ItemId(1)};
  Slate slate{{ItemId(0), ItemId(1), ItemId(2)}, -2.0, {-1.0, -1.0, 0.0}, {-3.0}};
  certain_slate(std::span<const ItemId>(items), slate);
  const Slate fresh = certain_slate(items);
  EXPECT_EQ(slate.items, fresh.items);
  EXPECT_EQ(slate.log_propensity, fresh.log_propensity);
  EXPECT_EQ(slate.position_log_propensity, fresh.position_log_propensity);
  EXPECT_EQ(slate.position_log_marginal, fresh.position_log_marginal);
}

TEST_F(PolicyTest, nan_scores_are_errors_but_only_where_they_matter) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const FixedScorePolicy broken("broken", {1, nan, 3, 3, 0}, catalogue_.ties(1));
  EXPECT_THROW(ask(broken, request(1)), NumericError);
  candidates_.erase(candidates_.begin() + 1);
  EXPECT_NO_THROW(ask(broken, request(1)));
}

TEST_F(PolicyTest, slates_are_short_when_candidates_run_out) {
  candidates_.resize(1);
  EXPECT_EQ(ask(RandomPolicy("r", 1, catalogue_), request(1, 3)).items.size(), 1u);
  candidates_.clear();
  EXPECT_TRUE(ask(RandomPolicy("r", 1, catalogue_), request(1, 3)).items.empty());
}

VectorTable table(std::vector<float> values, std::size_t width) {
  const std::size_t rows = values.size() / width;
  return VectorTable(rows, width, std::move(values));
}

TEST(Recompose, averages_profile_and_newest_likes) {
  // (1, 0) + (0, 1) = (1, 1), of length 1: (.7071, .7071).
  const VectorTable items = table({0, 1, 1, 0, -1, 0}, 2);
  const std::vector<float> profile = {1, 0};
  std::vector<float> out(2);
  recompose(profile, items, std::vector<ItemId>{ItemId(2), ItemId(0)}, 1, out);
  EXPECT_NEAR(out[0], std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(out[1], std::sqrt(0.5), 1e-6);
  recompose(profile, items, {}, 1, out);
  EXPECT_EQ(out, profile);
  // A click moves the vector towards the clicked item, not to some other direction.
  recompose(profile, items, std::vector<ItemId>{ItemId(0)}, 10, out);
  EXPECT_GT(out[1], profile[1]);
  // Opposite vectors cancel: no direction is left, and no NaN either.
  recompose(profile, items, std::vector<ItemId>{ItemId(2)}, 10, out);
  EXPECT_EQ(out, (std::vector<float>{0, 0}));
}

TEST(VectorTable, refuses_wrong_sizes_and_numbers_that_are_none) {
  EXPECT_THROW(VectorTable(2, 2, {1, 2, 3}), DataError);
  EXPECT_THROW(VectorTable(1, 2, {1, std::numeric_limits<float>::infinity()}), NumericError);
}

TEST_F(PolicyTest, encoder_ranks_by_scaled_similarity_plus_prior) {
  const ItemTable items{table({1, 0, 0, 1, 0.6f, 0.8f, -1, 0, 0, -1}, 2), {0, 0, 0, 0, 25}, 10.0f};
  const VectorTable profiles = table({0, 1}, 2);
  const RecomposedVectors users(profiles, items.vectors, 10);
  const EncoderPolicy policy("encoder", items, users, catalogue_.ties(1));
  // Scores 0, 10, 8, 0, -10 + 25 = 15.
  EXPECT_EQ(ask(policy, request(1, 3)).items, (std::vector<ItemId>{ItemId(4), ItemId(1), ItemId(2)}));
  // After a click on item 0 the vector is (1, 1)/sqrt 2: 7.07, 7.07, 9.9, -7.07, 17.9.
  history_.likes = {ItemId(0)};
  EXPECT_EQ(ask(policy, request(1, 2)).items, (std::vector<ItemId>{ItemId(4), ItemId(2)}));
}

TEST_F(PolicyTest, reencoding_hands_over_the_newest_likes_first) {
  std::vector<ItemId> seen;
  const ReencodedVectors users(
      [&](std::span<const UserView> views, std::span<float> vectors) {
        seen = views[0].likes;
        vectors[0] = 1;
        vectors[1] = 0;
      },
      2, 2);
  history_.likes = {ItemId(3), ItemId(1), ItemId(4)};
  const ItemTable items{table({1, 0, 0, 1, 0, 0, -1, 0, 0, -1}, 2), {}, 1.0f};
  const EncoderPolicy policy("encoder", items, users, catalogue_.ties(1));
  EXPECT_EQ(ask(policy, request(1, 1)).items.front(), ItemId(0));
  EXPECT_EQ(seen, (std::vector<ItemId>{ItemId(4), ItemId(1)}));
}

TEST_F(PolicyTest, encoders_of_other_widths_are_refused) {
  const ItemTable items{table({1, 0, 0, 1}, 2), {}, 1.0f};
  const VectorTable profiles = table({1, 2, 3}, 3);
  EXPECT_THROW(RecomposedVectors(profiles, items.vectors, 1), DataError);
}

TEST_F(PolicyTest, answers_do_not_depend_on_the_batch) {
  const RandomPolicy random("random", 3, catalogue_);
  std::vector<PolicyRequest> batch;
  for (std::uint64_t user = 0; user < 7; ++user) batch.push_back(request(user));
  std::vector<Slate> slates(7);
  random.rank(batch, slates);
  for (std::size_t u = 0; u < 7; ++u) EXPECT_EQ(slates[u].items, ask(random, batch[u]).items);
}

TEST(Scoring, is_int8_only_where_that_is_asked_for_and_worthwhile) {
  EXPECT_EQ(usable_scoring(Scoring::int8, true), Scoring::int8);
  EXPECT_EQ(usable_scoring(Scoring::int8, false), Scoring::fp32);
  EXPECT_EQ(usable_scoring(Scoring::fp32, true), Scoring::fp32);
}

}  // namespace
}  // namespace coldframe
