#pragma once

#include <filesystem>

#include "framework/core/atomic_file.h"
#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"

namespace coldframe {

/// Writes a log for other programs, one line per shown item:
///   user,period,session,page,position,item,clicked,log_propensity,log_marginal,timestamp[,price][,query]
/// the last two where places were sold (0: not this one) and where somebody searched; with external ids, quoted where
/// they need it; numbers in the shortest form that reads back to the same bits, empty where unknown. Atomic.
class ImpressionCsvWriter {
 public:
  explicit ImpressionCsvWriter(const std::filesystem::path& path) : file_(path) {}
  /// More rows, of users and items that `data` names; all with the columns of the first.
  void add(const Dataset& data, const ImpressionLog& rows);
  void finish();

 private:
  AtomicFile file_;
  bool begun_ = false;
};

/// The whole of it.
void write_impression_csv(const std::filesystem::path& path, const Dataset& data, const ImpressionLog& log);

}  // namespace coldframe
