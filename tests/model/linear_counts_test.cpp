// What every way of changing linear maps trains, on the shapes of two real encoders.

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "framework/model/bert_encoder.h"
#include "framework/model/bert_weights.h"
#include "framework/model/lora_options.h"
#include "framework/model/strategy.h"

namespace coldframe {
namespace {

/// A shape without its weights: counts depend on nothing else, not even on the vocabulary.
struct Shape {
  BertConfig config;

  std::int64_t trained(std::string_view kind, const Options& options) const {
    ParameterStore parameters;
    for (const TensorShape& tensor : bert_tensor_shapes(config)) {
      parameters.add({.name = tensor.name}, at::zeros(tensor.shape, at::TensorOptions().dtype(at::kFloat)));
    }
    BertEncoder encoder(config, EncoderHead{Pooling::mean, Normalization::none, config.positions}, parameters);
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    registry.require(kind).make(options)->attach(encoder, parameters, 1);
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

}  // namespace
}  // namespace coldframe
