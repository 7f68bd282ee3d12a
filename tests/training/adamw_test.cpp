#include "framework/training/adamw.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

namespace coldframe {
namespace {

/// The rule in double precision, element by element, as the paper writes it.
struct Reference {
  double p, m = 0, v = 0;
  void step(double g, double lr, double wd, double b1, double b2, double eps, int t) {
    p *= 1 - lr * wd;
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * g * g;
    p -= lr * (m / (1 - std::pow(b1, t))) / (std::sqrt(v / (1 - std::pow(b2, t))) + eps);
  }
};

TEST(AdamWTest, follows_the_formula_over_fifty_steps) {
  ParameterStore store;
  store.add({.name = "w", .trainable = true, .decay = true}, at::full({37}, 0.5f));
  store.add({.name = "b", .trainable = true, .decay = false}, at::full({5}, -0.25f));
  const FlatLayout layout(store);
  OptimizerOptions options;
  options.weight_decay = 0.1;
  AdamW adamw(layout, options);
  std::vector<Reference> reference;
  for (int i = 0; i < 42; ++i) reference.push_back({i < 37 ? 0.5 : -0.25});
  for (int t = 1; t <= 50; ++t) {
    GradientSum gradient{AlignedBuffer(layout.dense_size()), {}};
    for (int i = 0; i < 42; ++i) {
      const double g = std::sin(0.7 * i + 0.3 * t);
      const std::size_t at = i < 37 ? static_cast<std::size_t>(i) : layout.dense()[1].offset + static_cast<std::size_t>(i - 37);
      gradient.dense.data()[at] = static_cast<float>(2 * g);
      reference[static_cast<std::size_t>(i)].step(g, 1e-2, i < 37 ? 0.1 : 0.0, 0.9, 0.999, 1e-8, t);
    }
    adamw.update(store, gradient, 1e-2, t, /*clip=*/0.5f);
  }
  for (int i = 0; i < 42; ++i) {
    const float* data = i < 37 ? store.value(0).data_ptr<float>() + i : store.value(1).data_ptr<float>() + (i - 37);
    EXPECT_NEAR(*data, reference[static_cast<std::size_t>(i)].p, 2e-6) << i;
  }
}

TEST(AdamWTest, rows_without_gradient_move_as_the_dense_rule_says) {
  // The same table once as dense parameter and once as sparse rows: bits must agree.
  ParameterStore dense_store, sparse_store;
  dense_store.add({.name = "table", .trainable = true}, at::full({6, 16}, 0.3f));
  sparse_store.add({.name = "table", .trainable = true, .sparse_rows = true}, at::full({6, 16}, 0.3f));
  const FlatLayout dense_layout(dense_store), sparse_layout(sparse_store);
  AdamW dense(dense_layout, {}), sparse(sparse_layout, {});
  for (int t = 1; t <= 5; ++t) {
    GradientSum full{AlignedBuffer(dense_layout.dense_size()), {}};
    GradientSum rows{AlignedBuffer(0), {SparseRows{16, {}, {}}}};
    for (const std::int64_t id : {std::int64_t{t % 3}, std::int64_t{5}}) {
      rows.sparse[0].ids.push_back(id);
      for (int d = 0; d < 16; ++d) {
        const float g = static_cast<float>(std::cos(t + d + static_cast<double>(id)));
        rows.sparse[0].rows.push_back(g);
        full.dense.data()[id * 16 + d] = g;
      }
    }
    dense.update(dense_store, full, 1e-2, t, 1.0f);
    sparse.update(sparse_store, rows, 1e-2, t, 1.0f);
  }
  EXPECT_TRUE(dense_store.value(0).equal(sparse_store.value(0)));
}

TEST(ParameterDigestTest, sees_a_single_bit_and_a_swap) {
  ParameterStore store;
  store.add({.name = "w", .trainable = true}, at::zeros({100}));
  const FlatLayout layout(store);
  float* data = store.value(0).data_ptr<float>();
  data[3] = 1.0f;
  data[4] = 2.0f;
  const std::uint64_t digest = parameter_digest(store, layout);
  std::swap(data[3], data[4]);
  EXPECT_NE(parameter_digest(store, layout), digest);
  std::swap(data[3], data[4]);
  EXPECT_EQ(parameter_digest(store, layout), digest);
  data[99] = std::nextafter(0.0f, 1.0f);
  EXPECT_NE(parameter_digest(store, layout), digest);
}

}  // namespace
}  // namespace coldframe
