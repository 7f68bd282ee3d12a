#include "framework/model/transformer_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "framework/core/error.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using test::same_bits;
using testing::AllOf;
using testing::HasSubstr;

/// Rewrites the weights of a copy of the tiny encoder and loads them.
class TransformerWeightsTest : public testing::Test {
 protected:
  TransformerWeightsTest() : folder_(scratch_.copy_of_tiny_encoder()), file_(folder_ / "model.safetensors") {
    const WeightFiles files(file_);
    for (const auto& [name, stored] : files.tensors()) weights_[name] = files.read(name);
  }

  void write_as(const std::filesystem::path& file, TensorType type, at::ScalarType scalar,
                const std::map<std::string, at::Tensor>& weights) {
    std::vector<TensorDeclaration> declarations;
    for (const auto& [name, tensor] : weights) declarations.push_back({name, type, tensor.sizes().vec()});
    SafetensorsWriter writer(file, declarations);
    for (const auto& [name, tensor] : weights) {
      const at::Tensor stored = tensor.to(scalar).contiguous();
      writer.write(name, {static_cast<const std::byte*>(stored.const_data_ptr()), stored.nbytes()});
    }
    writer.commit();
  }
  void write(const std::map<std::string, at::Tensor>& weights) {
    write_as(file_, TensorType::f32, at::kFloat, weights);
  }
  std::string complaint() {
    return test::message_of<DataError>([&] { test::Model model(folder_); });
  }
  void expect_original(const test::Model& model, at::ScalarType rounding = at::kFloat) {
    for (const ParameterIndex index : model.encoder->parameters()) {
      const at::Tensor& original = weights_.at(model.parameters.info(index).name);
      EXPECT_TRUE(same_bits(model.parameters.value(index), original.to(rounding).to(at::kFloat)))
          << model.parameters.info(index).name;
    }
  }

  test::ScratchFolder scratch_;
  std::filesystem::path folder_;
  std::filesystem::path file_;
  std::map<std::string, at::Tensor> weights_;
};

TEST_F(TransformerWeightsTest, marks_decay_and_sparse_rows_and_leaves_the_pooler_out) {
  const test::Model model(folder_);
  expect_original(model);
  const ParameterStore& parameters = model.parameters;
  EXPECT_EQ(parameters.find("pooler.dense.weight"), -1);
  EXPECT_EQ(parameters.size(), 5u + 2 * 16);
  EXPECT_TRUE(parameters.info(parameters.require("embeddings.word_embeddings.weight")).sparse_rows);
  EXPECT_FALSE(parameters.info(parameters.require("embeddings.position_embeddings.weight")).sparse_rows);
  EXPECT_TRUE(parameters.info(parameters.require("encoder.layer.0.output.dense.weight")).decay);
  EXPECT_FALSE(parameters.info(parameters.require("encoder.layer.0.output.dense.bias")).decay);
  EXPECT_FALSE(parameters.info(parameters.require("encoder.layer.0.output.LayerNorm.weight")).decay);
  EXPECT_EQ(parameters.trainable_count(), 0);
}

TEST_F(TransformerWeightsTest, half_and_bfloat16_files_load_as_the_rounded_values) {
  write_as(file_, TensorType::f16, at::kHalf, weights_);
  expect_original(test::Model(folder_), at::kHalf);
  write_as(file_, TensorType::bf16, at::kBFloat16, weights_);
  expect_original(test::Model(folder_), at::kBFloat16);
}

TEST_F(TransformerWeightsTest, prefixed_names_old_norm_names_heads_and_buffers_are_known) {
  std::map<std::string, at::Tensor> renamed;
  for (const auto& [name, tensor] : weights_) {
    std::string old = "bert." + name;
    if (old.ends_with("LayerNorm.weight")) old.replace(old.size() - 6, 6, "gamma");
    if (old.ends_with("LayerNorm.bias")) old.replace(old.size() - 4, 4, "beta");
    renamed[old] = tensor;
  }
  renamed["cls.predictions.bias"] = test::golden_uniform("head", {7});
  renamed["bert.embeddings.position_ids"] = test::golden_uniform("buffer", {1, 128});
  write(renamed);
  expect_original(test::Model(folder_));
}

