#include "framework/training/objective.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/training/contrastive_objective.h"
#include "framework/training/mnrl_objective.h"
#include "framework/training/step_plan.h"
#include "tests/support/tiny_taste.h"
#include "tests/training/small_loss.h"

namespace coldframe {
namespace {

using testing::all_blocks;
using testing::cosine;
using testing::expect_gradients;
using testing::small_batch;
using testing::unit_rows;
using testing::Whole;

class ContrastiveTest : public ::testing::TestWithParam<const char*> {
 protected:
  ContrastiveTest() {
    ContrastiveOptions options;
    options.known_positives = GetParam();
    objective_ = std::make_unique<ContrastiveObjective>(options);
    objective_->attach(store_);
  }
  ParameterStore store_;
  std::unique_ptr<ContrastiveObjective> objective_;
};

TEST_P(ContrastiveTest, loss_is_the_formula) {
  const LossBatch batch = small_batch();
  const at::Tensor rows = unit_rows(7, 8, 1);
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<double> logits(4);
    std::vector<double> targets(4, 0.0);
    targets[batch.positives[i]] = 1.0;
    double sum = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const bool own = j == batch.positives[i], known = i == 1 && j == 3;
      if (known && std::string(GetParam()) == "share") targets[j] = targets[batch.positives[i]] = 0.5;
      logits[j] = 20 * cosine(rows, batch.anchor_rows[i], batch.candidate_rows[j]) - (own ? 0.0 : batch.log_inclusion[j]);
      if (!(known && std::string(GetParam()) == "mask")) sum += std::exp(logits[j]);
    }
    for (std::size_t j = 0; j < 4; ++j) expected += targets[j] * (std::log(sum) - logits[j]) / 3;
  }
  EXPECT_NEAR(all_blocks(*objective_, batch, rows, store_, 1).loss, expected, 1e-5);
}

TEST_P(ContrastiveTest, gradients_agree_with_finite_differences) {
  const LossBatch batch = small_batch();
  const at::Tensor rows = unit_rows(7, 8, 1);
  const auto whole = [&] { return all_blocks(*objective_, batch, rows, store_, 1); };
  expect_gradients(whole(), rows, store_, 2e-3, [&] { return whole().loss; });
}

TEST_P(ContrastiveTest, blocks_add_up_to_the_whole) {
  const LossBatch batch = small_batch();
  const at::Tensor rows = unit_rows(7, 8, 1);
  const Whole one = all_blocks(*objective_, batch, rows, store_, 1), many = all_blocks(*objective_, batch, rows, store_, 8);
  EXPECT_NEAR(one.loss, many.loss, 1e-6);  // a product of fewer rows may round otherwise
  for (std::size_t i = 0; i < one.embedding_gradient.size(); ++i) {
    EXPECT_NEAR(one.embedding_gradient[i], many.embedding_gradient[i], 1e-6);
  }
}

/// Two candidates, no correction: with a prior, the loss is that of the probabilities softmax(20 cos + w log prior).
TEST(ContrastiveItemPriorTest, is_added_to_every_logit_the_own_positive_included) {
  LossBatch batch;
  batch.anchor_rows = {0};
  batch.candidate_rows = {1, 2};
  batch.candidate_items = {ItemId(0), ItemId(1)};
  batch.positives = {1};
  batch.known.resize(1);
  batch.log_prior = {-0.5f, -3.0f};
  ContrastiveOptions options;
  options.item_prior = 0.75;
  ContrastiveObjective objective(options);
  ParameterStore store;
  objective.attach(store);
  const at::Tensor rows = unit_rows(3, 8, 4);
  const double first = 20 * cosine(rows, 0, 1) + 0.75 * -0.5, second = 20 * cosine(rows, 0, 2) + 0.75 * -3.0;
  EXPECT_NEAR(all_blocks(objective, batch, rows, store, 1).loss, std::log(std::exp(first) + std::exp(second)) - second, 1e-5);
  EXPECT_EQ(objective.score_rule(store).item_prior, 0.75);
  EXPECT_NEAR(objective.score_rule(store).scale, 20, 1e-4);
}

class RDropTest : public ::testing::Test {
 protected:
  RDropTest() {
    ContrastiveOptions options;
    options.r_drop = 0.7;
    objective_ = std::make_unique<ContrastiveObjective>(options);
    objective_->attach(store_);
  }
  /// The small batch with a second view of its two user texts in rows 7 and 8; anchor 1 may not see candidate 3.
  static LossBatch two_views() {
    LossBatch batch = small_batch();
    batch.second_rows = {7, 8, 7};
    return batch;
  }
  double loss(const at::Tensor& rows) const { return all_blocks(*objective_, two_views(), rows, store_, 1).loss; }

