#pragma once

#include <filesystem>

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"

namespace coldframe {

/// Writes a log for other programs, one line per shown item:
///   user,period,session,page,position,item,clicked,log_propensity,log_marginal,timestamp[,query]
/// the last one where somebody searched; with external ids, quoted where they need it; numbers in the shortest form
/// that reads back to the same bits, empty where unknown. Atomic.
void write_impression_csv(const std::filesystem::path& path, const Dataset& data, const ImpressionLog& log);

}  // namespace coldframe
