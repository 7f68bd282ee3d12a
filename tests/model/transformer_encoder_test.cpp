#include "framework/model/transformer_encoder.h"

#include <ATen/Parallel.h>
#include <ATen/ops/ones_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "framework/core/error.h"
#include "framework/model/full_strategy.h"
#include "framework/model/pfeiffer_strategy.h"
#include "tests/model/embedding_golden.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using testing::HasSubstr;

constexpr DropoutContext k_active{.active = true, .seed = 5, .step = 9};

TEST(TransformerEncoderTest, embeddings_match_double_precision_for_all_activations_and_heads) {
  const nlohmann::json golden = test::read_golden("model_tiny.json");
  const auto texts = golden["texts"].get<test::TokenTexts>();
  const test::ScratchFolder scratch;
  for (const nlohmann::json& variant : golden["embeddings"]) {
    const std::filesystem::path folder = scratch.copy_of_tiny_encoder();
    test::change_json(folder / "config.json", variant["config"]);
    EncoderOptions options = Model::options_for(folder);
    options.pooling = variant["pooling"];
    options.normalize = variant["normalize"].get<bool>() ? "yes" : "no";
    test::expect_embeddings(Model(options).embed(pack(texts)), variant);
  }
}

TEST(TransformerEncoderTest, embeddings_do_not_depend_on_the_micro_batch_beyond_rounding) {
  const Model model(test::tiny_encoder());
  const test::TokenTexts texts = {{4, 5}, {6, 7, 8}, {9, 10, 11}};
  const at::Tensor together = model.embed(pack(texts), k_active);
  for (std::size_t n = 0; n < texts.size(); ++n) {
    const at::Tensor alone = model.embed(pack({texts[n]}, {1000 + n}), k_active);
    EXPECT_LT((alone[0] - together[static_cast<std::int64_t>(n)]).abs().max().item<float>(), 1e-6);
  }
}

TEST(TransformerEncoderTest, lanes_on_threads_give_the_bits_of_one_thread) {
  const nlohmann::json golden = test::read_golden("model_tiny.json");
  const PackedBatch batch = pack(golden["texts"].get<test::TokenTexts>());
  Model model(test::tiny_encoder());
  model.attach("full");
  const at::Tensor weights = test::golden_uniform("lanes", {batch.texts(), 64});
  constexpr std::size_t lanes = 4;
  std::map<std::string, at::Tensor> expected;
  std::vector<std::map<std::string, at::Tensor>> found(lanes);
  const auto lane = [&](std::map<std::string, at::Tensor>& result) {
    at::set_num_threads(1);
    for (int repeat = 0; repeat < 3; ++repeat) result = model.gradients(batch, weights, k_active);
  };
  std::thread(lane, std::ref(expected)).join();
  std::vector<std::jthread> threads;
  for (auto& result : found) threads.emplace_back(lane, std::ref(result));
  threads.clear();
  for (const auto& result : found) {
    for (const auto& [name, gradient] : expected) EXPECT_TRUE(same_bits(result.at(name), gradient)) << name;
  }
}

TEST(TransformerEncoderTest, gathered_token_rows_carry_the_gradient_of_the_table) {
  Model model(test::tiny_encoder());
  model.attach("full");
  const PackedBatch batch = pack({{4, 5, 4}, {4, 9, 100}});
  const at::Tensor weights = test::golden_uniform("rows", {2, 64});
  const std::map<std::string, at::Tensor> sparse = model.gradients(batch, weights);
  const ParameterView view(model.parameters, true);
  const at::Tensor out = model.encoder->forward({view, batch, {}});
  const ParameterIndex table = model.encoder->token_table();
  const at::Tensor dense = torch::autograd::grad({out}, {view[table]}, {weights})[0];
  EXPECT_LT((dense - sparse.at("embeddings.word_embeddings.weight")).abs().max().item<float>(), 1e-6);
  EXPECT_GT(dense[4].abs().max().item<float>(), 1e-3);
}

TEST(TransformerEncoderTest, given_token_rows_are_used_and_receive_gradients_under_a_frozen_encoder) {
  const Model model(test::tiny_encoder());
  const PackedBatch batch = pack({{4, 5, 6}});
  const ParameterView view(model.parameters, true);
  at::Tensor rows = test::golden_uniform("given rows", {3, 64}).requires_grad_();
  const at::Tensor out = model.encoder->forward({view, batch, {}, &rows});
  EXPECT_GT((out - model.embed(batch)).abs().max().item<float>(), 1e-3);
  const at::Tensor gradient = torch::autograd::grad({out}, {rows}, {at::ones_like(out)})[0];
  EXPECT_GT(gradient.abs().max().item<float>(), 0);
}

