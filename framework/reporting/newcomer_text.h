#pragma once

#include <string>

#include "framework/evaluation/bootstrap.h"
#include "framework/reporting/run_record.h"

namespace coldframe {

/// The k-shot table of a record as plain text: one line per scorer, NDCG@10 and Recall@20 at every k, then the ratio of
/// each strategy's NDCG@10 to popularity's with its paired bootstrap interval, latency and memory of serving, and what
/// cosines cannot be asked.
std::string newcomer_text(const RunRecord& record, const BootstrapOptions& bootstrap);

}  // namespace coldframe
