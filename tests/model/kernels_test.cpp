// Kernels against its definition in double, on every instruction set of this machine and in both element types.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "framework/model/kernels/add_norm.h"
#include "framework/model/kernels/bias_gelu.h"
#include "framework/model/kernels/instruction_sets.h"
#include "tests/model/kernel_fixture.h"

namespace coldframe {
namespace {

constexpr double k_pi = 3.14159265358979323846;

using test::expect_near;
using test::KernelTest;
using test::mask_at;
using test::narrow;
using test::tolerance;
using test::values;
using test::widen;

TYPED_TEST_SUITE(KernelTest, test::ElementTypes);

struct Shape {
  std::size_t rows, width;
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {{1, 1}, {1, 3}, {2, 16}, {5, 33}, {17, 64}, {40, 100}, {3, 1536}, {512, 36}};
  return all;
}

TYPED_TEST(KernelTest, gelu_and_its_gradient_equal_the_definition) {
  using T = TypeParam;
  this->on_every_set([] {
    for (const auto [rows, width] : shapes()) {
      const auto x = values<T>(rows * width, 1, 9), outward = values<T>(rows * width, 2);
      const auto bias = values<float>(width, 3);
      std::vector<T> out(x.size()), slope(x.size()), gradient(x.size());
      std::vector<float> bias_gradient(width);
      bias_gelu(x.data(), bias.data(), {rows, width}, out.data(), slope.data());
      bias_gelu_backward(outward.data(), slope.data(), {rows, width}, gradient.data(), bias_gradient.data());
      std::vector<double> expected, expected_slope, expected_gradient, expected_bias(width, 0.0);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double z = static_cast<float>(widen(x[i])) + bias[i % width];
        const double distribution = 0.5 * std::erfc(-z / std::sqrt(2.0));
        expected.push_back(z * distribution);
        expected_slope.push_back(distribution + z * std::exp(-z * z / 2) / std::sqrt(2 * k_pi));
        expected_gradient.push_back(widen(outward[i]) * widen(slope[i]));
        expected_bias[i % width] += expected_gradient.back();
      }
      expect_near(expected, out, "gelu");
      expect_near(expected_slope, slope, "slope");
      expect_near(expected_gradient, gradient, "gradient");
      expect_near(expected_bias, bias_gradient, "bias gradient");
      std::vector<T> alone(x.size());
      bias_gelu(x.data(), nullptr, {rows, width}, alone.data(), nullptr);
      EXPECT_NEAR(widen(alone[0]), 0.5 * widen(x[0]) * std::erfc(-widen(x[0]) / std::sqrt(2.0)), 0.05);
    }
  });
}

TYPED_TEST(KernelTest, gelu_far_out_is_zero_or_the_identity) {
  using T = TypeParam;
  this->on_every_set([] {
    const std::vector<T> x = {narrow<T>(-60), narrow<T>(-12), narrow<T>(12),
                              narrow<T>(60),  narrow<T>(0),   narrow<T>(1e30)};
    std::vector<T> out(6), slope(6);
    bias_gelu(x.data(), nullptr, {1, 6}, out.data(), slope.data());
    EXPECT_EQ(widen(out[0]), 0);
    EXPECT_NEAR(widen(out[1]), 0, 1e-30);
    for (const std::size_t i : {2u, 3u, 4u, 5u}) EXPECT_EQ(widen(out[i]), widen(x[i]));
    EXPECT_NEAR(widen(slope[3]), 1, 1e-6);
    EXPECT_NEAR(widen(slope[4]), 0.5, 1e-6);
  });
}

TYPED_TEST(KernelTest, add_norm_and_its_gradients_equal_the_definition) {
  using T = TypeParam;
  const MaskKey key({.active = true, .seed = 5, .step = 2}, mask_site("here"), 0.3);
  this->on_every_set([&] {
    for (const auto [rows, width] : shapes()) {
      if (width < 2) continue;  // a single value has no deviation
      for (const bool masked : {false, true}) {
        const auto f = values<T>(rows * width, 1), h = values<T>(rows * width, 2), outward = values<T>(rows * width, 3);
        const auto bias = values<float>(width, 4), gain = values<float>(width, 5), shift = values<float>(width, 6);
        std::vector<MaskRow> mask_rows;
        for (std::size_t r = 0; r < rows; ++r) mask_rows.push_back({r / 3 + 7, static_cast<std::uint32_t>(r % 3), 0});
        AddNorm<T> task;
        task.branch = f.data();
        task.bias = bias.data();
        task.residual = h.data();
        task.mask = masked ? &key : nullptr;
        task.mask_rows = mask_rows;
        task.gain = gain.data();
        task.shift = shift.data();
        task.rows = rows;
        task.width = width;
        task.epsilon = 1e-5f;
        std::vector<T> out(f.size()), normalized(f.size()), ds(f.size()), df(f.size());
        std::vector<float> inverse(rows), dbias(width), dgain(width), dshift(width);
        add_norm(task, {out.data(), normalized.data(), inverse.data()});
        add_norm_backward(task, AddNormOutput<const T>{nullptr, normalized.data(), inverse.data()}, outward.data(),
                          {ds.data(), df.data(), dbias.data(), dgain.data(), dshift.data()});
        std::vector<double> e_out, e_ds, e_df, e_bias(width, 0.0), e_gain(width, 0.0), e_shift(width, 0.0);
        for (std::size_t r = 0; r < rows; ++r) {
          std::vector<double> s, x, g;
          double mean = 0, variance = 0, g_mean = 0, g_along = 0;
          for (std::size_t c = 0; c < width; ++c) {
            const double factor = masked ? mask_at(key, mask_rows[r], c) : 1.0;
            s.push_back(widen(h[r * width + c]) + factor * (widen(f[r * width + c]) + bias[c]));
            mean += s.back() / static_cast<double>(width);
          }
          for (const double value : s) variance += (value - mean) * (value - mean) / static_cast<double>(width);
          const double inverse_deviation = 1 / std::sqrt(variance + task.epsilon);
          EXPECT_NEAR(inverse[r], inverse_deviation, 1e-4 * inverse_deviation);
          for (std::size_t c = 0; c < width; ++c) {
            x.push_back((s[c] - mean) * inverse_deviation);
            e_out.push_back(x[c] * gain[c] + shift[c]);
            // Backward sees what forward kept, rounded as it was kept.
            const double kept = widen(normalized[r * width + c]), o = widen(outward[r * width + c]);
            EXPECT_NEAR(kept, x[c], 2 * tolerance<T>() * std::max(1.0, std::abs(x[c])));
            e_gain[c] += o * kept;
            e_shift[c] += o;
            g.push_back(o * gain[c]);
            g_mean += g[c] / static_cast<double>(width);
            g_along += g[c] * kept / static_cast<double>(width);
          }
          for (std::size_t c = 0; c < width; ++c) {
            e_ds.push_back(inverse[r] * (g[c] - g_mean - widen(normalized[r * width + c]) * g_along));
            e_df.push_back(e_ds.back() * (masked ? mask_at(key, mask_rows[r], c) : 1.0));
            e_bias[c] += e_df.back();
          }
        }
        expect_near(e_out, out, "out");
        expect_near(e_ds, ds, "gradient of the sum");
        expect_near(e_df, df, "gradient of the branch");
        expect_near(e_bias, dbias, "gradient of the bias");
        expect_near(e_gain, dgain, "gradient of the gain");
        expect_near(e_shift, dshift, "gradient of the shift");
      }
    }
  });
}

TYPED_TEST(KernelTest, nan_goes_through) {
  using T = TypeParam;
  this->on_every_set([] {
    std::vector<T> x = values<T>(40, 1);
    x[7] = narrow<T>(0.5);
    const std::vector<float> bias(40, 0.0f), gain(40, 1.0f);
    std::vector<float> poisoned = bias;
    poisoned[7] = std::nanf("");
    std::vector<T> out(40);
    bias_gelu(x.data(), poisoned.data(), {1, 40}, out.data(), nullptr);
    EXPECT_TRUE(std::isnan(widen(out[7])));
    EXPECT_FALSE(std::isnan(widen(out[8])));
    AddNorm<T> task;
    task.branch = x.data();
    task.bias = poisoned.data();
    task.gain = gain.data();
    task.shift = bias.data();
    task.rows = 1;
    task.width = 40;
    task.epsilon = 1e-5f;
    add_norm(task, {out.data(), nullptr, nullptr});
    for (const T& value : out) EXPECT_TRUE(std::isnan(widen(value)));
  });
}

TEST(InstructionSetsTest, this_machine_has_at_least_one) { EXPECT_FALSE(kernel_instruction_sets().empty()); }

}  // namespace
}  // namespace coldframe
