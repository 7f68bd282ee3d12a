#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace coldframe {

/// One record of the metrics log. Keys that start with "time." may differ between two runs of one config; all others
/// have the same bits.
struct MetricsRecord {
  std::int64_t step = 0;    // steps done when it was written
  std::string kind;         // "step", "validation"
  std::vector<std::pair<std::string, double>> values;
};

/// `metrics.log`: one JSON object per line, followed by a tab and eight hex digits of checksum. Append-only; numbers are
/// written in the shortest form that reads back to the same bits. Written by one process.
class MetricsLog {
 public:
  /// Opens for appending after cutting back to records with step <= `keep_up_to` (a resume), dropping a torn last line.
  MetricsLog(std::filesystem::path path, std::int64_t keep_up_to);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  void append(const MetricsRecord& record);
  void flush();  // to the disk

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// All intact records up to the first damaged line; `damaged_line` (1-based) tells where that is, 0 when there is none.
std::vector<MetricsRecord> read_metrics(const std::filesystem::path& path, std::size_t* damaged_line = nullptr);

}  // namespace coldframe