  ParameterStore store_;
  std::unique_ptr<ContrastiveObjective> objective_;
};

TEST_F(RDropTest, is_the_mean_of_both_losses_and_the_weighted_disagreement) {
  const at::Tensor rows = unit_rows(9, 8, 1);
  const LossBatch batch = two_views();
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<std::vector<double>> p;
    for (const std::size_t anchor : {batch.anchor_rows[i], batch.second_rows[i]}) {
      std::vector<double>& of = p.emplace_back();
      double sum = 0;
      for (std::size_t j = 0; j < 4; ++j) {
        const double bias = j == batch.positives[i] ? 0.0 : -double{batch.log_inclusion[j]};
        const bool masked = i == 1 && j == 3;
        of.push_back(masked ? 0.0 : std::exp(20 * cosine(rows, anchor, batch.candidate_rows[j]) + bias));
        sum += of.back();
      }
      for (double& x : of) x /= sum;
      expected -= std::log(of[batch.positives[i]]) / 2 / 3;
    }
    for (std::size_t j = 0; j < 4; ++j) {
      if (p[0][j] > 0) expected += 0.7 / 2 * (p[0][j] - p[1][j]) * std::log(p[0][j] / p[1][j]) / 3;
    }
  }
  EXPECT_NEAR(loss(rows), expected, 1e-5);
}

TEST_F(RDropTest, gradients_agree_with_finite_differences) {
  const at::Tensor rows = unit_rows(9, 8, 1);
  const Whole whole = all_blocks(*objective_, two_views(), rows, store_, 1);
  expect_gradients(whole, rows, store_, 4e-3, [&] { return loss(rows); });
}

TEST_F(RDropTest, equal_views_disagree_in_nothing_and_blocks_add_up) {
  const at::Tensor rows = unit_rows(9, 8, 1);
  LossBatch equal = two_views();
  equal.second_rows = equal.anchor_rows;
  ContrastiveObjective plain{ContrastiveOptions{}};
  ParameterStore plain_store;
  plain.attach(plain_store);
  const Whole twice = all_blocks(*objective_, equal, rows, store_, 1),
              once = all_blocks(plain, small_batch(), rows, plain_store, 1);
  EXPECT_NEAR(twice.loss, once.loss, 1e-6);
  for (std::size_t i = 0; i < once.embedding_gradient.size(); ++i) {
    EXPECT_NEAR(twice.embedding_gradient[i], once.embedding_gradient[i], 1e-6) << i;
  }
  EXPECT_EQ(objective_->anchor_views(), 2);
  EXPECT_EQ(plain.anchor_views(), 1);
  const Whole one = all_blocks(*objective_, two_views(), rows, store_, 1),
              many = all_blocks(*objective_, two_views(), rows, store_, 8);
  EXPECT_NEAR(one.loss, many.loss, 1e-6);
  for (std::size_t i = 0; i < one.embedding_gradient.size(); ++i) {
    EXPECT_NEAR(one.embedding_gradient[i], many.embedding_gradient[i], 2e-6);
  }
}

// Without corrections and masks both losses are one formula, at the scale where the contrastive one begins.
TEST_F(RDropTest, of_mnrl_is_that_of_the_contrastive_loss_without_corrections) {
  MnrlOptions options;
  options.r_drop = 0.7;
  const MnrlObjective mnrl(options);
  ContrastiveOptions bare_options;
  bare_options.r_drop = 0.7;
  bare_options.inclusion_correction = false;
  ContrastiveObjective bare(bare_options);
  ParameterStore bare_store;
  bare.attach(bare_store);
  LossBatch batch = two_views();
  batch.known.assign(3, {});
  const at::Tensor rows = unit_rows(9, 8, 1);
  const Whole mine = all_blocks(mnrl, batch, rows, store_, 2), theirs = all_blocks(bare, batch, rows, bare_store, 2);
  EXPECT_NEAR(mine.loss, theirs.loss, 1e-5);
  for (std::size_t i = 0; i < mine.embedding_gradient.size(); ++i) {
    EXPECT_NEAR(mine.embedding_gradient[i], theirs.embedding_gradient[i], 1e-5) << i;
  }
  EXPECT_EQ(mnrl.anchor_views(), 2);
  EXPECT_EQ(MnrlObjective{MnrlOptions{}}.anchor_views(), 1);
  LossBatch one_view = batch;
  one_view.second_rows.clear();
  EXPECT_NE(all_blocks(mnrl, one_view, rows, store_, 2).loss, mine.loss);
}

