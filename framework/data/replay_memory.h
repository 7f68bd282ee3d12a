#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace coldframe {

// Legend: N pairs, P probe items.

/// The pairs that a stream of tasks kept to replay, under the ids of the data set, by place in the memory.
struct ReplayMemory {
  std::string rule;                           // "uniform", "balanced"
  std::uint64_t seed = 0;                     // of the draws
  std::uint64_t room = 0;                     // places
  std::uint64_t tasks = 0;                    // done when it was kept
  std::vector<std::uint64_t> elements = {};   // [N] number of the pair in the stream of all pairs, from 0
  std::vector<std::uint64_t> of_task = {};    // [N] from 1
  std::vector<std::string> users = {};        // [N]
  std::vector<std::string> items = {};        // [N] the liked one
  std::vector<std::uint64_t> histories = {};  // [N + 1] where each pair's history begins
  std::vector<std::string> history = {};      // items as whose liker the user was known, newest first
  std::vector<std::string> probes = {};       // [P]; none: no rows were kept
  std::vector<float> rows = {};               // [N, P] similarity rows in the step that kept the pair
};

/// HDF5, format 1 (docs/guide/run-folder.md); whole or absent. IoError when it cannot be written.
void write_replay_memory(const std::filesystem::path& path, const ReplayMemory& memory);

/// IoError when there is no such file; DataError for a damaged one, another kind or another format version.
ReplayMemory read_replay_memory(const std::filesystem::path& path);

}  // namespace coldframe
