#include "framework/training/step_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "framework/core/error.h"
#include "framework/data/keyed_permutation.h"
#include "tests/support/tiny_taste.h"

namespace coldframe {
namespace {

BatchOptions batch_options() {
  BatchOptions batch;
  batch.pairs = 16;
  batch.extra_items = 8;
  batch.lanes = 4;
  batch.tokens = 100;
  return batch;
}

TEST(KeyedPermutationTest, visits_every_element_once) {
  for (const std::uint32_t size : {1u, 2u, 3u, 17u, 256u, 1682u, 70000u}) {
    const KeyedPermutation permutation({1, 2}, 3, size);
    std::vector<bool> seen(size, false);
    for (std::uint32_t i = 0; i < size; ++i) {
      ASSERT_LT(permutation(i), size);
      ASSERT_FALSE(seen[permutation(i)]);
      seen[permutation(i)] = true;
    }
  }
}

TEST(KeyedPermutationTest, places_every_element_everywhere_equally_often) {
  // Chi-square of position x element over 6,000 streams with 5 elements: 16 degrees of freedom, mean 16, sd 5.7.
  std::array<std::array<int, 5>, 5> counts{};
  constexpr int streams = 6000;
  for (int stream = 0; stream < streams; ++stream) {
    const KeyedPermutation permutation({5, 6}, static_cast<std::uint64_t>(stream), 5);
    for (std::uint32_t i = 0; i < 5; ++i) ++counts[i][permutation(i)];
  }
  double chi = 0;
  for (const auto& row : counts) {
    for (const int count : row) chi += std::pow(count - streams / 5.0, 2) / (streams / 5.0);
  }
  EXPECT_LT(chi, 16 + 5 * 5.7);
}

TEST(StepPlanTest, lanes_hold_near_equal_tokens_and_micro_batches_respect_the_limit) {
  const testing::TinyTaste taste(60, 50);
  const PairSampler sampler(taste.sampled, {0, 1, 3}, 1);
  const BatchOptions batch = batch_options();
  const StepPlan plan = taste.planner(sampler, batch, CandidateRule::distinct_items).plan(3);
  ASSERT_EQ(plan.texts.lanes.size(), 4u);
  std::vector<std::size_t> tokens;
  for (const LanePlan& lane : plan.texts.lanes) {
    std::size_t sum = 0, next = lane.texts.begin;
    for (const TextRange range : lane.micro_batches) {
      EXPECT_EQ(range.begin, next);
      next = range.end;
      std::size_t in_batch = 0;
      for (std::size_t i = range.begin; i < range.end; ++i) in_batch += plan.texts.texts[i].tokens->size();
      EXPECT_TRUE(in_batch <= 100 || range.end == range.begin + 1);
      sum += in_batch;
    }
    EXPECT_EQ(next, lane.texts.end);
    for (std::size_t i = lane.texts.begin + 1; i < lane.texts.end; ++i) {
      EXPECT_LE(plan.texts.texts[i - 1].tokens->size(), plan.texts.texts[i].tokens->size());
    }
    tokens.push_back(sum);
  }
  const auto [least, most] = std::ranges::minmax(tokens);
  EXPECT_LE(most - least, 12u) << "longest-first dealing leaves at most about one short text of difference";
}

TEST(StepPlanTest, is_a_pure_function_of_seed_and_step) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0, 1, 3}, 1), same(taste.sampled, {0, 1, 3}, 1), other(taste.sampled, {0, 1, 3}, 2);
  const auto keys = [&](const PairSampler& from, std::int64_t step) {
    std::vector<std::uint64_t> result;
    for (const PlannedText& text : taste.planner(from, batch_options(), CandidateRule::distinct_items).plan(step).texts.texts) {
      result.push_back(text.key);
    }
    return result;
  };
  EXPECT_EQ(keys(sampler, 5), keys(same, 5));
  EXPECT_NE(keys(sampler, 5), keys(sampler, 6));
  EXPECT_NE(keys(sampler, 5), keys(other, 5));
}

TEST(StepPlanTest, repeated_texts_are_planned_once_and_towers_are_kept_apart) {
  TextPlanBuilder builder;
  const auto text = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{1, 2, 3});
  const std::size_t first = builder.add(Tower::user, text);
  EXPECT_EQ(builder.add(Tower::user, std::make_shared<const std::vector<std::int64_t>>(*text)), first);
  EXPECT_NE(builder.add(Tower::item, text), first);
  EXPECT_NE(builder.add(Tower::user, text, /*view=*/1), first);
  EXPECT_EQ(std::move(builder).build(2, 100).plan.texts.size(), 3u);
}

TEST(StepPlanTest, a_second_view_is_the_same_text_under_another_dropout_key) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0, 1, 3}, 1);
  const StepPlan one = taste.planner(sampler, batch_options(), CandidateRule::distinct_items).plan(2);
  const StepPlan two = taste.planner(sampler, batch_options(), CandidateRule::distinct_items, 2).plan(2);
  EXPECT_TRUE(one.loss.second_rows.empty());
  ASSERT_EQ(two.loss.second_rows.size(), two.loss.anchor_rows.size());
  for (std::size_t b = 0; b < two.loss.anchor_rows.size(); ++b) {
    const PlannedText &first = two.texts.texts[two.loss.anchor_rows[b]], &second = two.texts.texts[two.loss.second_rows[b]];
    EXPECT_EQ(*first.tokens, *second.tokens);
    EXPECT_NE(first.key, second.key);
    EXPECT_EQ(first.key, one.texts.texts[one.loss.anchor_rows[b]].key) << "the first view is the one there was before";
  }
}

