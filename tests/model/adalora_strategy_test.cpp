#include "framework/model/adalora_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/model/orthogonality.h"
#include "framework/model/weight_files.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"
#include "tests/model/shaped_encoder.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using testing::HasSubstr;

const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

AdaloraOptions golden_options(const nlohmann::json& setting, const std::string& order) {
  AdaloraOptions options;
  options.initial_rank = setting["init_r"];
  options.rank = setting["target_r"];
  options.first_steps = setting["tinit"];
  options.final_steps = setting["tfinal"];
  options.every = setting["deltaT"];
  options.beta1 = setting["beta1"];
  options.beta2 = setting["beta2"];
  options.orthogonality = setting["orth_reg_weight"];
  options.order = order;
  return options;
}

/// A model whose training part is driven by hand: named values and gradients in every step.
struct Driven {
  explicit Driven(const AdaloraOptions& options, std::int64_t steps,
                  const std::filesystem::path& encoder = test::tiny_encoder())
      : model(encoder) {
    model.attach("adalora", options);
    training = model.strategy->training();
    training->begin(steps);
    for (const ParameterIndex index : model.parameters.trainable()) {
      gradients[index].resize(static_cast<std::size_t>(model.parameters.value(index).numel()));
    }
  }

  GradientOf gradient() {
    return [this](ParameterIndex index) { return std::span<float>(gradients.at(index)); };
  }
  void set(std::int64_t step) {
    for (auto& [index, values] : gradients) {
      at::Tensor& value = model.parameters.value(index);
      const std::string& name = model.parameters.info(index).name;
      value.copy_(test::golden_uniform(fmt::format("{}.value.{}", name, step), value.sizes()));
      const at::Tensor drawn = test::golden_uniform(fmt::format("{}.gradient.{}", name, step), value.sizes());
      std::copy_n(drawn.const_data_ptr<float>(), values.size(), values.data());
    }
  }
  /// Without the penalty, whose gradient would count.
  void step(std::int64_t step, float clip = 1) {
    set(step);
    training->after_reduction(step, model.parameters, gradient());
    training->after_update(step, clip, model.parameters, gradient());
  }
  const at::Tensor& value(const std::string& name) const {
    return model.parameters.value(model.parameters.require(name));
  }
  std::span<float> state(const std::string& name) const {
    for (const StrategyState& state : training->state()) {
      if (state.name == name) return state.values;
    }
    ADD_FAILURE() << name;
    return {};
  }

  Model model;
  StrategyTraining* training;
  std::map<ParameterIndex, std::vector<float>> gradients;
};

class AdaloraGoldenTest : public ::testing::Test {
 protected:
  const nlohmann::json golden_ = test::read_golden("adalora.json");
  const nlohmann::json& setting_ = golden_["setting"];
};

TEST_F(AdaloraGoldenTest, gives_up_the_triplets_that_peft_gives_up) {
  AdaloraOptions options = golden_options(setting_, "peft");
  options.orthogonality = 0;
  Driven driven(options, setting_["total_step"]);
  int dropped = 0;
  for (std::size_t i = 0; i < golden_["steps"].size(); ++i) {
    driven.step(static_cast<std::int64_t>(i) + 1);
    for (const auto& [name, kept] : golden_["steps"][i]["kept"].items()) {
      const at::Tensor& e = driven.value(name);
      for (std::int64_t j = 0; j < e.numel(); ++j) {
        EXPECT_EQ(e[j].item<float>() != 0, kept[static_cast<std::size_t>(j)].get<bool>())
            << name << " " << j << " in step " << i + 1;
        dropped += kept[static_cast<std::size_t>(j)].get<bool>() ? 0 : 1;
      }
    }
    if (i + 1 != 9) continue;
    for (const char* part : {"sensitivity", "uncertainty"}) {
      for (const auto& [name, expected] : golden_[part].items()) {
        const auto values = driven.state(fmt::format("adalora.{}.{}", part, name.substr(8)));
        const at::Tensor found = at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::kFloat);
        for (int k = 0; k < 4; ++k) {
          EXPECT_NEAR(test::project(name, k, found), expected[static_cast<std::size_t>(k)].get<double>(), 1e-5)
              << part << " " << name;
        }
      }
    }
  }
  EXPECT_GT(dropped, 50);
}

