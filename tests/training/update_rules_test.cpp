#include "framework/training/update_rules.h"

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using testing::HasSubstr;

/// Three layers, of which the lowest is frozen, with adapters, embeddings and a temperature.
ParameterStore parameters() {
  ParameterStore store;
  const auto add = [&](const char* name, bool trainable, bool decay = true, double factor = 1) {
    store.add({.name = name, .trainable = trainable, .decay = decay, .learning_rate_factor = factor}, at::zeros({4}));
  };
  add("embeddings.LayerNorm.bias", true, false);                       // 0
  add("encoder.layer.0.output.dense.weight", false);                   // 1
  add("encoder.layer.1.output.dense.weight", true);                    // 2
  add("encoder.layer.2.output.dense.bias", true, false);               // 3
  add("lora.encoder.layer.2.attention.self.query.B", true, true, 16);  // 4
  add("encoder.relative_attention_bias.weight", true);                 // 5
  add("objective.log_scale", true, false);                             // 6
  return store;
}

UpdateRule rule(const OptimizerOptions& options, std::size_t index, std::int64_t steps = 1000) {
  return update_rules(parameters(), options, steps)[index];
}

std::string complaint(const OptimizerOptions& options, std::int64_t steps = 1000) {
  try {
    update_rules(parameters(), options, steps);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(UpdateRulesTest, without_options_every_parameter_has_its_own_factor_and_decay) {
  OptimizerOptions options;
  options.weight_decay = 0.3;
  EXPECT_EQ(rule(options, 2).learning_rate_factor, 1);
  EXPECT_EQ(rule(options, 2).weight_decay, 0.3);
  EXPECT_EQ(rule(options, 3).weight_decay, 0);
  EXPECT_EQ(rule(options, 4).learning_rate_factor, 16);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(rule(options, i).first_step, 0);
}

TEST(UpdateRulesTest, layer_decay_falls_from_the_highest_layer_to_the_embeddings) {
  OptimizerOptions options;
  options.layer_decay = 0.5;
  EXPECT_EQ(rule(options, 3).learning_rate_factor, 1);      // layer 2 of 3
  EXPECT_EQ(rule(options, 4).learning_rate_factor, 16);     // an adapter there
  EXPECT_EQ(rule(options, 2).learning_rate_factor, 0.5);    // layer 1
  EXPECT_EQ(rule(options, 0).learning_rate_factor, 0.125);  // one below layer 0
  EXPECT_EQ(rule(options, 5).learning_rate_factor, 0.125);  // what all layers read is no layer's
  EXPECT_EQ(rule(options, 6).learning_rate_factor, 1);      // the temperature lies in no layer
}

TEST(UpdateRulesTest, patterns_multiply_rates_and_replace_decays_and_the_first_match_counts) {
  OptimizerOptions options;
  options.layer_decay = 0.5;
  options.learning_rate_factors = {"layer.1.*:3", "output.dense.*:7"};
  options.weight_decays = {"*.bias:0.2", "log_scale:0.05"};
  EXPECT_EQ(rule(options, 2).learning_rate_factor, 1.5);
  EXPECT_EQ(rule(options, 3).learning_rate_factor, 7);
  EXPECT_EQ(rule(options, 4).learning_rate_factor, 16);
  EXPECT_EQ(rule(options, 3).weight_decay, 0.2);
  EXPECT_EQ(rule(options, 6).weight_decay, 0.05);
  EXPECT_EQ(rule(options, 2).weight_decay, options.weight_decay);
}

TEST(UpdateRulesTest, unfreezing_goes_down_the_trained_layers_and_ends_with_the_embeddings) {
  OptimizerOptions options;
  options.unfreeze_every = 10;
  options.unfreeze_at = {"relative_attention_bias.weight:5"};
  EXPECT_EQ(rule(options, 3).first_step, 0);  // layer 2
  EXPECT_EQ(rule(options, 4).first_step, 0);
  EXPECT_EQ(rule(options, 2).first_step, 10);  // layer 1; layer 0 is frozen for good and takes no turn
  EXPECT_EQ(rule(options, 0).first_step, 20);
  EXPECT_EQ(rule(options, 5).first_step, 5);
  EXPECT_EQ(rule(options, 6).first_step, 0);
}

TEST(UpdateRulesTest, patterns_without_effect_and_numbers_out_of_range_are_refused) {
  OptimizerOptions options;
  options.learning_rate_factors = {"layer.0.*:2"};  // frozen
  EXPECT_THAT(complaint(options), HasSubstr("optimizer.learning_rate_factors = layer.0.*"));
  options.learning_rate_factors = {"*:0"};
  EXPECT_THAT(complaint(options), HasSubstr("must be above 0"));
  options.learning_rate_factors = {"*"};
  EXPECT_THAT(complaint(options), HasSubstr("must be PATTERN:NUMBER"));
  options = {};
  options.weight_decays = {"*.bias:1.5"};
  EXPECT_THAT(complaint(options), HasSubstr("must be from 0 to 1"));
  options = {};
  options.unfreeze_at = {"*.bias:2.5"};
  EXPECT_THAT(complaint(options), HasSubstr("whole number of steps"));
  options.unfreeze_at = {"*.bias:-1"};
  EXPECT_THAT(complaint(options), HasSubstr("a step from 0 on"));
  options = {};
  options.unfreeze_every = 60;
  EXPECT_THAT(complaint(options, 100), HasSubstr("from step 120 on (the run has 100 steps)"));
  EXPECT_EQ(complaint(options, 121), "no error");
}

}  // namespace
}  // namespace coldframe
