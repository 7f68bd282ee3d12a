// FreeLB: its rules by hand, a whole step against Algorithm 1 of the paper written down with tensor operations, the
// cases in which it is ordinary training, and the same bits on any ranks and threads.

#include "framework/training/word_perturbation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/core/error.h"
#include "framework/training/contrastive_objective.h"
#include "framework/training/train_step.h"
#include "tests/support/tiny_bert.h"
#include "tests/support/tiny_taste.h"

namespace coldframe {
namespace {

AdversarialOptions options_of(std::int64_t steps, double norm = 0.3, double step_size = 0.1) {
  AdversarialOptions options;
  options.steps = steps;
  options.norm = norm;
  options.step_size = step_size;
  return options;
}

/// Texts of these lengths; text i has key 100 + i.
PackedBatch batch_of(const std::vector<std::int64_t>& lengths) {
  PackedBatch batch;
  batch.row_offsets = {0};
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    for (std::int64_t t = 0; t < lengths[i]; ++t) batch.token_ids.push_back(t);
    batch.row_offsets.push_back(static_cast<std::int64_t>(batch.token_ids.size()));
    batch.view_keys.push_back(100 + i);
  }
  return batch;
}

// Two texts of one and two tokens, width 2, alpha = 1, epsilon = 2.
//   first:  delta 0 0, slope 3 4: moves by .6 .8, length 1, stays
//   second: delta 0 2 0 0, slope 0 0 5 0: becomes 0 2 1 0, length sqrt 5, scaled by 2 / sqrt 5
TEST(WordPerturbation, climbs_and_is_drawn_back_text_by_text) {
  const PackedBatch batch = batch_of({1, 2});
  at::Tensor delta = at::tensor({0.0f, 0.0f, 0.0f, 2.0f, 0.0f, 0.0f}).reshape({3, 2});
  const at::Tensor slope = at::tensor({3.0f, 4.0f, 0.0f, 0.0f, 5.0f, 0.0f}).reshape({3, 2});
  ascend(batch, slope, options_of(1, 2, 1), delta);
  const auto* values = delta.data_ptr<float>();
  const float scale = 2 / std::sqrt(5.0f);
  for (const auto& [at, expected] :
       std::vector<std::pair<int, float>>{{0, 0.6f}, {1, 0.8f}, {2, 0.0f}, {3, 2 * scale}, {4, scale}, {5, 0.0f}}) {
    EXPECT_FLOAT_EQ(values[at], expected) << at;
  }
  // A text without slope stays where it is.
  const at::Tensor before = delta.clone();
  ascend(batch, at::zeros({3, 2}), options_of(1, 2, 1), delta);
  EXPECT_TRUE(delta.equal(before));
}

TEST(WordPerturbation, begins_uniform_in_a_box_that_depends_on_the_length_and_on_nothing_around_the_text) {
  const PackedBatch batch = batch_of({3, 40});
  const at::Tensor delta = first_perturbation(batch, 64, options_of(3), 7, 11);
  for (const auto& [first, rows] : {std::pair{0, 3}, {3, 40}}) {
    const at::Tensor text = delta.narrow(0, first, rows);
    const double bound = 0.3 / std::sqrt(64.0 * rows);
    EXPECT_LE(text.abs().max().item<float>(), bound);
    EXPECT_GT(text.abs().max().item<float>(), 0.9 * bound);
    EXPECT_NEAR(text.mean().item<float>(), 0, 0.1 * bound);
    EXPECT_LE(text.norm().item<float>(), 0.3) << "inside the ball from the start";
  }
  PackedBatch alone = batch_of({40});
  alone.view_keys = {101};
  EXPECT_TRUE(first_perturbation(alone, 64, options_of(3), 7, 11).equal(delta.narrow(0, 3, 40)));
  EXPECT_FALSE(first_perturbation(alone, 64, options_of(3), 7, 12).equal(delta.narrow(0, 3, 40))) << "another step";
  EXPECT_FALSE(first_perturbation(alone, 64, options_of(3), 8, 11).equal(delta.narrow(0, 3, 40))) << "another seed";
}

TEST(WordPerturbation, settings_that_change_nothing_are_named) {
  const AdversarialOptions standard;
  EXPECT_TRUE(standard.validate().empty());
  ASSERT_EQ(options_of(0, 0.5, standard.step_size).validate().size(), 1u);
  EXPECT_EQ(options_of(0, 0.5, standard.step_size).validate().front().key, "norm");
  EXPECT_EQ(options_of(0, standard.norm, 1).validate().front().key, "step_size");
  EXPECT_TRUE(options_of(2, 0.5, 1).validate().empty());
}

struct Shape {
  int ranks = 1;
  int threads = 1;
  std::int64_t replicate_below = 1024;
  Activations activations = Activations::keep;
  double dropout = 0.1;
  std::int64_t steps = 4;
  std::string strategy = "lora";
};

struct Outcome {
  std::vector<StepReport> reports;
  std::vector<std::pair<std::string, std::vector<float>>> gradients;  // of the last step, by parameter
};

BatchOptions small_batch() {
  BatchOptions batch;
  batch.pairs = 7;
  batch.extra_items = 5;
  batch.lanes = 4;
  batch.tokens = 48;
  return batch;
}

StepOptions step_options(const Shape& shape, const AdversarialOptions& adversarial) {
  StepOptions options;
  options.replicate_below = shape.replicate_below;
  options.activations = shape.activations;
  options.adversarial = adversarial;
  options.gradients = 2;
  options.optimizer.learning_rate = 2e-3;
  options.optimizer.clip_norm = 0;
  options.schedule.steps = shape.steps;
  return options;
}

/// After one update a first moment is (1 - beta1) times the gradient.
void keep_gradients(TrainStep& step, const ParameterStore& parameters, double beta1, Outcome& outcome) {
  const std::span<float> moments = step.optimizer().first_moment();
  for (const DenseSlot& slot : step.layout().dense()) {
    std::vector<float> values;
    for (std::size_t i = 0; i < slot.size; ++i) {
      values.push_back(static_cast<float>(moments[slot.offset + i] / (1 - beta1)));
    }
    outcome.gradients.emplace_back(parameters.info(slot.parameter).name, std::move(values));
  }
}

Outcome train(const Shape& shape, const AdversarialOptions& adversarial) {
  Outcome root;
  run_virtual_ranks(shape.ranks, [&](const Group& group) {
    testing::TinyModel model(shape.strategy, shape.dropout);
    const testing::TinyTaste taste;
    LanePool pool(shape.threads);
    ContrastiveObjective objective(ContrastiveOptions{});
    objective.attach(model.parameters);
    const PairSampler sampler(taste.sampled, {0, 1, 3}, 5);
    const StepPlanner planner = taste.planner(sampler, small_batch(), objective.candidate_rule());
    const StepOptions options = step_options(shape, adversarial);
    TrainStep step(group, pool, *model.encoder, model.parameters, objective, options, nullptr,
                   model.strategies.training(shape.steps));
    for (std::int64_t s = 0; s < shape.steps; ++s) {
      const StepReport report = step.run(planner.plan(s), /*wants_stop=*/false);
      if (group.is_root()) root.reports.push_back(report);
    }
    EXPECT_LE(step.peak_gradient_buffers(), step.gradient_buffer_bound());
    if (group.is_root()) keep_gradients(step, model.parameters, options.optimizer.beta1, root);
  });
  return root;
}

void expect_same_bits(const Outcome& expected, const Outcome& got, const std::string& what) {
  ASSERT_EQ(expected.reports.size(), got.reports.size());
  for (std::size_t s = 0; s < expected.reports.size(); ++s) {
    EXPECT_EQ(expected.reports[s].digest, got.reports[s].digest) << "bits differ: " << what << ", step " << s;
    EXPECT_EQ(expected.reports[s].loss, got.reports[s].loss) << what;
    EXPECT_EQ(expected.reports[s].ascent, got.reports[s].ascent) << what;
    EXPECT_EQ(expected.reports[s].gradient_norm, got.reports[s].gradient_norm) << what;
  }
}

TEST(FreeLbTest, has_the_same_bits_on_any_ranks_and_threads_and_when_activations_are_recomputed) {
  for (const char* strategy : {"lora", "full"}) {
    const Outcome expected = train({.strategy = strategy}, options_of(3));
    expect_same_bits(expected, train({.threads = 2, .strategy = strategy}, options_of(3)), "2 threads");
    expect_same_bits(expected, train({.ranks = 2, .strategy = strategy}, options_of(3)), "2 ranks");
    expect_same_bits(expected, train({.ranks = 3, .replicate_below = 0, .strategy = strategy}, options_of(3)),
                     "3 ranks, blocked loss");
    expect_same_bits(expected, train({.activations = Activations::recompute, .strategy = strategy}, options_of(3)),
                     "recomputed");
  }
}

TEST(FreeLbTest, is_ordinary_training_without_steps_and_inside_a_ball_of_radius_zero) {
  for (const char* strategy : {"lora", "full"}) {
    const Outcome plain = train({.strategy = strategy}, options_of(0));
    EXPECT_FALSE(plain.reports[0].ascent);
    for (const std::int64_t steps : {1, 2, 4}) {
      const Outcome still = train({.strategy = strategy}, options_of(steps, 0));
      for (std::size_t s = 0; s < plain.reports.size(); ++s) {
        EXPECT_EQ(plain.reports[s].digest, still.reports[s].digest) << strategy << ", " << steps << " steps";
        EXPECT_EQ(still.reports[s].ascent, 0.0) << "all passes see the same dropout";
      }
    }
    EXPECT_NE(train({.strategy = strategy}, options_of(1)).reports.back().digest, plain.reports.back().digest)
        << "one step trains at the point where the perturbation begins";
  }
}

TEST(FreeLbTest, finds_words_that_are_harder) {
  for (const StepReport& report : train({}, options_of(3, 0.5, 0.2)).reports) EXPECT_GT(*report.ascent, 0.0);
  // The further it may climb, the higher it gets.
  const Outcome near = train({.steps = 1}, options_of(4, 0.05, 0.3)),
                far = train({.steps = 1}, options_of(4, 0.8, 0.3));
  EXPECT_GT(*far.reports[0].ascent, *near.reports[0].ascent);
}

/// Algorithm 1 of the paper with one batch of all texts and plain autograd.
struct Reference {
  double loss = 0;
  std::vector<at::Tensor> gradients;  // of the dense trainable parameters
};

at::Tensor by_text(const PackedBatch& batch, const at::Tensor& rows, const std::function<at::Tensor(at::Tensor)>& of) {
  std::vector<at::Tensor> changed;
  for (std::size_t n = 0; n < batch.view_keys.size(); ++n) {
    changed.push_back(of(rows.narrow(0, batch.row_offsets[n], batch.row_offsets[n + 1] - batch.row_offsets[n])));
  }
  return at::cat(changed);
}

Reference reference_step(const AdversarialOptions& options) {
  testing::TinyModel model("lora", /*dropout=*/0.0);
  const testing::TinyTaste taste;
  ContrastiveObjective objective(ContrastiveOptions{});
  objective.attach(model.parameters);
  const PairSampler sampler(taste.sampled, {0, 1, 3}, 5);
  const StepPlan plan = taste.planner(sampler, small_batch(), objective.candidate_rule()).plan(0);
  const PackedBatch batch = pack(plan.texts.texts, {0, plan.texts.texts.size()});
  const at::Tensor ids = at::tensor(batch.token_ids, at::kLong);
  const at::Tensor words = at::embedding(model.parameters.value(model.encoder->token_table()), ids).detach();
  const ParameterView view(model.parameters, /*with_gradients=*/true);
  const FlatLayout layout(model.parameters);

  Reference reference;
  at::Tensor delta = first_perturbation(batch, model.encoder->width(), options, StepOptions{}.seed, 0);
  for (std::int64_t t = 0; t < options.steps; ++t) {
    at::Tensor rows = (words + delta).detach().requires_grad_();
    const at::Tensor output = model.encoder->forward({view, batch, {}, &rows});
    const LossShare share =
        objective.share(plan.loss, output.detach(), 0, plan.loss.anchor_rows.size(), model.parameters);
    std::vector<at::Tensor> inputs;
    for (const DenseSlot& slot : layout.dense()) inputs.push_back(view[slot.parameter]);
    inputs.push_back(rows);
    std::vector<at::Tensor> found = torch::autograd::grad({output}, inputs, {share.embedding_gradient}, std::nullopt,
                                                          /*create_graph=*/false, /*allow_unused=*/true);
    const at::Tensor slope = found.back();
    found.pop_back();
    for (std::size_t i = 0; i < found.size(); ++i) {
      const DenseSlot& slot = layout.dense()[i];
      at::Tensor own = found[i].defined() ? found[i] : at::zeros_like(view[slot.parameter]);
      if (slot.parameter == objective.parameters()[0]) own = own + static_cast<float>(share.parameter_gradient[0]);
      if (t == 0) reference.gradients.push_back(at::zeros_like(own));
      reference.gradients[i] += own / static_cast<double>(options.steps);
    }
    reference.loss += share.loss / static_cast<double>(options.steps);
    const at::Tensor moved =
        delta + options.step_size * by_text(batch, slope, [](const at::Tensor& a) { return a / a.norm(); });
    delta = by_text(batch, moved, [&](const at::Tensor& d) { return d * (options.norm / d.norm()).clamp_max(1.0); });
  }
  return reference;
}

TEST(FreeLbTest, takes_the_step_of_algorithm_1) {
  // A ball that binds from the third pass on, and one that never does.
  for (const AdversarialOptions& options : {options_of(4, 0.25, 0.12), options_of(3, 5.0, 0.3)}) {
    const Reference expected = reference_step(options);
    const Outcome got = train({.dropout = 0.0, .steps = 1}, options);
    EXPECT_NEAR(got.reports[0].loss, expected.loss, 2e-5 * expected.loss);
    ASSERT_EQ(got.gradients.size(), expected.gradients.size());
    for (std::size_t p = 0; p < expected.gradients.size(); ++p) {
      const auto& [name, values] = got.gradients[p];
      const at::Tensor mine = at::tensor(values), theirs = expected.gradients[p].reshape({-1});
      EXPECT_LE((mine - theirs).norm().item<double>(), 2e-4 * theirs.norm().item<double>() + 1e-7) << name;
    }
  }
}

}  // namespace
}  // namespace coldframe