TEST_F(AdaloraGoldenTest, the_penalty_in_the_order_of_peft_is_that_of_peft) {
  Driven driven(golden_options(setting_, "peft"), setting_["total_step"]);
  for (const auto& [index, values] : driven.gradients) {
    at::Tensor& value = driven.model.parameters.value(index);
    value.copy_(test::golden_uniform(driven.model.parameters.info(index).name, value.sizes(), 0.3));
  }
  const double penalty = driven.training->after_reduction(1, driven.model.parameters, driven.gradient());
  EXPECT_NEAR(penalty, golden_["penalty"]["value"].get<double>(), 1e-6 * penalty);
  for (const auto& [name, expected] : golden_["penalty"]["gradients"].items()) {
    const std::vector<float>& values = driven.gradients.at(driven.model.parameters.require(name));
    const at::Tensor found =
        at::from_blob(const_cast<float*>(values.data()), {static_cast<std::int64_t>(values.size())}, at::kFloat);
    for (int k = 0; k < 4; ++k) {
      EXPECT_NEAR(test::project(name, k, found), expected[static_cast<std::size_t>(k)].get<double>(), 1e-5) << name;
    }
  }
}

TEST(OrthogonalityTest, gradients_are_those_of_finite_differences_and_are_added) {
  for (const PenaltyForm form : {PenaltyForm::squared, PenaltyForm::norm}) {
    for (const bool transposed : {false, true}) {
      at::Tensor stored = test::golden_uniform("p", transposed ? at::IntArrayRef{9, 3} : at::IntArrayRef{3, 9}, 0.4);
      const auto rows = [&] { return transposed ? stored.t() : stored; };
      std::vector<float> gradient(27, 2.0f), ignored(27);
      add_orthogonality(rows(), 0.7, form, gradient);
      for (std::size_t i = 0; i < 27; ++i) {
        float& element = stored.data_ptr<float>()[i];
        const float start = element;
        element = start + 1e-3f;
        const double up = add_orthogonality(rows(), 0.7, form, ignored);
        element = start - 1e-3f;
        const double down = add_orthogonality(rows(), 0.7, form, ignored);
        element = start;
        EXPECT_NEAR(gradient[i] - 2.0f, (up - down) / 2e-3, 2e-3) << i;
      }
    }
  }
  std::vector<float> gradient(4);
  const at::Tensor identity = at::eye(2, at::kFloat);
  EXPECT_EQ(add_orthogonality(identity, 1, PenaltyForm::norm, gradient), 0);
  EXPECT_THAT(gradient, testing::Each(0.0f));
}

TEST(AdaloraStrategyTest, importance_reads_the_weight_before_and_the_gradient_unclipped_or_as_peft_the_other_way) {
  for (const char* order : {"paper", "peft"}) {
    AdaloraOptions options;
    options.orthogonality = 0;
    options.order = order;
    Driven driven(options, 100);
    driven.set(1);
    const std::string name = "encoder.layer.0.attention.self.query.E";
    const ParameterIndex e = driven.model.parameters.require("adalora." + name);
    at::Tensor& value = driven.model.parameters.value(e);
    const double before = value[0].item<double>(), gradient = driven.gradients.at(e)[0];
    driven.training->after_reduction(1, driven.model.parameters, driven.gradient());
    value.mul_(3);
    driven.training->after_update(1, 0.25f, driven.model.parameters, driven.gradient());
    const double expected =
        std::string_view(order) == "paper" ? std::abs(before * gradient) : std::abs(3 * before * gradient * 0.25);
    EXPECT_NEAR(driven.state("adalora.sensitivity." + name)[0], 0.15 * expected, 1e-6) << order;
  }
}

TEST(AdaloraStrategyTest, the_penalty_is_part_of_the_gradient_that_importance_reads) {
  AdaloraOptions options;
  options.orthogonality = 0.5;
  Driven driven(options, 100);
  const std::string name = "encoder.layer.0.attention.self.query.Q";
  driven.training->after_reduction(1, driven.model.parameters, driven.gradient());  // gradients were 0
  const auto sensitivity = driven.state("adalora.sensitivity." + name);
  const ParameterIndex q = driven.model.parameters.require("adalora." + name);
  const double added = driven.gradients.at(q)[0],
               weight = std::as_const(driven.model.parameters).value(q)[0][0].item<double>();
  EXPECT_NE(added, 0);
  EXPECT_NEAR(sensitivity[0], 0.15 * std::abs(added * weight), 1e-9);
}