class RobustLossTest : public ::testing::TestWithParam<const char*> {
 protected:
  /// The small batch, two anchors of which weigh more than the third.
  static LossBatch weighted() {
    LossBatch batch = small_batch();
    batch.weights = {0.5, 0.5, 0.2};
    return batch;
  }
  Whole whole(double q, const at::Tensor& rows, const LossBatch& batch, std::size_t blocks = 1) {
    ContrastiveOptions options;
    options.known_positives = GetParam();
    options.initial_scale = 5;
    options.robust_q = q;
    ContrastiveObjective objective(options);
    ParameterStore unused;
    objective.attach(store_.size() == 0 ? store_ : unused);  // its parameter has the same place in both
    return all_blocks(objective, batch, rows, store_, blocks);
  }
  ParameterStore store_;
};

/// One anchor, two candidates at right angles, the first along the anchor: p_0 = e^5 / (e^5 + 1) at scale 5.
struct RightAngle {
  LossBatch batch;
  at::Tensor rows = at::zeros({3, 2});
  double p = std::exp(5.0) / (std::exp(5.0) + 1);

  explicit RightAngle(std::size_t positive) {
    batch.anchor_rows = {0};
    batch.candidate_rows = {1, 2};
    batch.candidate_items = {ItemId(0), ItemId(1)};
    batch.positives = {positive};
    batch.known.resize(1);
    rows.data_ptr<float>()[0] = rows.data_ptr<float>()[2] = rows.data_ptr<float>()[5] = 1;
  }
};

TEST_P(RobustLossTest, is_the_formula_on_a_case_worked_by_hand) {
  const RightAngle likely(0), unlikely(1);
  EXPECT_NEAR(whole(0.7, likely.rows, likely.batch).loss, (1 - std::pow(likely.p, 0.7)) / 0.7, 1e-6);
  // A wrong label: cross-entropy says 5.007, this is bounded by 1 / q.
  EXPECT_NEAR(whole(0.7, unlikely.rows, unlikely.batch).loss, (1 - std::pow(1 - unlikely.p, 0.7)) / 0.7, 1e-5);
  EXPECT_NEAR(whole(0, unlikely.rows, unlikely.batch).loss, -std::log(1 - unlikely.p), 1e-5);
}

/// The gradient of an anchor with one positive is p^q times that of the cross-entropy, element by element.
TEST_P(RobustLossTest, an_unlikely_positive_pulls_less) {
  const RightAngle unlikely(1);
  const Whole plain = whole(0, unlikely.rows, unlikely.batch), robust = whole(0.7, unlikely.rows, unlikely.batch);
  const double factor = std::pow(1 - unlikely.p, 0.7);
  EXPECT_LT(factor, 0.05);
  for (std::size_t i = 0; i < plain.embedding_gradient.size(); ++i) {
    EXPECT_NEAR(robust.embedding_gradient[i], factor * plain.embedding_gradient[i], 1e-6) << i;
  }
  EXPECT_NEAR(robust.parameter_gradient, factor * plain.parameter_gradient, 1e-6);
}

TEST_P(RobustLossTest, gradients_agree_with_finite_differences_for_every_q) {
  for (const double q : {0.2, 0.7, 1.0}) {
    SCOPED_TRACE(q);
    const at::Tensor rows = unit_rows(7, 8, 1);
    store_ = ParameterStore();
    const auto found = [&] { return whole(q, rows, weighted()); };
    const Whole at_first = found();
    expect_gradients(at_first, rows, store_, 1e-3, [&] { return found().loss; });
  }
}

TEST_P(RobustLossTest, a_small_q_is_cross_entropy_and_blocks_add_up) {
  const at::Tensor rows = unit_rows(7, 8, 1);
  const Whole limit = whole(1e-7, rows, weighted()), plain = whole(0, rows, weighted());
  EXPECT_NEAR(limit.loss, plain.loss, 1e-5);
  for (std::size_t i = 0; i < plain.embedding_gradient.size(); ++i) {
    EXPECT_NEAR(limit.embedding_gradient[i], plain.embedding_gradient[i], 1e-5);
  }
  const Whole one = whole(0.7, rows, weighted()), many = whole(0.7, rows, weighted(), 8);
  EXPECT_NEAR(one.loss, many.loss, 1e-6);
  ASSERT_EQ(many.losses.size(), 3u);
  EXPECT_NEAR(many.loss, 0.5 * many.losses[0] + 0.5 * many.losses[1] + 0.2 * many.losses[2], 1e-6);
}

INSTANTIATE_TEST_SUITE_P(KnownPositives, RobustLossTest, ::testing::Values("mask", "share"));
INSTANTIATE_TEST_SUITE_P(KnownPositives, ContrastiveTest, ::testing::Values("mask", "share"));

