#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace coldframe {

/// A float32 tensor of a checkpoint, borrowed.
struct StateTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<float> values;
};

/// Folder `step-N` with `state.safetensors` and `manifest.json` (format version, step, SHA-256 of the state, and what the
/// trainer adds). It appears complete or not at all: temporary folder, fsync, rename.
void write_checkpoint(const std::filesystem::path& checkpoints, std::int64_t step, const nlohmann::json& manifest,
                      std::span<const StateTensor> tensors);

struct FoundCheckpoint {
  std::filesystem::path folder;
  std::int64_t step = 0;
};

/// Steps for which a folder exists, ascending. Temporaries and other names are passed over.
std::vector<FoundCheckpoint> list_checkpoints(const std::filesystem::path& checkpoints);

/// The manifest of a checkpoint after all checksums were verified; DataError names the file that is damaged.
nlohmann::json verify_checkpoint(const FoundCheckpoint& checkpoint);

/// The newest undamaged checkpoint. Damaged ones are reported through `damaged` (one message each), newest first;
/// nullopt when there is none at all; DataError when all are damaged.
std::optional<FoundCheckpoint> newest_intact(const std::filesystem::path& checkpoints, std::vector<std::string>& damaged);

/// Fills the tensors; DataError names what is missing, extra or of another shape.
void read_checkpoint(const FoundCheckpoint& checkpoint, std::span<const StateTensor> tensors);

/// Removes all but the newest `keep` checkpoints and those whose steps are protected.
void prune_checkpoints(const std::filesystem::path& checkpoints, std::size_t keep, std::span<const std::int64_t> protected_steps);

}  // namespace coldframe
