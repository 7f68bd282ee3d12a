#include "framework/model/parameters.h"

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/model/encoder_fixture.h"

namespace coldframe {
namespace {

using test::same_bits;

const auto k_float = at::TensorOptions().dtype(at::kFloat);

TEST(ParameterStoreTest, copies_what_is_not_aligned_not_contiguous_or_not_its_own) {
  const at::Tensor source = at::ones({9, 5}, k_float);
  ParameterStore store;
  const auto unaligned = store.add({.name = "unaligned"}, source.narrow(0, 1, 8));
  const auto transposed = store.add({.name = "transposed"}, source.t());
  const auto half = store.add({.name = "half"}, source.to(at::kHalf));
  for (const ParameterIndex index : {unaligned, transposed, half}) {
    const at::Tensor& value = store.value(index);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(value.const_data_ptr()) % 64, 0u);
    EXPECT_TRUE(value.is_contiguous());
    EXPECT_EQ(value.scalar_type(), at::kFloat);
    value.zero_();
  }
  EXPECT_EQ(source.sum().item<float>(), 45);
}

TEST(ParameterStoreTest, names_are_unique_and_found) {
  ParameterStore store;
  EXPECT_EQ(store.add({.name = "a"}, at::ones({2}, k_float)), 0);
  EXPECT_EQ(store.add({.name = "b", .trainable = true}, at::ones({3}, k_float)), 1);
  EXPECT_EQ(store.require("b"), 1);
  EXPECT_EQ(store.find("c"), -1);
  EXPECT_THROW(static_cast<void>(store.require("c")), DataError);
  EXPECT_THROW(store.add({.name = "a"}, at::ones({2}, k_float)), ConfigError);
  EXPECT_EQ(store.trainable_count(), 3);
  EXPECT_EQ(store.count(), 5);
}

TEST(ParameterViewTest, leaves_share_memory_but_not_gradients) {
  ParameterStore store;
  store.add({.name = "frozen"}, at::ones({2}, k_float));
  store.add({.name = "trained", .trainable = true}, at::ones({2}, k_float));
  const ParameterView first(store, true);
  const ParameterView second(store, true);
  EXPECT_FALSE(first[0].requires_grad());
  EXPECT_TRUE(first[1].requires_grad());
  EXPECT_TRUE(first[1].is_leaf());
  EXPECT_EQ(first[1].const_data_ptr(), store.value(1).const_data_ptr());
  first[1].sum().backward();
  EXPECT_TRUE(first[1].grad().defined());
  EXPECT_FALSE(second[1].grad().defined());
  const ParameterView plain(store, false);
  EXPECT_FALSE(plain[1].requires_grad());
  EXPECT_TRUE(plain.trainable(1));
}

TEST(ParameterStoreTest, table_sums_by_module) {
  ParameterStore store;
  store.add({.name = "embeddings.word_embeddings.weight"}, at::ones({4, 2}, k_float));
  store.add({.name = "encoder.layer.0.attention.self.query.weight"}, at::ones({2, 2}, k_float));
  store.add({.name = "encoder.layer.0.attention.self.query.bias", .trainable = true}, at::ones({2}, k_float));
  store.add({.name = "encoder.layer.10.output.dense.bias", .trainable = true}, at::ones({3}, k_float));
  EXPECT_EQ(trainable_table(store),
            "module                                trainable     parameters\n"
            "embeddings                                    0              8\n"
            "encoder.layer.0                               2              6\n"
            "encoder.layer.10                              3              3\n"
            "total                                         5             17\n");
}

}  // namespace
}  // namespace coldframe
