#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/model/encoder_fixture.h"

namespace coldframe::test {

/// Gives the trained parameters of an adapter the values that the goldens were made with; the encoder's own keep
/// theirs.
inline void set_golden_values(Model& model, double scale = 0.05) {
  const std::vector<ParameterIndex>& own = model.encoder->parameters();
  for (const ParameterIndex index : model.parameters.trainable()) {
    if (std::find(own.begin(), own.end(), index) != own.end()) continue;
    at::Tensor& value = model.parameters.value(index);
    value.copy_(golden_uniform(model.parameters.info(index).name, value.sizes(), scale));
  }
}

/// Per tensor: the norm and four projections of the gradient of sum(c * embedding), each within
/// 1e-4 max(|g|, 1e-6 |g of all tensors|) of the values transformers and peft found in double precision. Biases of keys
/// are apart: a softmax does not see a constant shift of its scores, so their gradient is exactly zero, and what single
/// precision leaves of the cancelled sums must stay below 1e-8 |g of all tensors|.
inline void expect_gradients(const std::map<std::string, at::Tensor>& gradients, const nlohmann::json& expected) {
  ASSERT_EQ(gradients.size(), expected.size());
  double all = 0;
  for (const nlohmann::json& tensor : expected) all += std::pow(tensor[0].get<double>(), 2);
  for (const auto& [name, values] : expected.items()) {
    ASSERT_TRUE(gradients.contains(name)) << name;
    const at::Tensor& gradient = gradients.at(name);
    const double norm = values[0];
    const bool cancels = name.ends_with("attention.self.key.bias") || name.ends_with("attention.attn.k.bias");
    const double tolerance = cancels ? 1e-8 * std::sqrt(all) : 1e-4 * std::max(norm, 1e-6 * std::sqrt(all));
    if (cancels) {
      EXPECT_LT(norm, 1e-14 * std::sqrt(all)) << name;
    }
    EXPECT_NEAR(norm_of(gradient), norm, tolerance) << name;
    for (int k = 0; k + 1 < static_cast<int>(values.size()); ++k) {
      EXPECT_NEAR(project(name, k, gradient), values[static_cast<std::size_t>(k) + 1].get<double>(), tolerance)
          << name << ", projection " << k;
    }
  }
}

inline void expect_gradients(Model& model, const nlohmann::json& golden, const std::string& kind, double scale = 0.05) {
  if (kind != "full") set_golden_values(model, scale);
  const PackedBatch batch = pack(golden["gradient_texts"].get<TokenTexts>());
  const at::Tensor weights = golden_uniform("loss", {batch.texts(), model.encoder->width()});
  expect_gradients(model.gradients(batch, weights), golden["gradients"][kind]);
}

/// Embeddings of `texts` within 2e-5 per projection, and gradients, of what another implementation found for a model
/// with the same values.
inline void expect_golden_answers(Model& model, const nlohmann::json& texts, const nlohmann::json& golden) {
  const PackedBatch batch = pack(texts.get<TokenTexts>());
  const at::Tensor embeddings = model.embed(batch);
  for (std::int64_t n = 0; n < embeddings.size(0); ++n) {
    for (int k = 0; k < 4; ++k) {
      EXPECT_NEAR(project("embedding." + std::to_string(n), k, embeddings[n]),
                  golden["projections"][static_cast<std::size_t>(n)][static_cast<std::size_t>(k)].get<double>(), 2e-5);
    }
  }
  const at::Tensor weights = golden_uniform("loss", {batch.texts(), model.encoder->width()});
  expect_gradients(model.gradients(batch, weights), golden["gradients"]);
}

/// Compares every gradient of sum(c * embedding) with a central difference along its own direction, where the slope is
/// its norm, within 2 %; those with a norm below 1e-3, and names with another ending, are passed over. Returns how many
/// were compared.
inline int expect_slopes(Model& model, const PackedBatch& batch, const DropoutContext& dropout,
                         std::string_view ending = "") {
  const at::Tensor weights = golden_uniform("difference", {batch.texts(), 64});
  const auto loss = [&] {
    return (model.embed(batch, dropout).to(at::kDouble) * weights.to(at::kDouble)).sum().item<double>();
  };
  int checked = 0;
  for (const auto& [name, gradient] : model.gradients(batch, weights, dropout)) {
    const double norm = norm_of(gradient);
    if (norm < 1e-3 || !name.ends_with(ending)) continue;
    at::Tensor& value = model.parameters.value(model.parameters.require(name));
    const at::Tensor start = value.clone();
    const double step = 1e-2 / std::max(1.0, norm);
    value.copy_(start + gradient * (step / norm));
    const double up = loss();
    value.copy_(start - gradient * (step / norm));
    const double down = loss();
    value.copy_(start);
    EXPECT_NEAR((up - down) / (2 * step), norm, 0.02 * norm) << name;
    ++checked;
  }
  return checked;
}

}  // namespace coldframe::test
