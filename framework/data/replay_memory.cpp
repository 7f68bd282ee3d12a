#include "framework/data/replay_memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_format = 1;

void require_lengths(const std::filesystem::path& path, const ReplayMemory& memory) {
  const std::size_t pairs = memory.elements.size();
  const auto refuse = [&](const char* what) {
    throw DataError(fmt::format("{} is damaged", path.string()), fmt::format("{} has another length", what),
                    "it is written anew when the run ends or is resumed");
  };
  if (memory.of_task.size() != pairs) refuse("task");
  if (memory.users.size() != pairs) refuse("user");
  if (memory.items.size() != pairs) refuse("item");
  if (pairs > memory.room) refuse("element");
  if (memory.histories.size() != pairs + 1 || memory.histories.front() != 0 ||
      !std::ranges::is_sorted(memory.histories) || memory.histories.back() != memory.history.size()) {
    refuse("histories");
  }
  if (memory.rows.size() != pairs * memory.probes.size()) refuse("rows");
}

}  // namespace

void write_replay_memory(const std::filesystem::path& path, const ReplayMemory& memory) {
  require_lengths(path, memory);
  AtomicFile target(path);
  Hdf5File file = Hdf5File::create(target.temporary());
  file.write_attribute("/", "format", std::string_view("coldframe memory"));
  file.write_attribute("/", "format_version", k_format);
  file.write_attribute("/", "rule", std::string_view(memory.rule));
  file.write("/seed", std::vector<std::uint64_t>{memory.seed});
  file.write_attribute("/", "room", memory.room);
  file.write_attribute("/", "tasks", memory.tasks);
  file.write("/element", memory.elements);
  file.write("/task", memory.of_task);
  file.write_strings("/user", memory.users);
  file.write_strings("/item", memory.items);
  file.write("/histories", memory.histories);
  file.write_strings("/history", memory.history);
  file.write_strings("/probes", memory.probes);
  if (!memory.probes.empty()) file.write_matrix<float>("/rows", memory.rows, memory.probes.size());
  file.close();
  target.commit();
}

ReplayMemory read_replay_memory(const std::filesystem::path& path) {
  const Hdf5File file = Hdf5File::open(path);
  if (!file.has_attribute("/", "format") || file.read_text("/", "format") != "coldframe memory" ||
      file.read_integer("/", "format_version") != k_format) {
    throw DataError(fmt::format("{} is no memory of format {}", path.string(), k_format),
                    "another command or version wrote it", "give the memory.h5 of a run that replays");
  }
  ReplayMemory memory;
  memory.rule = file.read_text("/", "rule");
  const std::vector<std::uint64_t> seed = file.read<std::uint64_t>("/seed");
  memory.seed = seed.empty() ? 0 : seed.front();
  memory.room = static_cast<std::uint64_t>(file.read_integer("/", "room"));
  memory.tasks = static_cast<std::uint64_t>(file.read_integer("/", "tasks"));
  memory.elements = file.read<std::uint64_t>("/element");
  memory.of_task = file.read<std::uint64_t>("/task");
  memory.users = file.read_strings("/user");
  memory.items = file.read_strings("/item");
  memory.histories = file.read<std::uint64_t>("/histories");
  memory.history = file.read_strings("/history");
  memory.probes = file.read_strings("/probes");
  if (!memory.probes.empty()) memory.rows = file.read<float>("/rows");
  require_lengths(path, memory);
  return memory;
}

}  // namespace coldframe
