#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/model/encoder_digest.h"
#include "framework/model/encoder_loader.h"
#include "framework/model/strategy.h"
#include "tests/model/golden.h"

namespace coldframe::test {

/// Texts end to end; the view key of text n is 1000 + n unless given.
inline PackedBatch pack(const TokenTexts& texts, std::vector<std::uint64_t> view_keys = {}) {
  PackedBatch batch;
  batch.row_offsets.push_back(0);
  for (std::size_t n = 0; n < texts.size(); ++n) {
    batch.token_ids.insert(batch.token_ids.end(), texts[n].begin(), texts[n].end());
    batch.row_offsets.push_back(batch.tokens());
    batch.view_keys.push_back(view_keys.empty() ? 1000 + n : view_keys[n]);
  }
  return batch;
}

/// An encoder with its parameters, and with a strategy when asked for.
struct Model {
  explicit Model(const EncoderOptions& options) : encoder(load_encoder(options, parameters)) {}
  explicit Model(const std::filesystem::path& folder) : Model(options_for(folder)) {}

  static EncoderOptions options_for(const std::filesystem::path& folder) {
    EncoderOptions options;
    options.folder = folder.string();
    return options;
  }

  Strategy& attach(std::string_view kind, const Options& options, std::uint64_t seed = 7) {
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    strategy = registry.require(kind).make(options);
    strategy->attach(*encoder, parameters, {seed, encoder_digest(*encoder, parameters)});
    return *strategy;
  }
  Strategy& attach(std::string_view kind) {
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    return attach(kind, *registry.require(kind).make_options());
  }

  at::Tensor embed(const PackedBatch& batch, const DropoutContext& dropout = {}) const {
    const ParameterView view(parameters, false);
    return encoder->forward({view, batch, dropout});
  }

  /// Gradients of sum(weights * embeddings) by parameter name; the token table's through its gathered rows.
  std::map<std::string, at::Tensor> gradients(const PackedBatch& batch, const at::Tensor& weights,
                                              const DropoutContext& dropout = {}) const {
    const ParameterView view(parameters, true);
    at::Tensor token_rows;
    const at::Tensor out = encoder->forward({view, batch, dropout, &token_rows});
    std::vector<at::Tensor> leaves;
    std::vector<std::string> names;
    for (const ParameterIndex index : parameters.trainable()) {
      const bool rows = parameters.info(index).sparse_rows;
      leaves.push_back(rows ? token_rows : view[index]);
      names.push_back(parameters.info(index).name);
    }
    const auto found = torch::autograd::grad({out}, leaves, {weights}, std::nullopt, false, true);
    std::map<std::string, at::Tensor> result;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const ParameterIndex index = parameters.find(names[i]);
      result[names[i]] = parameters.info(index).sparse_rows ? scatter(found[i], batch, index) : found[i];
    }
    return result;
  }

  ParameterStore parameters;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Strategy> strategy;

 private:
  at::Tensor scatter(const at::Tensor& rows, const PackedBatch& batch, ParameterIndex table) const {
    at::Tensor dense = at::zeros(parameters.value(table).sizes(), rows.options());
    for (std::int64_t t = 0; t < batch.tokens(); ++t) {
      dense.select(0, batch.token_ids[static_cast<std::size_t>(t)]).add_(rows.select(0, t));
    }
    return dense;
  }
};

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous();
  const at::Tensor y = b.contiguous();
  return x.sizes() == y.sizes() && std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

}  // namespace coldframe::test
