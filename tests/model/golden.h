#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/json.h"
#include "framework/model/encoder_family.h"

namespace coldframe::test {

inline std::filesystem::path folder_from(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? std::filesystem::path(".") : std::filesystem::path(value);
}

inline std::filesystem::path golden_folder() { return folder_from("COLDFRAME_SOURCE_DIR") / "tests" / "golden"; }
inline std::filesystem::path tiny_encoder(FamilyKind family = FamilyKind::bert) {
  return golden_folder() / (family == FamilyKind::bert ? "tiny_encoder" : "tiny_mpnet");
}
inline std::filesystem::path minilm_encoder() {
  return folder_from("COLDFRAME_DEPS_DIR") / "encoders" / "all-MiniLM-L6-v2";
}

/// Of base size; `make encoder-mpnet` fetches it.
inline std::filesystem::path mpnet_encoder() {
  return folder_from("COLDFRAME_DEPS_DIR") / "encoders" / "all-mpnet-base-v2";
}

/// The generator of make_model_goldens.py: value i of the sequence `name`, in [-1, 1).
class GoldenUniform {
 public:
  explicit GoldenUniform(std::string_view name) {
    for (const char byte : name) start_ = (start_ ^ static_cast<unsigned char>(byte)) * 0x100000001B3ull;
  }
  double operator()(std::int64_t i) const {
    std::uint64_t z = start_ + static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    z = z ^ (z >> 31);
    return static_cast<double>(z >> 11) * 0x1p-52 - 1.0;
  }

 private:
  std::uint64_t start_ = 0xCBF29CE484222325ull;
};

inline at::Tensor golden_uniform(std::string_view name, at::IntArrayRef shape, double scale = 1.0) {
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(at::kFloat));
  const GoldenUniform uniform(name);
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    tensor.mutable_data_ptr<float>()[i] = static_cast<float>(scale * uniform(i));
  }
  return tensor;
}

inline double project(const std::string& name, int k, const at::Tensor& tensor) {
  const at::Tensor values = tensor.contiguous();
  const GoldenUniform uniform(name + "#" + std::to_string(k));
  double sum = 0;
  for (std::int64_t i = 0; i < values.numel(); ++i) sum += uniform(i) * double{values.const_data_ptr<float>()[i]};
  return sum;
}

inline double norm_of(const at::Tensor& tensor) {
  const at::Tensor values = tensor.contiguous();
  double sum = 0;
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const double value = values.const_data_ptr<float>()[i];
    sum += value * value;
  }
  return std::sqrt(sum);
}

using TokenTexts = std::vector<std::vector<std::int64_t>>;

inline nlohmann::json read_golden(const std::string& name) { return read_json(golden_folder() / name); }

}  // namespace coldframe::test
