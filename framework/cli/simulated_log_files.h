#pragma once

#include <filesystem>
#include <memory>

#include "framework/data/dataset_store.h"
#include "framework/data/impression_csv.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/replay_log.h"

namespace coldframe {

/// Writes the log of one policy while its pages come: a dataset store, and CSV beside it if wanted. Memory grows with
/// users and clicks, not with what was shown. The bytes depend on the pages alone. Files appear with finish().
class SimulatedLogFiles {
 public:
  /// Stores of more bytes of impressions are written to the disk at once, undeflated.
  static constexpr std::uint64_t k_most_in_memory = std::uint64_t{128} << 20;

  /// file: without its extension. impressions: how many there will be. catalogue: not nullptr when items come and go.
  SimulatedLogFiles(const std::filesystem::path& file, const SimulatedLogBuilder::Setting& setting,
                    std::uint64_t impressions, bool csv, const Catalogue* catalogue,
                    std::uint64_t most_in_memory = k_most_in_memory);
  void add(const PageRow& page);
  void finish();

 private:
  void write_rows();

  SimulatedLogBuilder builder_;
  const Catalogue* catalogue_;
  std::unique_ptr<DatasetStoreWriter> store_;
  std::unique_ptr<ImpressionCsvWriter> csv_;
  ImpressionLog rows_;  // that wait
  bool begun_ = false;
};

}  // namespace coldframe
