#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace coldframe {

/// A tensor of a weight file, by the name it has there.
struct StoredTensor {
  std::filesystem::path file;
  std::vector<std::int64_t> shape;
};

/// The tensors of model.safetensors, or of all shards that model.safetensors.index.json names. Headers are read at once, data
/// on demand.
class WeightFiles {
 public:
  /// The weights of an encoder folder; DataError when there are none or the index and its shards disagree.
  static WeightFiles of_encoder(const std::filesystem::path& folder);
  /// One safetensors file.
  explicit WeightFiles(const std::filesystem::path& file);

  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  /// F32, F16 and BF16 as aligned float32; DataError for another type, a wrong shape, NaN or infinity.
  at::Tensor read(const std::string& name, const std::vector<std::int64_t>& expected_shape) const;

 private:
  WeightFiles() = default;
  void add_file(const std::filesystem::path& file);

  std::map<std::string, StoredTensor> tensors_;
};

/// Writes float32 tensors as one safetensors file with the metadata {"format": "pt"} that Hugging Face expects.
void write_weights(const std::filesystem::path& file,
                   const std::vector<std::pair<std::string, at::Tensor>>& tensors);

}  // namespace coldframe
