// What every way of changing linear maps trains, on the shapes of two real encoders.

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "framework/model/transformer_encoder.h"
#include "framework/model/transformer_weights.h"
#include "framework/model/ia3_strategy.h"
#include "framework/model/loha_strategy.h"
#include "framework/model/lokr_strategy.h"
#include "framework/model/lora_options.h"
#include "framework/model/strategy.h"
#include "framework/model/vera_strategy.h"

namespace coldframe {
namespace {

/// A shape without its weights: counts depend on nothing else, not even on the vocabulary.
struct Shape {
  TransformerConfig config;

  std::int64_t trained(std::string_view kind, const Options& options) const {
    ParameterStore parameters;
    for (const TensorShape& tensor : tensor_shapes(config)) {
      parameters.add({.name = tensor.name}, at::zeros(tensor.shape, at::TensorOptions().dtype(at::kFloat)));
    }
    TransformerEncoder encoder(config, EncoderHead{Pooling::mean, Normalization::none, config.positions}, parameters);
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    registry.require(kind).make(options)->attach(encoder, parameters, {});
    return parameters.trainable_count();
  }
};

Shape shape(std::int64_t layers, std::int64_t width) {
  return {{.layers = layers,
           .width = width,
           .heads = 12,
           .inner_width = 4 * width,
           .vocabulary = 10,
           .positions = 8,
           .token_types = 1}};
}

void expect_counts(std::string_view kind, const Options& options, std::int64_t minilm, std::int64_t bert_base) {
  EXPECT_EQ(shape(6, 384).trained(kind, options), minilm) << kind;
  EXPECT_EQ(shape(12, 768).trained(kind, options), bert_base) << kind;
}

LoraOptions all_linears() {
  LoraOptions options;
  options.targets = {"*"};
  return options;
}

TEST(LinearCountsTest, lora_trains_2rd_per_square_map) {
  expect_counts("lora", LoraOptions(), 73'728, 294'912);
  expect_counts("lora", all_linears(), 331'776, 1'327'104);
}

TEST(LinearCountsTest, dora_trains_a_magnitude_per_row_more) { expect_counts("dora", LoraOptions(), 78'336, 313'344); }

TEST(LinearCountsTest, vera_trains_two_vectors_per_map) { expect_counts("vera", VeraOptions(), 7'680, 24'576); }

TEST(LinearCountsTest, ia3_trains_the_factors_of_the_paper_or_those_of_peft) {
  Ia3Options peft;
  peft.input_targets = {"attention.output", "feed_forward.output"};
  expect_counts("ia3", Ia3Options(), 13'824, 55'296);
  expect_counts("ia3", peft, 16'128, 64'512);
}

TEST(LinearCountsTest, loha_trains_two_low_rank_updates_per_map) {
  expect_counts("loha", LohaOptions(), 2 * 73'728, 2 * 294'912);
}

TEST(LinearCountsTest, lokr_trains_the_parts_of_even_splits) {
  // 384 = 16 * 24: C [16, 16], and D [24, 24] as a product of rank 8. 768 = 24 * 32.
  expect_counts("lokr", LokrOptions(), 2 * 6 * (16 * 16 + 2 * 8 * 24), 2 * 12 * (24 * 24 + 2 * 8 * 32));
}

}  // namespace
}  // namespace coldframe