TEST(TransformerEncoderTest, nothing_is_recorded_below_the_lowest_trainable_site) {
  Model model(test::tiny_encoder());
  FullOptions options;
  options.parameters = {"encoder.layer.1.output.dense.*"};
  model.attach("full", options);
  const ParameterView view(model.parameters, true);
  EXPECT_EQ(model.encoder->first_trainable_layer(view), 1);
  at::Tensor rows;
  const at::Tensor out = model.encoder->forward({view, pack({{4, 5}}), {}, &rows});
  EXPECT_FALSE(rows.defined());
  // The graph holds the last linear map, residual, norm, pooling and normalisation, but no attention.
  std::vector<torch::autograd::Node*> open = {out.grad_fn().get()};
  std::vector<std::string> names;
  while (!open.empty()) {
    torch::autograd::Node* node = open.back();
    open.pop_back();
    names.push_back(node->name());
    for (const auto& edge : node->next_edges()) {
      if (edge.function) open.push_back(edge.function.get());
    }
  }
  EXPECT_THAT(names, testing::Not(testing::Contains(HasSubstr("Attention"))));
  EXPECT_THAT(names, testing::Contains(HasSubstr("ProductFunction")));
  EXPECT_LE(names.size(), 10u);
}

TEST(TransformerEncoderTest, frozen_dropout_decides_about_masks_below_the_lowest_trainable_site) {
  Model model(test::tiny_encoder());
  FullOptions options;
  options.parameters = {"encoder.layer.1.*"};
  model.attach("full", options);
  DropoutContext without_frozen = k_active;
  without_frozen.below_trainable = false;
  const PackedBatch batch = pack({{4, 5, 6, 7}});
  const at::Tensor kept = model.embed(batch, k_active);
  const at::Tensor left_out = model.embed(batch, without_frozen);
  EXPECT_FALSE(same_bits(kept, left_out));
  // A view with gradients draws the same masks as one without.
  const ParameterView view(model.parameters, true);
  EXPECT_TRUE(same_bits(model.encoder->forward({view, batch, without_frozen}).detach(), left_out));

  Model all(test::tiny_encoder());
  all.attach("full");
  EXPECT_TRUE(same_bits(all.embed(batch, k_active), all.embed(batch, without_frozen)));
  const Model frozen(test::tiny_encoder());
  EXPECT_TRUE(same_bits(frozen.embed(batch, without_frozen), frozen.embed(batch)));
}

TEST(TransformerEncoderTest, dropout_rates_come_from_the_folder_unless_overridden) {
  EncoderOptions options = Model::options_for(test::tiny_encoder());
  const PackedBatch batch = pack({{4, 5, 6, 7}});
  const Model folder(options);
  EXPECT_FALSE(same_bits(folder.embed(batch, k_active), folder.embed(batch)));
  options.hidden_dropout = options.attention_dropout = 0;
  const Model off(options);
  EXPECT_TRUE(same_bits(off.embed(batch, k_active), off.embed(batch)));
  EXPECT_TRUE(same_bits(off.embed(batch), folder.embed(batch)));
}

TEST(TransformerEncoderTest, an_empty_batch_has_no_embeddings) {
  const Model model(test::tiny_encoder());
  EXPECT_EQ(model.embed(pack({})).sizes(), (at::IntArrayRef{0, 64}));
}

TEST(TransformerEncoderTest, refuses_texts_it_cannot_encode) {
  const Model model(test::tiny_encoder());
  const std::int64_t vocabulary = model.encoder->vocabulary();
  EXPECT_THAT(test::message_of<DataError>([&] { model.embed(pack({std::vector<std::int64_t>(129, 5)})); }),
              HasSubstr("129 tokens"));
  EXPECT_THAT(test::message_of<DataError>([&] { model.embed(pack({{1}, {}})); }), HasSubstr("no tokens"));
  EXPECT_THAT(test::message_of<DataError>([&] { model.embed(pack({{vocabulary}})); }), HasSubstr("token id"));
  EXPECT_THAT(test::message_of<DataError>([&] { model.embed(pack({{-1}})); }), HasSubstr("token id -1"));
}