TEST_F(TransformerWeightsTest, shards_named_by_an_index) {
  std::map<std::string, at::Tensor> shards[2];
  nlohmann::json map;
  for (const auto& [name, tensor] : weights_) {
    const int shard = name.starts_with("encoder.") ? 1 : 0;
    shards[shard][name] = tensor;
    map[name] = shard == 0 ? "a.safetensors" : "b.safetensors";
  }
  std::filesystem::remove(file_);
  write_as(folder_ / "a.safetensors", TensorType::f32, at::kFloat, shards[0]);
  write_as(folder_ / "b.safetensors", TensorType::f32, at::kFloat, shards[1]);
  const std::filesystem::path index = folder_ / "model.safetensors.index.json";
  write_json(index, {{"metadata", nlohmann::json::object()}, {"weight_map", map}});
  expect_original(test::Model(folder_));

  const std::string moved = "encoder.layer.0.output.dense.bias";
  nlohmann::json wrong = map;
  wrong[moved] = "a.safetensors";
  write_json(index, {{"weight_map", wrong}});
  EXPECT_THAT(complaint(), AllOf(HasSubstr(moved), HasSubstr("a.safetensors")));
  wrong.erase(moved);
  write_json(index, {{"weight_map", wrong}});
  EXPECT_THAT(complaint(), AllOf(HasSubstr(moved), HasSubstr("the index names every tensor")));
  wrong[moved] = "../a.safetensors";
  write_json(index, {{"weight_map", wrong}});
  EXPECT_THAT(complaint(), HasSubstr("no file in the same folder"));
  write_json(index, {{"weight_map", map}});
  std::filesystem::remove(folder_ / "b.safetensors");
  EXPECT_THROW(test::Model{folder_}, Error);
}

TEST_F(TransformerWeightsTest, a_missing_tensor_is_named) {
  weights_.erase("encoder.layer.1.attention.self.key.bias");
  write(weights_);
  EXPECT_THAT(complaint(),
              AllOf(HasSubstr("model.safetensors lacks"), HasSubstr("encoder.layer.1.attention.self.key.bias")));
}

TEST_F(TransformerWeightsTest, an_extra_tensor_is_named) {
  weights_["encoder.layer.2.output.dense.bias"] = test::golden_uniform("extra", {64});
  write(weights_);
  EXPECT_THAT(complaint(), HasSubstr("encoder.layer.2.output.dense.bias, which this encoder does not have"));
}

TEST_F(TransformerWeightsTest, a_weight_under_two_names_is_an_error) {
  weights_["bert.embeddings.LayerNorm.bias"] = weights_["embeddings.LayerNorm.bias"];
  write(weights_);
  EXPECT_THAT(complaint(), HasSubstr("twice"));
}

TEST_F(TransformerWeightsTest, a_misshapen_tensor_is_named_with_both_shapes) {
  weights_["encoder.layer.0.intermediate.dense.weight"] = test::golden_uniform("wrong", {64, 128});
  write(weights_);
  EXPECT_THAT(complaint(), AllOf(HasSubstr("encoder.layer.0.intermediate.dense.weight"), HasSubstr("[64, 128]"),
                                 HasSubstr("must be [128, 64]")));
}

TEST_F(TransformerWeightsTest, integers_nan_and_infinity_are_errors) {
  write_as(file_, TensorType::i32, at::kInt, weights_);
  EXPECT_THAT(complaint(), HasSubstr("has type I32"));
  at::Tensor bad = weights_["embeddings.LayerNorm.bias"].clone();
  bad[3] = std::numeric_limits<float>::quiet_NaN();
  weights_["embeddings.LayerNorm.bias"] = bad;
  write(weights_);
  EXPECT_THAT(complaint(), AllOf(HasSubstr("embeddings.LayerNorm.bias"), HasSubstr("nan at element 3")));
}

TEST_F(TransformerWeightsTest, truncated_empty_and_absent_files_are_errors) {
  const auto size = std::filesystem::file_size(file_);
  for (const std::uintmax_t kept : {size - 1, size / 2, std::uintmax_t{100}, std::uintmax_t{7}, std::uintmax_t{0}}) {
    std::filesystem::resize_file(file_, kept);
    EXPECT_THAT(complaint(), HasSubstr("model.safetensors")) << kept << " bytes";
    write(weights_);
  }
  std::filesystem::remove(file_);
  EXPECT_THAT(complaint(), HasSubstr("no weights in"));
  test::write_text(folder_ / "pytorch_model.bin", "x");
  EXPECT_THAT(complaint(), HasSubstr("pickle"));
}

}  // namespace
}  // namespace coldframe
