#include "framework/model/weight_files.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/json_object.h"
#include "framework/model/parameters.h"

namespace coldframe {
namespace {

at::ScalarType scalar_type_of(const TensorEntry& entry, const std::filesystem::path& file) {
  switch (entry.type) {
    case TensorType::f32:
      return at::kFloat;
    case TensorType::f16:
      return at::kHalf;
    case TensorType::bf16:
      return at::kBFloat16;
    default:
      throw DataError(fmt::format("tensor {} in {} has type {}", entry.name, file.string(), to_string(entry.type)),
                      "weights must be F32, F16 or BF16");
  }
}

void expect_finite(const at::Tensor& tensor, const TensorEntry& entry, const std::filesystem::path& file) {
  const std::span values(tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw DataError(fmt::format("tensor {} in {} holds {} at element {}", entry.name, file.string(), values[i], i),
                      "weights must be finite numbers", "fetch or export the file again");
    }
  }
}

}  // namespace

WeightFiles::WeightFiles(const std::filesystem::path& file) : path_(file) { add_file(file); }

WeightFiles WeightFiles::of_encoder(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "model.safetensors")) return WeightFiles(folder / "model.safetensors");
  WeightFiles files;
  files.path_ = folder / "model.safetensors.index.json";
  if (!std::filesystem::exists(files.path_)) {
    const bool pickled = std::filesystem::exists(folder / "pytorch_model.bin");
    throw DataError(fmt::format("no weights in {}", folder.string()),
                    pickled ? "pytorch_model.bin is a pickle, which can run code when it is read"
                            : "model.safetensors or model.safetensors.index.json is missing",
                    "save the encoder with safe_serialization = True");
  }
  files.read_index(files.path_);
  return files;
}

void WeightFiles::add_file(const std::filesystem::path& file) {
  const auto opened = std::make_shared<const SafetensorsFile>(file);
  metadata_.insert(opened->metadata().begin(), opened->metadata().end());
  for (const TensorEntry& entry : opened->tensors()) {
    if (!tensors_.emplace(entry.name, StoredTensor{opened, &entry}).second) {
      throw DataError(fmt::format("tensor {} stands in {} and in another shard", entry.name, file.string()),
                      "a tensor belongs to one shard");
    }
  }
}

void WeightFiles::read_index(const std::filesystem::path& index) {
  const JsonObject object(index);
  if (!object.has("weight_map") || !object.json()["weight_map"].is_object()) {
    throw DataError(fmt::format("{} has no object weight_map", index.string()), "it names the shard of every tensor");
  }
  std::map<std::string, std::string> shard_of;
  std::set<std::string> shards;
  for (const auto& [name, shard] : object.json()["weight_map"].items()) {
    const bool plain = shard.is_string() && !shard.get<std::string>().empty() &&
                       std::filesystem::path(shard.get<std::string>()).filename() == shard.get<std::string>();
    if (!plain) {
      throw DataError(fmt::format("weight_map of {} gives {} no file in the same folder", index.string(), name));
    }
    shard_of[name] = shard.get<std::string>();
    shards.insert(shard.get<std::string>());
  }
  for (const std::string& shard : shards) add_file(index.parent_path() / shard);
  for (const auto& [name, shard] : shard_of) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end() || found->second.file->path().filename() != shard) {
      throw DataError(fmt::format("tensor {} is not in {}", name, (index.parent_path() / shard).string()),
                      fmt::format("{} says so", index.filename().string()), "fetch the folder again");
    }
  }
  for (const auto& [name, stored] : tensors_) {
    if (!shard_of.contains(name)) {
      throw DataError(fmt::format("tensor {} of {} is not in {}", name, stored.file->path().string(), index.string()),
                      "the index names every tensor of its shards", "fetch the folder again");
    }
  }
}

at::Tensor WeightFiles::read(const std::string& name) const { return read(name, tensors_.at(name).entry->shape); }

at::Tensor WeightFiles::read(const std::string& name, const std::vector<std::int64_t>& expected_shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw DataError(fmt::format("{} lacks the tensor {}", path_.string(), name));
  const auto& [file, entry] = found->second;
  if (entry->shape != expected_shape) {
    throw DataError(
        fmt::format("tensor {} in {} has shape [{}]", name, file->path().string(), fmt::join(entry->shape, ", ")),
        fmt::format("must be [{}]", fmt::join(expected_shape, ", ")), "config and weights must belong together");
  }
  at::Tensor stored = at::empty(entry->shape, at::TensorOptions().dtype(scalar_type_of(*entry, file->path())));
  file->read(*entry, {static_cast<std::byte*>(stored.mutable_data_ptr()), stored.nbytes()});
  at::Tensor tensor = stored.scalar_type() == at::kFloat ? std::move(stored) : aligned_copy(stored);
  expect_finite(tensor, *entry, file->path());
  return tensor;
}

void write_weights(const std::filesystem::path& file, const NamedTensors& tensors,
                   std::map<std::string, std::string> metadata) {
  std::vector<TensorDeclaration> declarations;
  for (const auto& [name, tensor] : tensors) declarations.push_back({name, TensorType::f32, tensor.sizes().vec()});
  metadata["format"] = "pt";
  SafetensorsWriter writer(file, declarations, metadata);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor values = tensor.detach().to(at::kFloat).contiguous();
    writer.write(name, {static_cast<const std::byte*>(values.const_data_ptr()), values.nbytes()});
  }
  writer.commit();
}

}  // namespace coldframe
