#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace coldframe {

/// The plot library: $COLDFRAME_PLOTLY, else the place known when Coldframe was built.
std::filesystem::path plotly_path();

/// One self-contained page: template, report and plot library in one text that loads nothing (its own content security
/// policy forbids it). What comes from runs cannot end a script or become markup.
std::string report_page(const nlohmann::json& report, std::string_view plotly);

/// A table as RFC 4180 CSV; an estimate fills three columns, `key`, `key_low` and `key_high`.
std::string table_csv(const nlohmann::json& table);

/// Sentences, limits, and the tables of strategies and verdicts for a terminal.
std::string report_text(const nlohmann::json& report);

/// Writes page.html, page.json and page-TABLE.csv beside it. IoError when the plot library is missing, before anything
/// is written.
void write_report(const std::filesystem::path& page, const nlohmann::json& report);

}  // namespace coldframe