TEST(ContrastiveOptionsTest, the_scale_starts_where_told_and_stays_below_its_bound) {
  ParameterStore store;
  ContrastiveObjective objective{ContrastiveOptions{}};
  objective.attach(store);
  float& log_scale = store.value(0).data_ptr<float>()[0];
  EXPECT_FLOAT_EQ(log_scale, std::log(20.0f));
  log_scale = 9.0f;
  objective.constrain(store);
  EXPECT_FLOAT_EQ(log_scale, std::log(100.0f));
}

TEST(MnrlTest, is_cross_entropy_over_pairs_with_repeats) {
  // Two pairs share their positive text: it stands twice among the candidates, once as a negative of the other.
  LossBatch batch;
  batch.anchor_rows = {0, 1, 2};
  batch.candidate_rows = {3, 4, 3};
  batch.candidate_items = {ItemId(0), ItemId(1), ItemId(0)};
  batch.positives = {0, 1, 2};
  batch.known.resize(3);
  const at::Tensor rows = unit_rows(5, 8, 2);
  double expected = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 3; ++j) sum += std::exp(20 * cosine(rows, i, batch.candidate_rows[j]));
    expected += (std::log(sum) - 20 * cosine(rows, i, batch.candidate_rows[i])) / 3;
  }
  const MnrlObjective objective{MnrlOptions{}};
  EXPECT_NEAR(all_blocks(objective, batch, rows, ParameterStore(), 2).loss, expected, 1e-5);
}

/// The mean gradient over sampled batches against the gradient of the full softmax over all 50 items, m = 10 extra. The
/// correction makes the sum of exponentials unbiased; what is left is the bias of a ratio, below half of the plain one.
TEST(InclusionCorrectionTest, at_least_halves_the_bias_of_the_mean_gradient) {
  constexpr std::int64_t items = 50, width = 8;
  const testing::TinyTaste taste(200, items);
  const PairSampler sampler(taste.sampled, {0}, 4);
  const std::vector<double> law = sampler.positive_law(items);
  const std::vector<float> log_pi = log_inclusion(law, 8, 10);
  const at::Tensor rows = unit_rows(items + 1, width, 3);  // row 50: one fixed anchor
  // Without known likes: what is compared is sampling against the full softmax.
  const auto gradient_of = [&](const std::vector<ItemId>& candidates, ItemId positive, bool corrected) {
    LossBatch batch;
    batch.anchor_rows = {items};
    batch.known.resize(1);
    for (const ItemId item : candidates) {
      if (item == positive) batch.positives = {batch.candidate_items.size()};
      batch.candidate_items.push_back(item);
      batch.candidate_rows.push_back(item.value());
      if (corrected) batch.log_inclusion.push_back(log_pi[item.value()]);
    }
    ParameterStore store;
    ContrastiveOptions options;
    options.initial_scale = 3;
    ContrastiveObjective objective(options);
    objective.attach(store);
    const LossShare share = objective.share(batch, rows, 0, 1, store);
    const float* anchor = share.embedding_gradient.data_ptr<float>() + items * width;
    return std::vector<double>(anchor, anchor + width);
  };
  std::vector<ItemId> everything;
  for (std::uint32_t i = 0; i < items; ++i) everything.emplace_back(i);
  std::vector<double> full(width, 0), plain(width, 0), corrected(width, 0);
  constexpr int steps = 16000;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const std::vector<TrainingPair> pairs = sampler.pairs(step * 8, 8);
    std::vector<ItemId> candidates = sampler.extra_items(step, 10, items);
    for (const TrainingPair& pair : pairs) candidates.push_back(pair.positive);
    std::ranges::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    const ItemId positive = pairs[0].positive;
    const auto add = [&](std::vector<double>& sum, const std::vector<double>& gradient) {
      for (std::size_t d = 0; d < width; ++d) sum[d] += gradient[d] / steps;
    };
    add(full, gradient_of(everything, positive, false));
    add(plain, gradient_of(candidates, positive, false));
    add(corrected, gradient_of(candidates, positive, true));
  }
  const auto distance = [&](const std::vector<double>& a) {
    double sum = 0;
    for (std::size_t d = 0; d < width; ++d) sum += (a[d] - full[d]) * (a[d] - full[d]);
    return std::sqrt(sum);
  };
  EXPECT_LT(distance(corrected), 0.5 * distance(plain));
}

TEST(ObjectiveRegistryTest, unknown_kinds_are_config_errors_and_kinds_are_listed) {
  ObjectiveRegistry registry;
  add_builtin_objectives(registry);
  EXPECT_EQ(registry.kinds(), (std::vector<std::string>{"contrastive", "mnrl"}));
  EXPECT_THROW(registry.require("contrastiv"), ConfigError);
  EXPECT_THROW(add_builtin_objectives(registry), ConfigError);
}

}  // namespace
}  // namespace coldframe
