#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/core/safetensors.h"

namespace coldframe {

/// A tensor of a weight file, by the name it has there.
struct StoredTensor {
  std::shared_ptr<const SafetensorsFile> file;
  const TensorEntry* entry;
};

/// The tensors of one safetensors file, or of all shards that model.safetensors.index.json names. Headers are read at
/// once, data on demand.
class WeightFiles {
 public:
  /// The weights of an encoder folder; DataError when there are none or the index and its shards disagree.
  static WeightFiles of_encoder(const std::filesystem::path& folder);
  explicit WeightFiles(const std::filesystem::path& file);

  const std::filesystem::path& path() const { return path_; }  // what the user would look into
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }  // of all files together
  /// F32, F16 and BF16 as aligned float32; DataError for another type, a wrong shape, NaN or infinity.
  at::Tensor read(const std::string& name, const std::vector<std::int64_t>& expected_shape) const;
  at::Tensor read(const std::string& name) const;

 private:
  WeightFiles() = default;
  void add_file(const std::filesystem::path& file);
  void read_index(const std::filesystem::path& index);

  std::filesystem::path path_;
  std::map<std::string, StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Writes tensors as one safetensors file of float32; to the metadata comes {"format": "pt"}, which Hugging Face
/// expects.
void write_weights(const std::filesystem::path& file, const NamedTensors& tensors,
                   std::map<std::string, std::string> metadata = {});

}  // namespace coldframe
