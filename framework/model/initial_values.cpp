#include "framework/model/initial_values.h"

#include <ATen/ops/empty.h>

#include <array>
#include <cmath>

#include "framework/core/hash.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

/// Fills a tensor from blocks of four values; values that are not accepted are drawn again.
template <class FourValues, class Accept>
at::Tensor fill(at::IntArrayRef shape, std::uint64_t seed, std::string_view name, const FourValues& four_values,
                const Accept& accept) {
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  auto* data = tensor.mutable_data_ptr<float>();
  const KeyedRandom random(seed, Purpose::initialisation);
  const UserKey key(stable_hash(name));
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    double value = 0;
    std::uint32_t attempt = 0;
    do {
      const std::array<double, 4> values =
          four_values(random.block(key, attempt++, 0, static_cast<std::uint32_t>(i / 4)));
      value = values[static_cast<std::size_t>(i % 4)];
    } while (!accept(value));
    data[i] = static_cast<float>(value);
  }
  return tensor;
}

auto four_normals(double deviation) {
  return [deviation](const PhiloxBlock& block) {
    const auto [a, b] = standard_normals(block[0], block[1]);
    const auto [c, d] = standard_normals(block[2], block[3]);
    return std::array<double, 4>{deviation * a, deviation * b, deviation * c, deviation * d};
  };
}

bool accept_all(double /*value*/) { return true; }

}  // namespace

at::Tensor uniform_values(at::IntArrayRef shape, double bound, std::uint64_t seed, std::string_view name) {
  const auto four_values = [bound](const PhiloxBlock& block) {
    std::array<double, 4> values{};
    for (std::size_t j = 0; j < 4; ++j) values[j] = bound * (2 * uniform_double(block[j]) - 1);
    return values;
  };
  return fill(shape, seed, name, four_values, accept_all);
}

at::Tensor normal_values(at::IntArrayRef shape, double deviation, std::uint64_t seed, std::string_view name) {
  return fill(shape, seed, name, four_normals(deviation), accept_all);
}

at::Tensor truncated_normal_values(at::IntArrayRef shape, double deviation, std::uint64_t seed, std::string_view name) {
  return fill(shape, seed, name, four_normals(deviation),
              [deviation](double value) { return std::abs(value) <= 2 * deviation; });
}

}  // namespace coldframe