TEST(AdaloraStrategyTest, what_it_knows_can_be_carried_over_at_any_step) {
  AdaloraOptions options;
  options.first_steps = 2;
  options.final_steps = 3;
  options.every = 2;
  for (const std::int64_t stop : {3, 7, 10}) {
    Driven whole(options, 12), part(options, 12), rest(options, 12);
    for (std::int64_t step = 1; step <= 12; ++step) whole.step(step);
    for (std::int64_t step = 1; step <= stop; ++step) part.step(step);
    std::vector<StrategyState> from = part.training->state(), to = rest.training->state();
    ASSERT_EQ(from.size(), to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      ASSERT_EQ(from[i].name, to[i].name);
      std::ranges::copy(from[i].values, to[i].values.begin());
    }
    for (std::int64_t step = stop + 1; step <= 12; ++step) rest.step(step);
    for (const auto& [index, values] : whole.gradients) {
      EXPECT_TRUE(same_bits(rest.model.parameters.value(index), whole.model.parameters.value(index)))
          << whole.model.parameters.info(index).name << ", carried over after step " << stop;
    }
  }
}

TEST(AdaloraStrategyTest, triplets_given_up_are_left_out_of_the_folder_and_are_nothing_when_it_is_read) {
  AdaloraOptions options;
  options.initial_rank = 4;
  options.rank = 1;
  options.first_steps = 1;
  options.final_steps = 1;
  options.every = 1;
  options.orthogonality = 0;
  for (const bool without_gradients : {false, true}) {  // then all are worth nothing, and whole maps lose everything
    const test::ScratchFolder scratch;
    Driven driven(options, 6);
    for (std::int64_t step = 1; step <= 5; ++step) {
      driven.set(step);
      if (without_gradients) {
        for (auto& [index, values] : driven.gradients) std::ranges::fill(values, 0.0f);
      }
      driven.training->after_reduction(step, driven.model.parameters, driven.gradient());
      driven.training->after_update(step, 1, driven.model.parameters, driven.gradient());
    }
    driven.model.strategy->export_to(scratch.path() / "a", *driven.model.encoder, driven.model.parameters,
                                     test::tiny_encoder());
    std::int64_t rows = 0;
    const WeightFiles files(scratch.path() / "a" / "adapter_model.safetensors");
    for (const auto& [name, tensor] : files.tensors()) rows += name.ends_with("lora_E") ? tensor.entry->shape[0] : 0;
    EXPECT_EQ(rows, 4) << "one triplet per map on average";
    Model fresh(test::tiny_encoder());
    fresh.attach("adalora", options, 99);
    fresh.strategy->import_from(scratch.path() / "a", *fresh.encoder, fresh.parameters);
    EXPECT_LT((fresh.embed(pack(k_texts)) - driven.model.embed(pack(k_texts))).abs().max().item<double>(), 1e-6);
    EXPECT_GT(
        (fresh.embed(pack(k_texts)) - Model(test::tiny_encoder()).embed(pack(k_texts))).abs().max().item<double>(),
        1e-3);
    options.initial_rank = 5;
    Model other(test::tiny_encoder());
    other.attach("adalora", options);
    EXPECT_THAT(test::message_of<DataError>(
                    [&] { other.strategy->import_from(scratch.path() / "a", *other.encoder, other.parameters); }),
                HasSubstr("init_r = 4"));
    options.initial_rank = 4;
    test::change_json(scratch.path() / "a" / "adapter_config.json",
                      {{"rank_pattern", {{"encoder.layer.0.attention.self.query.lora_E", {true}}}}});
    EXPECT_THAT(test::message_of<DataError>(
                    [&] { fresh.strategy->import_from(scratch.path() / "a", *fresh.encoder, fresh.parameters); }),
                HasSubstr("must give encoder.layer.0.attention.self.query 4 truth values"));
  }
}

TEST(AdaloraStrategyTest, a_run_without_steps_to_give_up_in_is_refused) {
  Model model(test::tiny_encoder());
  model.attach("adalora");
  EXPECT_THAT(test::message_of<ConfigError>([&] { model.strategy->training()->begin(30); }),
              HasSubstr("first_steps + final_steps = 30 (the run has 30 steps"));
  model.strategy->training()->begin(31);
  AdaloraOptions options;
  options.rank = 13;
  EXPECT_THAT(options.validate(), testing::SizeIs(1));
}

TEST(AdaloraStrategyTest, counts_at_the_start_are_pinned) {
  AdaloraOptions options;
  options.initial_rank = 8;
  test::EncoderShape bert_base = test::k_bert_base_shape, minilm = test::k_minilm_shape;
  for (test::EncoderShape* shape : {&bert_base, &minilm}) shape->vocabulary = 10, shape->positions = 8;
  EXPECT_EQ(test::trainable_of(bert_base, "adalora", options), 295'104);
  EXPECT_EQ(test::trainable_of(minilm, "adalora", options), 73'824);
}

}  // namespace
}  // namespace coldframe