/// Texts whose anchors say in which epoch they are asked for.
class EpochTexts final : public TokenSource {
 public:
  Tokens item(ItemId item) const override { return text(1000 + item.value()); }
  Tokens user(UserId user, std::span<const ItemId>) const override { return text(user.value()); }
  Tokens anchor(UserId, std::span<const ItemId>, std::uint64_t epoch) const override {
    return text(static_cast<std::int64_t>(5000 + epoch));
  }

 private:
  static Tokens text(std::int64_t token) {
    return std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{token});
  }
};

TEST(StepPlanTest, anchors_are_written_for_the_epoch_of_their_own_place) {
  const testing::TinyTaste taste;  // 40 users, 16 pairs: step 2 holds places 32 to 47
  const PairSampler sampler(taste.sampled, {0}, 1);
  const EpochTexts texts;
  const StepPlanner planner({sampler, texts, taste.likes, taste.item_count}, batch_options(), CandidateRule::distinct_items);
  const StepPlan plan = planner.plan(2);
  ASSERT_EQ(plan.loss.anchor_rows.size(), 16u);
  for (std::size_t b = 0; b < 16; ++b) {
    EXPECT_EQ(plan.texts.texts[plan.loss.anchor_rows[b]].tokens->front(), 32 + b < 40 ? 5000 : 5001) << b;
  }
}

TEST(StepPlanTest, known_positives_are_listed_and_never_the_own_one) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0}, 1);
  const StepPlan plan = taste.planner(sampler, batch_options(), CandidateRule::distinct_items).plan(0);
  const std::vector<TrainingPair> pairs = sampler.pairs(0, 16);
  for (std::size_t b = 0; b < pairs.size(); ++b) {
    EXPECT_EQ(plan.loss.candidate_items[plan.loss.positives[b]], pairs[b].positive);
    const auto& likes = taste.likes[pairs[b].user.value()];
    for (std::size_t c = 0; c < plan.loss.candidate_items.size(); ++c) {
      const bool liked = std::ranges::find(likes, plan.loss.candidate_items[c]) != likes.end();
      const bool listed = std::ranges::find(plan.loss.known[b], c) != plan.loss.known[b].end();
      EXPECT_EQ(listed, liked && c != plan.loss.positives[b]);
    }
  }
}

TEST(PairSamplerTest, every_epoch_visits_every_user_once) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0, 1}, 1);
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<UserId> users;
    for (std::size_t i = 0; i < sampler.users(); ++i) users.insert(sampler.pair(epoch * sampler.users() + i).user);
    EXPECT_EQ(users.size(), sampler.users());
  }
}

TEST(PairSamplerTest, histories_exclude_the_positive_and_have_the_wanted_sizes) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0, 0, 1, 3, 5}, 1);
  std::array<int, 6> sizes{};
  constexpr int n = 4000;
  for (int i = 0; i < n; ++i) {
    const TrainingPair pair = sampler.pair(static_cast<std::uint64_t>(i));
    EXPECT_EQ(std::ranges::find(pair.history, pair.positive), pair.history.end());
    EXPECT_EQ(std::set(pair.history.begin(), pair.history.end()).size(), pair.history.size());
    ++sizes[pair.history.size()];
  }
  // Size 0 has probability .4: sd of the share sqrt(.24 / 4000) = .0077.
  EXPECT_NEAR(sizes[0] / static_cast<double>(n), 0.4, 5 * .0077);
  EXPECT_NEAR(sizes[1] / static_cast<double>(n), 0.2, 5 * .0064);
}

TEST(PairSamplerTest, without_any_like_there_is_nothing_to_train_on) {
  EXPECT_THROW(PairSampler({UserLikes{UserId(0), UserKey(1), {}}}, {0}, 1), DataError);
}

/// log pi_j against how often an item really stands among the candidates of a row, at m = 10 of 50 items.
TEST(LogInclusionTest, agrees_with_frequencies_of_the_plan) {
  const testing::TinyTaste taste(400, 50);
  const PairSampler sampler(taste.sampled, {0}, 9);
  BatchOptions batch;
  batch.pairs = 16;
  batch.extra_items = 10;
  const StepPlanner planner = taste.planner(sampler, batch, CandidateRule::distinct_items);
  const std::vector<float> expected = log_inclusion(sampler.positive_law(50), 16, 10);
  std::vector<double> present(50, 0), rows(50, 0);
  constexpr int steps = 3000;
  for (int step = 0; step < steps; ++step) {
    const StepPlan plan = planner.plan(step);
    // Row 0 is a random row: the frequency of j among its candidates when its own positive is another item.
    const ItemId own = plan.loss.candidate_items[plan.loss.positives[0]];
    for (std::uint32_t j = 0; j < 50; ++j) {
      if (ItemId(j) == own) continue;
      rows[j] += 1;
      present[j] += std::ranges::binary_search(plan.loss.candidate_items, ItemId(j)) ? 1 : 0;
    }
  }
  double squares = 0;
  for (std::size_t j = 0; j < 50; ++j) {
    const double pi = std::exp(expected[j]), sd = std::sqrt(pi * (1 - pi) / rows[j]);
    const double z = (present[j] / rows[j] - pi) / sd;
    EXPECT_LT(std::abs(z), 4.5) << "item " << j << " pi " << pi;
    squares += z * z;
  }
  // 50 squared standard normals: mean 50, sd 10.
  EXPECT_LT(squares, 50 + 5 * 10);
}

}  // namespace
}  // namespace coldframe