/// Texts of `lengths` made of keyed token ids.
test::TokenTexts texts_of(const std::vector<std::size_t>& lengths) {
  test::TokenTexts texts;
  for (const std::size_t length : lengths) {
    auto& text = texts.emplace_back();
    for (std::size_t t = 0; t < length; ++t) text.push_back(static_cast<std::int64_t>(5 + (31 * t + 17 * length) % 90));
  }
  return texts;
}

TEST(TransformerEncoderTest, goes_on_from_the_input_of_a_layer_with_the_bits_of_a_whole_pass) {
  const PackedBatch batch = pack(texts_of({3, 5, 5, 9}));
  const at::Tensor weights = test::golden_uniform("start", {4, 64});
  FullOptions upper;
  upper.parameters = {"encoder.layer.1.*"};
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    Model model(test::tiny_encoder());
    model.attach("full", upper);
    model.parameters.compute_in(precision);
    model.parameters.round_all();
    DropoutContext dropout = k_active;
    dropout.below_trainable = false;
    const std::int64_t rows = precision == Precision::fp32 ? batch.tokens() : 32;  // what a whole pass pads to
    const ParameterView quiet(model.parameters, false);
    const LayerInput start{1, model.encoder->layer_input({quiet, batch, {}}, 1, rows)};
    const auto pass = [&](const LayerInput* from) {
      const ParameterView view(model.parameters, true);
      ForwardContext context{view, batch, dropout};
      context.start = from;
      const at::Tensor out = model.encoder->forward(context);
      std::vector<at::Tensor> tensors{out}, leaves;
      for (const ParameterIndex index : model.parameters.trainable()) leaves.push_back(view[index]);
      for (const at::Tensor& gradient : torch::autograd::grad({out}, leaves, {weights})) tensors.push_back(gradient);
      return tensors;
    };
    const std::vector<at::Tensor> whole = pass(nullptr), begun = pass(&start);
    ASSERT_EQ(whole.size(), 17u);
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_TRUE(same_bits(whole[i], begun[i])) << i;
  }
}

/// Largest difference of the inputs of `layer` between texts in one pass and each text alone, at every place of a pass
/// of `rows` rows that `step` leads to; 0 also means equal bits.
double difference_by_place(const Model& model, std::int64_t layer, std::int64_t rows, std::size_t step) {
  const ParameterView view(model.parameters, false);
  double largest = 0;
  for (const std::size_t length : {1, 2, 7, 23}) {
    const test::TokenTexts text = texts_of({length});
    const at::Tensor alone = model.encoder->layer_input({view, pack(text), {}}, layer, rows);
    for (std::size_t before = 0; before + length <= static_cast<std::size_t>(rows); before += step) {
      const test::TokenTexts companions =
          before > 60 ? texts_of({before / 2, before - before / 2}) : texts_of({before});
      test::TokenTexts texts = before == 0 ? test::TokenTexts() : companions;
      texts.push_back(text.front());
      const at::Tensor there = model.encoder->layer_input({view, pack(texts), {}}, layer, rows)
                                   .narrow(0, static_cast<std::int64_t>(before), static_cast<std::int64_t>(length));
      if (same_bits(alone, there)) continue;
      largest = std::max(largest, (alone - there).abs().max().item<double>() + 1e-30);
    }
  }
  return largest;
}

TEST(TransformerEncoderTest, a_text_enters_a_layer_with_the_same_bits_wherever_it_stands_in_passes_of_one_shape) {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    Model model(test::tiny_encoder());
    model.parameters.compute_in(precision);
    model.parameters.round_all();
    EXPECT_EQ(difference_by_place(model, 2, 96, 3), 0);
  }
}

TEST(TransformerEncoderTest, so_does_a_text_in_passes_of_minilm) {
  if (!std::filesystem::exists(test::minilm_encoder())) {
    GTEST_SKIP() << test::minilm_encoder().string() << " is missing: cluster/setup.sh unpacks it";
  }
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    Model model(test::minilm_encoder());
    model.parameters.compute_in(precision);
    model.parameters.round_all();
    EXPECT_EQ(difference_by_place(model, 6, 128, 43), 0);
  }
}

  TEST(TransformerEncoderTest, a_block_takes_one_delta) {
    Model model(test::tiny_encoder());
    model.attach("pfeiffer");
    ParameterStore others;
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    const auto second = registry.require("pfeiffer").make(PfeifferOptions());
    EXPECT_THROW(second->attach(*model.encoder, others, {}), ConfigError);
  }

}  // namespace
}  // namespace coldframe
