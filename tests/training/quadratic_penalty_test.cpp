#include "framework/training/quadratic_penalty.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/training/gradient_projection.h"

namespace coldframe {
namespace {

/// A dense parameter of three values and a table of four rows of two.
struct Toy {
  Toy()
      : layout((store.add({.name = "w", .trainable = true}, at::full({3}, 1.0f)),
                store.add({.name = "table", .trainable = true, .sparse_rows = true}, at::full({4, 2}, 2.0f)), store)) {}

  void set(float w, float table) {
    store.value(0).fill_(w);
    store.value(1).fill_(table);
  }
  GradientSum no_gradient() const {
    GradientSum gradient{AlignedBuffer(layout.dense_size()), {}};
    gradient.sparse.push_back({2, {}, {}});
    return gradient;
  }
  /// w: 1, 0, 3; of the table row 1: 4, 0.
  AlignedBuffer importance() const {
    AlignedBuffer values(layout.state_size());
    values.data()[0] = 1;
    values.data()[2] = 3;
    values.data()[layout.sparse()[0].state_offset + 2] = 4;
    return values;
  }

  ParameterStore store;
  FlatLayout layout;
  LanePool pool{2};
};

// Around (1, 2), now at (1.5, 1): w moved by 1/2, the table by -1.
TEST(QuadraticPenaltyTest, value_and_gradient_by_hand) {
  Toy toy;
  QuadraticPenalty penalty(toy.layout);
  penalty.add_term(toy.importance().span(), toy.store);
  toy.set(1.5f, 1.0f);
  GradientSum gradient = toy.no_gradient();
  const double value = penalty.add_to(gradient, toy.store, /*lambda=*/10, toy.pool);
  EXPECT_NEAR(value, 10.0 / 2 * (1 * 0.25 + 3 * 0.25 + 4 * 1.0), 1e-6);
  EXPECT_FLOAT_EQ(gradient.dense.data()[0], 10 * 1 * 0.5f);
  EXPECT_FLOAT_EQ(gradient.dense.data()[1], 0);
  EXPECT_FLOAT_EQ(gradient.dense.data()[2], 10 * 3 * 0.5f);
  EXPECT_EQ(gradient.sparse[0].ids, (std::vector<std::int64_t>{1})) << "rows without importance have no gradient";
  EXPECT_EQ(gradient.sparse[0].rows, (std::vector<float>{10 * 4 * -1.0f, 0}));
}

TEST(QuadraticPenaltyTest, the_gradient_is_the_derivative_of_the_value) {
  Toy toy;
  QuadraticPenalty penalty(toy.layout);
  penalty.add_term(toy.importance().span(), toy.store);
  const auto value_at = [&](float w) {
    toy.set(w, 2.0f);
    GradientSum unused = toy.no_gradient();
    return penalty.add_to(unused, toy.store, 2, toy.pool);
  };
  const double slope = (value_at(1.71f) - value_at(1.69f)) / 0.02;
  toy.set(1.7f, 2.0f);
  GradientSum gradient = toy.no_gradient();
  penalty.add_to(gradient, toy.store, 2, toy.pool);
  EXPECT_NEAR(gradient.dense.data()[0] + gradient.dense.data()[2], slope, 1e-3);
}

TEST(QuadraticPenaltyTest, terms_of_two_tasks_are_the_sum_of_both) {
  Toy toy;
  QuadraticPenalty both(toy.layout), first(toy.layout), second(toy.layout);
  AlignedBuffer other = toy.importance();
  for (float& value : other.span()) value = 2 * value + 0.25f;
  both.add_term(toy.importance().span(), toy.store);
  first.add_term(toy.importance().span(), toy.store);
  toy.set(3.0f, -1.0f);
  both.add_term(other.span(), toy.store);
  second.add_term(other.span(), toy.store);
  toy.set(0.3f, 0.7f);
  GradientSum together = toy.no_gradient(), apart = toy.no_gradient();
  const double value = both.add_to(together, toy.store, 4, toy.pool);
  const double sum = first.add_to(apart, toy.store, 4, toy.pool) + second.add_to(apart, toy.store, 4, toy.pool);
  EXPECT_NEAR(value, sum, 1e-4);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(together.dense.data()[i], apart.dense.data()[i], 1e-4);
  ASSERT_EQ(together.sparse[0].rows.size(), apart.sparse[0].rows.size());
  for (std::size_t i = 0; i < together.sparse[0].rows.size(); ++i) {
    EXPECT_NEAR(together.sparse[0].rows[i], apart.sparse[0].rows[i], 1e-4);
  }
}

TEST(QuadraticPenaltyTest, a_replaced_term_fades_and_moves_to_the_latest_weights) {
  Toy toy;
  QuadraticPenalty penalty(toy.layout);
  penalty.replace_term(toy.importance().span(), 0.5, toy.store);
  toy.set(2.0f, 5.0f);
  penalty.replace_term(toy.importance().span(), 0.5, toy.store);
  EXPECT_FLOAT_EQ(penalty.importance()[2], 0.5f * 3 + 3);
  GradientSum gradient = toy.no_gradient();
  EXPECT_EQ(penalty.add_to(gradient, toy.store, 7, toy.pool), 0.0);
}

// g = (1, -2), r = (1, 1): g.r = -1, r.r = 2, so g + r / 2 = (1.5, -1.5). The third value is r's alone in the second
// case.
TEST(GradientProjectionTest, removes_what_would_raise_the_past_by_hand) {
  const auto sum_of = [](std::vector<float> dense, std::vector<std::int64_t> ids, std::vector<float> rows) {
    GradientSum sum{AlignedBuffer(dense.size()), {{1, std::move(ids), std::move(rows)}}};
    std::copy(dense.begin(), dense.end(), sum.dense.data());
    return sum;
  };
  GradientSum g = sum_of({1, -2}, {}, {}), r = sum_of({1, 1}, {}, {});
  EXPECT_EQ(keep_from_raising(g, r), -1.0);
  EXPECT_FLOAT_EQ(g.dense.data()[0], 1.5f);
  EXPECT_FLOAT_EQ(g.dense.data()[1], -1.5f);
  // Rows of a table: g has rows 3 and 5, r rows 5 and 9. g.r = -4 * 1 + 1 * 1 + ... = 1 * 1 + 2 * -4 = -7, r.r = 1 + 4
  // + 4.
  g = sum_of({1}, {3, 5}, {6, -4});
  r = sum_of({1}, {5, 9}, {2, 2});
  EXPECT_EQ(keep_from_raising(g, r), -7.0);
  EXPECT_FLOAT_EQ(g.dense.data()[0], 1 + 7.0f / 9);
  EXPECT_EQ(g.sparse[0].ids, (std::vector<std::int64_t>{3, 5, 9}));
  EXPECT_FLOAT_EQ(g.sparse[0].rows[1], -4 + 14.0f / 9);
  EXPECT_FLOAT_EQ(g.sparse[0].rows[2], 14.0f / 9);
  GradientSum past = sum_of({1}, {5, 9}, {2, 2});
  EXPECT_NEAR(inner_product(g, past), 0, 1e-5);
}

TEST(GradientProjectionTest, leaves_gradients_alone_that_agree) {
  GradientSum g{AlignedBuffer(2), {}}, r{AlignedBuffer(2), {}};
  g.dense.data()[0] = r.dense.data()[1] = 1;
  EXPECT_EQ(keep_from_raising(g, r), 0.0);
  r.dense.data()[0] = 2;
  EXPECT_EQ(keep_from_raising(g, r), 2.0);
  EXPECT_EQ(g.dense.data()[0], 1.0f);
  EXPECT_EQ(g.dense.data()[1], 0.0f);
  GradientSum nothing{AlignedBuffer(2), {}};
  EXPECT_EQ(keep_from_raising(g, nothing), 0.0) << "a past without a gradient must not divide by zero";
}

}  // namespace
}  // namespace coldframe
