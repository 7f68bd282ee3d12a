#pragma once

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/model/golden.h"

namespace coldframe::test {

/// Compares with projections of embeddings computed in double: each within 2e-5, and the root mean square of our errors
/// at most twice that of transformers in single precision.
inline void expect_embeddings(const at::Tensor& embeddings, const nlohmann::json& golden) {
  const nlohmann::json& projections = golden["projections"];
  ASSERT_EQ(static_cast<std::size_t>(embeddings.size(0)), projections.size());
  double ours = 0, theirs = 0;
  for (std::int64_t n = 0; n < embeddings.size(0); ++n) {
    const auto row = static_cast<std::size_t>(n);
    for (int k = 0; k < static_cast<int>(projections[row].size()); ++k) {
      const double exact = projections[row][static_cast<std::size_t>(k)];
      const double single = golden["transformers_projections"][row][static_cast<std::size_t>(k)];
      const double found = project("embedding." + std::to_string(n), k, embeddings[n]);
      EXPECT_NEAR(found, exact, 2e-5) << "text " << n << ", projection " << k;
      ours += (found - exact) * (found - exact);
      theirs += (single - exact) * (single - exact);
    }
  }
  EXPECT_LE(std::sqrt(ours), 2 * std::sqrt(theirs));
  testing::Test::RecordProperty("error_relative_to_transformers", std::to_string(std::sqrt(ours / theirs)));
}

}  // namespace coldframe::test
