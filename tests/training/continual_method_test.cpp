#include "framework/training/continual_method.h"

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "framework/training/bulk_encoder.h"
#include "framework/training/importance_methods.h"
#include "tests/support/tiny_stream.h"

namespace coldframe {
namespace {

using testing::tiny_continual;
using testing::TinyStream;

const Group k_alone;

std::span<float> state_of(ContinualMethod& method, const std::string& name) {
  for (const StateTensor& tensor : method.state()) {
    if (tensor.name == name) return tensor.values;
  }
  ADD_FAILURE() << "no state " << name;
  return {};
}

ParameterIndex first_trained(const TinyStream& stream) { return stream.model.parameters.trainable().front(); }

/// - log p(item | user) of an example, with the encoder as it is now and without dropout.
double loss_of(TinyStream& stream, const Group& group, const StepPlan& plan) {
  std::vector<Tokens> texts;
  for (const PlannedText& text : plan.texts.texts) texts.push_back(text.tokens);
  const BulkEncoder encoder(group, stream.pool, *stream.model.encoder, stream.model.parameters, 64);
  EncodedTexts encoded = encoder.encode(texts, "test");
  const at::Tensor vectors =
      at::from_blob(encoded.vectors.data(),
                    {static_cast<std::int64_t>(encoded.size()), static_cast<std::int64_t>(encoded.width)}, at::kFloat);
  return stream.objective->share(plan.loss, vectors, 0, 1, stream.model.parameters).loss;
}

TEST(ElasticWeightsTest, importance_is_the_squared_derivative_of_one_examples_log_likelihood) {
  const Group group;
  ContinualOptions options = tiny_continual("ewc");
  options.fisher_examples = 1;
  TinyStream stream(group, "bitfit", options, 1, /*dropout=*/0.5);
  const StepPlan example = stream.planner->example(1, 0);
  EXPECT_EQ(example.loss.anchor_rows.size(), 1u);
  stream.method->end_task(1, *stream.step);
  const std::span<float> importance = state_of(*stream.method, "continual.importance");
  const FlatLayout layout(stream.model.parameters);
  std::size_t compared = 0;
  for (std::size_t slot = 0; slot < layout.dense().size(); slot += 5) {
    for (std::size_t i = 0; i < layout.dense()[slot].size; i += 23) {
      float& value = stream.model.parameters.value(layout.dense()[slot].parameter).data_ptr<float>()[i];
      const float before = value, by = 2e-3f;
      value = before + by;
      const double above = loss_of(stream, group, example);
      value = before - by;
      const double below = loss_of(stream, group, example);
      value = before;
      const double slope = (above - below) / (2 * double{by});
      EXPECT_NEAR(importance[layout.dense()[slot].offset + i], slope * slope, 0.03 * slope * slope + 2e-5);
      compared += std::abs(slope) > 0.02 ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 5u) << "too few parameters matter for the test to tell anything";
}

TEST(ElasticWeightsTest, more_examples_are_averaged_and_the_penalty_starts_at_nothing) {
  const Group group;
  ContinualOptions options = tiny_continual("ewc");
  options.fisher_examples = 2;
  TinyStream stream(group, "bitfit", options);
  const FlatLayout layout(stream.model.parameters);
  std::vector<float> expected(layout.state_size(), 0.0f);
  for (std::int64_t example = 0; example < 2; ++example) {
    GradientSum gradient = stream.step->gradient(stream.planner->example(0, example));
    visit_gradient(gradient, layout, [&](std::size_t at, float value) { expected[at] += value * value / 2; });
    stream.step->give_back(std::move(gradient));
  }
  stream.method->end_task(0, *stream.step);
  const std::span<float> importance = state_of(*stream.method, "continual.importance");
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(importance[i], expected[i], 1e-6 + 1e-4 * expected[i]);
  GradientSum nothing{AlignedBuffer(layout.dense_size()), {}};
  EXPECT_EQ(stream.method->add_penalty(nothing), 0.0);
}

// Loss h / 2 (p - c)^2 by small steps down its gradient: what the way took off the loss is the sum of - g dp, so that
// importance is h / 2 (p_0 - c)^2 / ((p_0 - c)^2 + damping) where the way ends at c.
TEST(SynapticIntelligenceTest, the_path_integral_of_a_quadratic_is_what_it_took_off_the_loss) {
  ContinualOptions options = tiny_continual("si");
  options.damping = 0.01;
  TinyStream stream(k_alone, "bitfit", options);
  const ParameterIndex index = first_trained(stream);
  const FlatLayout layout(stream.model.parameters);
  ASSERT_EQ(layout.dense().front().parameter, index);
  float* values = stream.model.parameters.value(index).data_ptr<float>();
  values[0] = 1.0f;
  values[1] = 1.0f;
  const double h[] = {4.0, 0.5};
  stream.method->begin_task(0);
  for (int step = 0; step < 4000; ++step) {
    GradientSum gradient{AlignedBuffer(layout.dense_size()), {}};
    for (std::size_t i = 0; i < 2; ++i) gradient.dense.data()[i] = static_cast<float>(h[i] * (double{values[i]} - 0.2));
    stream.method->add_penalty(gradient);
    for (std::size_t i = 0; i < 2; ++i) values[i] -= 0.005f * gradient.dense.data()[i];
    stream.method->after_update();
  }
  EXPECT_NEAR(values[0], 0.2, 1e-3);
  stream.method->end_task(0, *stream.step);
  const std::span<float> importance = state_of(*stream.method, "continual.importance");
  for (std::size_t i = 0; i < 2; ++i) {
    const double way = 1.0 - double{values[i]};
    const double taken_off = h[i] / 2 * (0.8 * 0.8 - std::pow(double{values[i]} - 0.2, 2));
    EXPECT_NEAR(importance[i], taken_off / (way * way + 0.01), 0.02 * h[i]) << i;
  }
  EXPECT_EQ(importance[2], 0.0f) << "what never moved is not important";
}

TEST(RowDistillationTest, the_last_tasks_encoder_is_the_teacher_and_the_weights_stay) {
  const Group group;
  TinyStream stream(group, "bitfit", tiny_continual("lwf"), 1, /*dropout=*/0.0);
  EXPECT_TRUE(stream.method->targets(stream.planner->plan(2)).empty()) << "the first task has no teacher";
  stream.method->end_task(0, *stream.step);
  const StepPlan plan = stream.planner->plan(9);
  float& value = stream.model.parameters.value(first_trained(stream)).data_ptr<float>()[0];
  const float before = value;
  const std::vector<float> taught = stream.method->targets(plan).front().rows;
  value = before + 0.3f;
  const std::vector<SimilarityTargets> targets = stream.method->targets(plan);
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].rows, taught) << "the teacher must not follow";
  EXPECT_EQ(value, before + 0.3f);
  EXPECT_EQ(targets[0].rows.size(), plan.loss.anchor_rows.size() * plan.loss.candidate_rows.size());
  // At the teacher's own weights and without dropout the step's loss is the plain one.
  value = before;
  TinyStream plain(group, "bitfit", tiny_continual("naive"), 1, 0.0);
  EXPECT_NEAR(stream.step->run(plan, false).loss, plain.step->run(plain.planner->plan(9), false).loss, 1e-5);
}

TEST(DarkReplayTest, a_replayed_user_is_drawn_to_the_row_of_the_step_that_stored_it) {
  TinyStream stream(k_alone, "bitfit", tiny_continual("der"));
  Reservoir places(24, 1);
  std::map<std::size_t, std::vector<float>> stored;
  for (std::int64_t step = 0; step < 9; ++step) {
    const StepPlan plan = stream.planner->plan(step);
    const auto texts = static_cast<std::int64_t>(plan.texts.texts.size());
    AlignedBuffer values(static_cast<std::size_t>(texts * 4));
    for (std::size_t i = 0; i < values.size(); ++i)
      values.data()[i] = std::sin(static_cast<float>(i) + 10.0f * static_cast<float>(step));
    const at::Tensor embeddings = at::from_blob(values.data(), {texts, 4}, at::kFloat);
    stream.method->look(plan, embeddings);
    for (std::size_t pair = 0; pair < 7; ++pair) {
      const std::int64_t place = places.offer();
      if (place < 0) continue;
      const double scale = stream.objective->score_rule(stream.model.parameters).scale;
      stored[static_cast<std::size_t>(place)] =
          similarity_rows(embeddings, {plan.loss.anchor_rows[pair]}, plan.loss.probe_rows, scale);
    }
  }
  const StepPlan plan = stream.planner->plan(9);
  const std::vector<SimilarityTargets> targets = stream.method->targets(plan);
  ASSERT_EQ(targets.size(), 1u);
  ASSERT_EQ(targets[0].anchors.size(), 5u);
  EXPECT_EQ(targets[0].anchors.back(), plan.loss.anchor_rows.back());
  for (std::size_t i = 0; i < 5; ++i) {
    const std::vector<float>& row = stored.at(plan.loss.replayed[i]);
    for (std::size_t j = 0; j < row.size(); ++j) EXPECT_NEAR(targets[0].rows[i * row.size() + j], row[j], 1e-5);
  }
}

TEST(WeightAveragingTest, after_every_task_the_weights_are_the_mean_of_all_ends) {
  TinyStream stream(k_alone, "bitfit", tiny_continual("averaging"));
  float& value = stream.model.parameters.value(first_trained(stream)).data_ptr<float>()[3];
  const float ends[] = {1.0f, 4.0f, 10.0f};
  const float means[] = {1.0f, 2.5f, 5.0f};
  for (std::size_t task = 0; task < 3; ++task) {
    stream.method->begin_task(task);
    value = ends[task];
    stream.method->end_task(task, *stream.step);
    EXPECT_NEAR(value, means[task], 1e-5);
  }
}

TEST(TaskWeightsTest, every_task_begins_untrained_and_is_served_by_its_own_weights) {
  TinyStream stream(k_alone, "bitfit", tiny_continual("adapters"));
  float& value = stream.model.parameters.value(first_trained(stream)).data_ptr<float>()[3];
  const float untrained = value;
  EXPECT_FALSE(stream.method->serve(0));
  for (std::size_t task = 0; task < 2; ++task) {
    stream.method->begin_task(task);
    EXPECT_EQ(value, untrained);
    value = untrained + 1.0f + static_cast<float>(task);
    stream.method->end_task(task, *stream.step);
  }
  EXPECT_TRUE(stream.method->serve(0));
  EXPECT_EQ(value, untrained + 1.0f);
  EXPECT_TRUE(stream.method->serve(2));
  EXPECT_EQ(value, untrained + 2.0f) << "people of a task to come are served by the latest weights";
}

TEST(TrainStepTest, a_new_task_has_a_schedule_and_moments_of_its_own) {
  TinyStream stream(k_alone, "bitfit", tiny_continual("naive"));
  for (std::int64_t step = 0; step < TinyStream::k_steps; ++step) {
    const StepReport report = stream.step->run(stream.planner->plan(step), false);
    EXPECT_EQ(report.task_step, step);
  }
  const StepReport next = stream.step->run(stream.planner->plan(TinyStream::k_steps), false);
  EXPECT_EQ(next.task, 1u);
  EXPECT_DOUBLE_EQ(next.learning_rate, 2e-3 / 2);  // the first of two steps of warm-up
  // After one update from zero the moments are (1 - beta) g and (1 - beta) g^2: m^2 / v = (1 - beta1)^2 / (1 - beta2).
  const float m = stream.step->optimizer().first_moment()[0], v = stream.step->optimizer().second_moment()[0];
  EXPECT_NEAR(m * m / v, 0.01 / 0.001, 0.01);
}

}  // namespace
}  // namespace coldframe
