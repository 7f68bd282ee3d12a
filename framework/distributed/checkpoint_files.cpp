#include "framework/distributed/checkpoint_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/json.h"
#include "framework/core/safetensors.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;

constexpr int k_format = 1;
constexpr std::string_view k_prefix = "step-";

std::string shape_text(std::span<const std::int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::optional<std::int64_t> step_of(const std::string& name) {
  if (!name.starts_with(k_prefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + k_prefix.size(), end, step);
  if (error != std::errc() || stop != end) return std::nullopt;
  return step;
}

std::string manifest_checksum(nlohmann::json manifest) {
  manifest.erase("manifest_sha256");
  return sha256_hex(std::string_view(manifest.dump()));
}

}  // namespace

void write_checkpoint(const fs::path& checkpoints, std::int64_t step, const nlohmann::json& manifest,
                      std::span<const StateTensor> tensors) {
  fs::create_directories(checkpoints);
  AtomicFolder folder(checkpoints / fmt::format("{}{}", k_prefix, step), IfExists::replace);
  std::vector<TensorDeclaration> declared;
  for (const StateTensor& tensor : tensors) declared.push_back({tensor.name, TensorType::f32, tensor.shape});
  const fs::path state = folder.temporary() / "state.safetensors";
  SafetensorsWriter writer(state, std::move(declared));
  for (const StateTensor& tensor : tensors) writer.write(tensor.name, std::as_bytes(tensor.values));
  writer.commit();
  nlohmann::json complete = manifest;
  complete["format"] = k_format;
  complete["step"] = step;
  complete["files"] = {{"state.safetensors", sha256_file(state)}};
  complete["manifest_sha256"] = manifest_checksum(complete);
  write_json(folder.temporary() / "manifest.json", complete);
  folder.commit();
}

std::vector<FoundCheckpoint> list_checkpoints(const fs::path& checkpoints) {
  std::vector<FoundCheckpoint> found;
  if (!fs::is_directory(checkpoints)) return found;
  for (const fs::directory_entry& entry : fs::directory_iterator(checkpoints)) {
    const std::optional<std::int64_t> step = step_of(entry.path().filename().string());
    if (step && entry.is_directory()) found.push_back({entry.path(), *step});
  }
  std::ranges::sort(found, {}, &FoundCheckpoint::step);
  return found;
}

nlohmann::json verify_checkpoint(const FoundCheckpoint& checkpoint) {
  const fs::path file = checkpoint.folder / "manifest.json";
  if (!fs::exists(file)) throw DataError(fmt::format("{} is missing", file.string()), "the checkpoint is incomplete");
  const nlohmann::json manifest = read_json(file);
  if (!manifest.is_object() || manifest.value("manifest_sha256", "") != manifest_checksum(manifest)) {
    throw DataError(fmt::format("{} is damaged", file.string()), "its checksum does not match");
  }
  if (manifest.value("format", 0) != k_format) {
    throw DataError(fmt::format("{} has format {}", file.string(), manifest.value("format", 0)),
                    fmt::format("this program knows format {}", k_format), "use the version that wrote it");
  }
  for (const auto& [name, checksum] : manifest.at("files").items()) {
    const fs::path part = checkpoint.folder / name;
    if (!fs::exists(part)) throw DataError(fmt::format("{} is missing", part.string()), "the checkpoint is incomplete");
    if (sha256_file(part) != checksum.get<std::string>()) {
      throw DataError(fmt::format("{} is damaged", part.string()), "its SHA-256 differs from the manifest");
    }
  }
  return manifest;
}

std::optional<FoundCheckpoint> newest_intact(const fs::path& checkpoints, std::vector<std::string>& damaged) {
  std::vector<FoundCheckpoint> found = list_checkpoints(checkpoints);
  for (auto checkpoint = found.rbegin(); checkpoint != found.rend(); ++checkpoint) {
    try {
      verify_checkpoint(*checkpoint);
      return *checkpoint;
    } catch (const Error& error) {
      damaged.push_back(error.what());
    }
  }
  if (damaged.empty()) return std::nullopt;
  throw DataError(fmt::format("no intact checkpoint in {}", checkpoints.string()), fmt::format("{}", fmt::join(damaged, "; ")),
                  "start again with --overwrite");
}

void read_checkpoint(const FoundCheckpoint& checkpoint, std::span<const StateTensor> tensors) {
  const SafetensorsFile file(checkpoint.folder / "state.safetensors");
  std::set<std::string> extra;
  for (const TensorEntry& entry : file.tensors()) extra.insert(entry.name);
  for (const StateTensor& tensor : tensors) {
    const TensorEntry& entry = file.require(tensor.name);
    if (entry.type != TensorType::f32 || entry.shape != tensor.shape) {
      throw DataError(fmt::format("{}: {} has shape {}", file.path().string(), tensor.name, shape_text(entry.shape)),
                      fmt::format("this run needs {}", shape_text(tensor.shape)),
                      "resume with the encoder and strategy that wrote it");
    }
    file.read(entry, std::as_writable_bytes(tensor.values));
    extra.erase(tensor.name);
  }
  if (!extra.empty()) {
    throw DataError(fmt::format("{} holds {} which this run does not have", file.path().string(), *extra.begin()),
                    fmt::format("{} unknown tensors", extra.size()), "resume with the encoder and strategy that wrote it");
  }
}

void prune_checkpoints(const fs::path& checkpoints, std::size_t keep, std::span<const std::int64_t> protected_steps) {
  std::vector<FoundCheckpoint> found = list_checkpoints(checkpoints);
  if (found.size() <= keep) return;
  found.resize(found.size() - keep);
  for (const FoundCheckpoint& checkpoint : found) {
    if (std::ranges::find(protected_steps, checkpoint.step) == protected_steps.end()) fs::remove_all(checkpoint.folder);
  }
}

}  // namespace coldframe
