#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "framework/reporting/pooled_runs.h"

namespace coldframe {

/// The key `about` of what `robustness`, `poisoning` and `fairness` write: {command, data, runs [folders], variants}.
nlohmann::json report_about(const std::string& command, const std::string& data, std::span<const std::string> runs,
                            std::span<const std::string> variants);

/// A report of one of these commands that is to stand in a comparison, with the name of its file.
struct AttachedReport {
  std::string name;  // of the file, without folders and ending
  std::string file;
  nlohmann::json content;
};

/// DataError for a file that none of these commands wrote.
AttachedReport read_attached_report(const std::string& file);

/// DataError when the report is about other data than the runs, or about no variant among them.
void require_belongs(const AttachedReport& report, const PooledRuns& runs);

/// Adds the tables (their ids and titles behind the file's name, so that several reports of one command can stand in a
/// page), the limits, and one or more sentences from the numbers: what noise costs each strategy most and how much of
/// it is claimed; how far pushed items come and what lists lose; gaps between groups beside what chance shows.
/// CONTRACT: names differ.
void attach_reports(nlohmann::json& report, std::span<const AttachedReport> attached);

}  // namespace coldframe
