#include "framework/training/adamw.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "framework/training/gradient_norm.h"
#include "framework/training/schedule.h"
#include "tests/model/golden.h"

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
  AdamW adamw(layout, options, update_rules(store, options, 50));
  std::vector<Reference> reference;
  for (int i = 0; i < 42; ++i) reference.push_back({i < 37 ? 0.5 : -0.25});
  for (int t = 1; t <= 50; ++t) {
    GradientSum gradient{AlignedBuffer(layout.dense_size()), {}};
    for (int i = 0; i < 42; ++i) {
      const double g = std::sin(0.7 * i + 0.3 * t);
      const std::size_t at =
          i < 37 ? static_cast<std::size_t>(i) : layout.dense()[1].offset + static_cast<std::size_t>(i - 37);
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

TEST(AdamWTest, a_parameter_that_begins_later_moves_as_if_the_run_began_there) {
  ParameterStore store;
  store.add({.name = "encoder.layer.0.w", .trainable = true}, at::full({20}, 0.5f));
  store.add({.name = "embeddings.t", .trainable = true, .sparse_rows = true}, at::full({4, 16}, 0.5f));
  store.add({.name = "encoder.layer.1.w", .trainable = true}, at::full({20}, 0.5f));
  const FlatLayout layout(store);
  OptimizerOptions options;
  options.weight_decay = 0.1;
  options.unfreeze_every = 4;  // layer 1 from step 0, layer 0 from step 4, embeddings from step 8
  AdamW adamw(layout, options, update_rules(store, options, 12));
  const std::array<int, 3> starts = {4, 8, 0};
  std::array<Reference, 3> reference = {Reference{0.5}, Reference{0.5}, Reference{0.5}};
  for (int t = 1; t <= 12; ++t) {
    const auto g = static_cast<float>(std::sin(0.3 * t));
    GradientSum gradient{AlignedBuffer(layout.dense_size()), {SparseRows{16, {2}, std::vector<float>(16, g)}}};
    for (const DenseSlot& slot : layout.dense()) std::fill_n(gradient.dense.data() + slot.offset, slot.size, g);
    adamw.drop_frozen(gradient, t);
    // 20 values of layer 1, with 20 of layer 0 from step 5 on and 16 of the embeddings from step 9 on.
    EXPECT_NEAR(gradient_norm(gradient), std::abs(double{g}) * std::sqrt(t <= 4 ? 20 : t <= 8 ? 40 : 56), 1e-6) << t;
    adamw.update(store, gradient, 1e-2, t, 1.0f);
    for (std::size_t i = 0; i < 3; ++i) {
      if (t > starts[i]) reference[i].step(double{g}, 1e-2, 0.1, 0.9, 0.999, 1e-8, t - starts[i]);
      const auto index = static_cast<ParameterIndex>(i);
      const float value = std::as_const(store).value(index).reshape({-1})[i == 1 ? 2 * 16 + 3 : 7].item<float>();
      if (t <= starts[i]) {
        EXPECT_EQ(value, 0.5f) << "parameter " << i << " moved in update " << t;
      } else {
        EXPECT_NEAR(value, reference[i].p, 2e-6) << "parameter " << i << " after update " << t;
      }
    }
    if (t == 4) {
      EXPECT_TRUE(std::ranges::all_of(adamw.first_moment().subspan(0, 20), [](float m) { return m == 0; }));
    }
  }
}

TEST(AdamWTest, rates_and_decays_of_single_parameters_follow_the_formula) {
  ParameterStore store;
  store.add({.name = "encoder.layer.0.w", .trainable = true}, at::full({20}, 0.5f));
  store.add({.name = "encoder.layer.1.bias", .trainable = true, .decay = false}, at::full({20}, 0.5f));
  const FlatLayout layout(store);
  OptimizerOptions options;
  options.weight_decay = 0.1;
  options.layer_decay = 0.5;
  options.learning_rate_factors = {"*.bias:3"};
  options.weight_decays = {"layer.1.bias:0.2"};
  AdamW adamw(layout, options, update_rules(store, options, 10));
  std::array<Reference, 2> reference = {Reference{0.5}, Reference{0.5}};
  for (int t = 1; t <= 10; ++t) {
    const auto g = static_cast<float>(std::cos(0.3 * t));
    GradientSum gradient{AlignedBuffer(layout.dense_size()), {}};
    for (const DenseSlot& slot : layout.dense()) std::fill_n(gradient.dense.data() + slot.offset, slot.size, g);
    adamw.update(store, gradient, 1e-2, t, 1.0f);
    reference[0].step(double{g}, 0.5e-2, 0.1, 0.9, 0.999, 1e-8, t);
    reference[1].step(double{g}, 3e-2, 0.2, 0.9, 0.999, 1e-8, t);
  }
  EXPECT_NEAR(store.value(0)[7].item<float>(), reference[0].p, 2e-6);
  EXPECT_NEAR(store.value(1)[7].item<float>(), reference[1].p, 2e-6);
}

TEST(AdamWTest, rows_without_gradient_move_as_the_dense_rule_says) {
  // The same table once as dense parameter and once as sparse rows: bits must agree.
  ParameterStore dense_store, sparse_store;
  dense_store.add({.name = "table", .trainable = true}, at::full({6, 16}, 0.3f));
  sparse_store.add({.name = "table", .trainable = true, .sparse_rows = true}, at::full({6, 16}, 0.3f));
  const FlatLayout dense_layout(dense_store), sparse_layout(sparse_store);
  const OptimizerOptions options;
  AdamW dense(dense_layout, options, update_rules(dense_store, options, 5));
  AdamW sparse(sparse_layout, options, update_rules(sparse_store, options, 5));
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

/// Forty steps beside torch.optim.AdamW with clip_grad_norm_ and torch's schedules
/// (tests/golden/make_training_goldens.py): groups with and without decay, a table of which few rows have a gradient, a
/// rate of its own, gradients of norm 1e-4 to 1e2.
class AdamWGoldenTest : public ::testing::Test {
 protected:
  AdamWGoldenTest() : golden_(test::read_golden("training.json")["adamw"]) {
    for (const nlohmann::json& p : golden_["parameters"]) {
      const std::string name = p["name"];
      store_.add({.name = name,
                  .trainable = true,
                  .decay = p["decay"],
                  .sparse_rows = name == "table",
                  .learning_rate_factor = p["factor"]},
                 test::golden_uniform(name, p["shape"].get<std::vector<std::int64_t>>(), 0.5));
    }
  }
  GradientSum gradient_at(const FlatLayout& layout, std::size_t step) const {
    const double scale = golden_["scales"][step % golden_["scales"].size()];
    const auto values_of = [&](ParameterIndex index) {
      return test::golden_uniform(store_.info(index).name + "." + std::to_string(step), store_.value(index).sizes(),
                                  scale);
    };
    GradientSum gradient{AlignedBuffer(layout.dense_size()), {}};
    for (const DenseSlot& slot : layout.dense()) {
      const at::Tensor values = values_of(slot.parameter);
      std::copy_n(values.const_data_ptr<float>(), slot.size, gradient.dense.data() + slot.offset);
    }
    for (const SparseSlot& slot : layout.sparse()) {
      const at::Tensor values = values_of(slot.parameter);
      SparseRows rows{slot.width, golden_["rows"][step], {}};
      for (const std::int64_t id : rows.ids) {
        const float* row = values.const_data_ptr<float>() + id * slot.width;
        rows.rows.insert(rows.rows.end(), row, row + slot.width);
      }
      gradient.sparse.push_back(std::move(rows));
    }
    return gradient;
  }
  ScheduleOptions schedule(const std::string& shape) const {
    ScheduleOptions options;
    options.steps = golden_["steps"];
    options.warmup = golden_["warmup"];
    options.final_fraction = golden_["final_fraction"];
    options.shape = shape;
    return options;
  }
  /// Root of the summed squares of what our values are off; every value within `tolerance` times its rate's factor.
  double error(const nlohmann::json& expected, double tolerance) const {
    double sum = 0;
    for (ParameterIndex p = 0; p < static_cast<ParameterIndex>(store_.size()); ++p) {
      const float* found = store_.value(p).const_data_ptr<float>();
      const auto exact = expected[store_.info(p).name].get<std::vector<double>>();
      for (std::size_t i = 0; i < exact.size(); ++i) {
        EXPECT_NEAR(found[i], exact[i], tolerance * store_.info(p).learning_rate_factor)
            << store_.info(p).name << " " << i;
        sum += (found[i] - exact[i]) * (found[i] - exact[i]);
      }
    }
    return std::sqrt(sum);
  }
  nlohmann::json golden_;
  ParameterStore store_;
};

/// Both sides compute rates in double: 1e-12 of the peak is left for torch's step-by-step products.
TEST_F(AdamWGoldenTest, rates_are_those_of_torch) {
  for (const char* shape : {"linear", "cosine"}) {
    const double peak = golden_["rate"];
    for (std::int64_t step = 0; step < golden_["steps"].get<std::int64_t>(); ++step) {
      EXPECT_NEAR(peak * schedule_factor(schedule(shape), step),
                  golden_["rates"][shape][static_cast<std::size_t>(step)].get<double>(), 1e-12 * peak)
          << shape << " " << step;
    }
  }
}

/// Norms are sums in double on both sides: 1e-12. One update moves a value by at most about its rate (.03) and is exact
/// to a few units of 2^-24, and adding it rounds a value of order 1 once more, so forty stay within 2e-6. Our error may
/// be at most twice that of torch in single precision.
TEST_F(AdamWGoldenTest, parameters_and_norms_are_those_of_torch) {
  const FlatLayout layout(store_);
  ASSERT_EQ(layout.sparse().size(), 1u);
  OptimizerOptions options;
  options.weight_decay = golden_["weight_decay"];
  AdamW adamw(layout, options, update_rules(store_, options, golden_["steps"]));
  const auto kept = golden_["kept"].get<std::vector<std::size_t>>();
  std::size_t clipped = 0, seen = 0;
  for (std::size_t step = 0; step < golden_["steps"].get<std::size_t>(); ++step) {
    const GradientSum gradient = gradient_at(layout, step);
    const double norm = gradient_norm(gradient), expected = golden_["norms"][step];
    EXPECT_NEAR(norm, expected, 1e-12 * expected) << step;
    const float clip = clip_factor(norm, golden_["clip"]);
    clipped += clip < 1.0f ? 1 : 0;
    const auto number = static_cast<std::int64_t>(step);
    const double rate = golden_["rate"].get<double>() * schedule_factor(schedule("linear"), number);
    adamw.update(store_, gradient, rate, number + 1, clip);
    if (seen == kept.size() || kept[seen] != step + 1) continue;
    SCOPED_TRACE("after " + std::to_string(step + 1));
    EXPECT_LE(error(golden_["values"][seen], 2e-6), 2 * golden_["single_errors"][seen].get<double>());
    ++seen;
  }
  EXPECT_EQ(seen, kept.size());
  EXPECT_GT(clipped, 5u);
  EXPECT_LT(clipped, 35u);
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

TEST(ParameterDigestTest, is_kept_up_to_date_by_the_optimizer_and_by_parameter) {
  ParameterStore store;
  store.add({.name = "large", .trainable = true}, at::full({300, 1000}, 0.5f));
  store.add({.name = "table", .trainable = true, .sparse_rows = true}, at::full({7000, 40}, 0.25f));
  store.add({.name = "small", .trainable = true}, at::full({3}, 2.0f));
  const FlatLayout layout(store);
  AdamW optimizer(layout, {}, update_rules(store, {}, 1));
  GradientSum gradient{AlignedBuffer(layout.dense_size()), {SparseRows{40, {5, 6999}, std::vector<float>(80, 1.0f)}}};
  std::ranges::fill(gradient.dense.span(), 0.1f);
  ParameterDigest digest(layout);
  digest.refresh_all(store);
  const std::uint64_t before = digest.value();
  LanePool pool(2);
  optimizer.update(store, gradient, 1e-2, 1, 1.0f, &pool, &digest);
  EXPECT_NE(digest.value(), before);
  EXPECT_EQ(digest.value(), parameter_digest(store, layout));
  store.value(2).data_ptr<float>()[1] = 7.0f;
  EXPECT_NE(digest.value(), parameter_digest(store, layout));
  digest.refresh_parameter(2, store);
  EXPECT_EQ(digest.value(), parameter_digest(store, layout));
}

}  // namespace
}  // namespace coldframe
