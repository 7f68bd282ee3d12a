#include "framework/model/initial_values.h"

#include <ATen/ops/empty.h>

#include <array>

#include "framework/core/hash.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

/// Fills a tensor from blocks of four values.
template <class FourValues>
at::Tensor fill(at::IntArrayRef shape, std::uint64_t seed, std::string_view name, const FourValues& four_values) {
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  auto* data = tensor.mutable_data_ptr<float>();
  const KeyedRandom random(seed, Purpose::initialisation);
  const UserKey key(stable_hash(name));
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const std::array<double, 4> values = four_values(random.block(key, 0, 0, static_cast<std::uint32_t>(i / 4)));
    data[i] = static_cast<float>(values[static_cast<std::size_t>(i % 4)]);
  }
  return tensor;
}

}  // namespace

at::Tensor uniform_values(at::IntArrayRef shape, double bound, std::uint64_t seed, std::string_view name) {
  return fill(shape, seed, name, [bound](const PhiloxBlock& block) {
    std::array<double, 4> values{};
    for (std::size_t j = 0; j < 4; ++j) values[j] = bound * (2 * uniform_double(block[j]) - 1);
    return values;
  });
}

at::Tensor normal_values(at::IntArrayRef shape, double deviation, std::uint64_t seed, std::string_view name) {
  return fill(shape, seed, name, [deviation](const PhiloxBlock& block) {
    const auto [a, b] = standard_normals(block[0], block[1]);
    const auto [c, d] = standard_normals(block[2], block[3]);
    return std::array<double, 4>{deviation * a, deviation * b, deviation * c, deviation * d};
  });
}

}  // namespace coldframe
