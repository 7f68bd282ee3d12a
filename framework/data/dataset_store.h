#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"

namespace coldframe {

/// Version of the layout under /users /items /interactions /impressions /meta. A newer one is refused; older ones are
/// migrated while reading.
inline constexpr std::int64_t k_dataset_format_version = 1;

/// Writes a dataset store `<name>.h5` so that the file appears complete or not at all: it is built in memory, and
/// commit() writes a temporary file beside it, syncs and renames. Without commit() nothing is written.
class DatasetStoreWriter {
 public:
  explicit DatasetStoreWriter(const std::filesystem::path& path);
  /// For what is too large for memory: the temporary file is written at once, and not deflated. About `bytes` are taken
  /// of the disk first; IoError when there is too little.
  DatasetStoreWriter(const std::filesystem::path& path, std::uint64_t bytes);
  ~DatasetStoreWriter();

  /// Once, before or after the impressions.
  void write(const Dataset& dataset);
  /// Any number of blocks with the same columns; the queries of a block begin with those of the one before.
  void append(const ImpressionLog& rows);
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

void write_dataset(const std::filesystem::path& path, const Dataset& dataset,
                   const ImpressionLog* impressions = nullptr);

/// Reads and verifies a store: format, version, lengths, references, content checksum. Throws IoError or DataError.
Dataset read_dataset(const std::filesystem::path& path);

/// The impressions of a simulated log; nullopt when the store has none.
std::optional<ImpressionLog> read_impression_log(const std::filesystem::path& path);

}  // namespace coldframe
