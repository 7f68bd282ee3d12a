#include "framework/reporting/attached_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/json.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

const Json& rows_of(const Json& content, const std::string& id) {
  static const Json none = Json::array();
  for (const Json& table : content.at("tables")) {
    if (table.at("id") == id) return table.at("rows");
  }
  return none;
}

std::string text(const Json& estimate) {
  if (!estimate.is_object() || !estimate.at("value").is_number()) return "n/a";
  const double value = estimate.at("value").get<double>();
  if (!estimate.at("low").is_number()) return fmt::format("{:.4f}", value);
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", value, estimate.at("low").get<double>(),
                     estimate.at("high").get<double>());
}

/// "lora", "lora + item prior" or "lora (runs/...)" of a variant "lora".
bool is_strategy(const std::string& scorer, const Json& variants) {
  return std::ranges::any_of(variants, [&](const Json& variant) {
    const auto name = variant.get<std::string>();
    return scorer == name || scorer.starts_with(name + " + ") || scorer.starts_with(name + " (");
  });
}

std::vector<std::string> strategies(const Json& content, const std::string& table) {
  std::vector<std::string> found;
  for (const Json& row : rows_of(content, table)) {
    const auto scorer = row.at("scorer").get<std::string>();
    if (!is_strategy(scorer, content.at("about").at("variants"))) continue;
    if (std::ranges::find(found, scorer) == found.end()) found.push_back(scorer);
  }
  return found;
}

std::vector<std::string> noise_sentences(const AttachedReport& report) {
  std::vector<std::string> sentences;
  for (const std::string& scorer : strategies(report.content, "robustness")) {
    std::size_t conditions = 0, claimed = 0;
    const Json* worst = nullptr;
    for (const Json& row : rows_of(report.content, "robustness")) {
      if (row.at("scorer") != scorer || !row.contains("loss") || !row["loss"].at("value").is_number()) continue;
      ++conditions;
      claimed += row.value("verdict", "").starts_with("loses");
      if (worst == nullptr || (*worst)["loss"]["value"] < row["loss"]["value"]) worst = &row;
    }
    if (worst == nullptr) continue;
    sentences.push_back(fmt::format(
        "{}, {}: {} of {} losses under noise are claimed; most is lost under {} of severity {:g} at "
        "k = {}: {}.",
        report.name, scorer, claimed, conditions, worst->at("kind").get<std::string>(),
        worst->at("severity").get<double>(), worst->at("shots").get<std::size_t>(), text(worst->at("loss"))));
  }
  return sentences;
}

std::vector<std::string> poisoning_sentences(const AttachedReport& report) {
  std::vector<std::string> sentences;
  for (const std::string& scorer : strategies(report.content, "poisoning")) {
    for (const Json& row : rows_of(report.content, "poisoning")) {
      if (row.at("scorer") != scorer) continue;
      std::string sentence = fmt::format("{}, {}: ", report.name, scorer);
      if (row.contains("hits_gain")) {
        sentence += fmt::format("the pushed items gain {} of the first places ({}); ", text(row["hits_gain"]),
                                row.value("pushed", "not judged"));
      }
      sentences.push_back(sentence + fmt::format("the lists lose {} ({}).", text(row.value("loss", Json())),
                                                 row.value("verdict", "not judged")));
    }
  }
  return sentences;
}

std::vector<std::string> group_sentences(const AttachedReport& report) {
  std::vector<std::string> sentences;
  for (const Json& row : rows_of(report.content, "gaps")) {
    const auto scorer = row.at("scorer").get<std::string>();
    if (!is_strategy(scorer, report.content.at("about").at("variants")) || !row.contains("gap") ||
        !row["gap"].is_number()) {
      continue;
    }
    const bool beyond = row.value("holm_p", 1.0) < 0.05;
    sentences.push_back(fmt::format(
        "{}, {}: by {} the gap between {} (least) and {} is {:.4f}, {} (95 % of permuted labels show at "
        "most {:.4f}; p = {:.3f} after Holm).",
        report.name, scorer, row.at("grouping").get<std::string>(), row.value("worst", ""), row.value("best", ""),
        row["gap"].get<double>(), beyond ? "more than chance" : "not told from chance", row.value("null_95", 0.0),
        row.value("holm_p", 1.0)));
  }
  return sentences;
}

}  // namespace

Json report_about(const std::string& command, const std::string& data, std::span<const std::string> runs,
                  std::span<const std::string> variants) {
  return {{"command", command}, {"data", data}, {"runs", runs}, {"variants", variants}};
}

AttachedReport read_attached_report(const std::string& file) {
  AttachedReport report{std::filesystem::path(file).stem().string(), file, read_json(file)};
  const Json& content = report.content;
  const bool known = content.is_object() && content.contains("about") && content.contains("tables") &&
                     content["about"].is_object() && content["tables"].is_array() &&
                     content["about"].contains("variants");
  const std::string command = known ? content["about"].value("command", "") : "";
  if (command != "robustness" && command != "poisoning" && command != "fairness") {
    throw DataError(fmt::format("{} cannot stand beside runs", file),
                    "it says not which command wrote it, or of which runs",
                    "give what `coldframe robustness`, `poisoning` or `fairness` wrote with --output");
  }
  return report;
}

void require_belongs(const AttachedReport& report, const PooledRuns& runs) {
  const Json& about = report.content.at("about");
  const std::string theirs = about.value("data", "");
  const std::string ours = runs.runs.front().record.summary.value(Json::json_pointer("/identity/data"), "");
  if (theirs != ours) {
    throw DataError(fmt::format("cannot compare {} with {}", report.file, runs.runs.front().name),
                    fmt::format("other data: {:.12}... and {:.12}...", theirs, ours),
                    "give reports on the data of the runs");
  }
  for (const Json& variant : about.at("variants")) {
    if (std::ranges::find(runs.variants, variant.get<std::string>()) != runs.variants.end()) return;
  }
  throw DataError(
      fmt::format("{} cannot stand beside these runs", report.file),
      fmt::format("it is about {}, the runs are {}", about.at("variants").dump(), fmt::join(runs.variants, ", ")),
      "give runs of that variant, too");
}

void attach_reports(Json& report, std::span<const AttachedReport> attached) {
  for (const AttachedReport& one : attached) {
    for (Json table : one.content.at("tables")) {
      table["id"] = fmt::format("{}-{}", one.name, table.at("id").get<std::string>());
      table["title"] = fmt::format("{}: {}", one.name, table.at("title").get<std::string>());
      report["tables"].push_back(std::move(table));
    }
    for (const Json& limit : one.content.value("limits", Json::array())) {
      report["limits"].push_back(fmt::format("{}: {}", one.name, limit.get<std::string>()));
    }
    const auto command = one.content.at("about").at("command").get<std::string>();
    for (std::string& sentence : command == "robustness"  ? noise_sentences(one)
                                 : command == "poisoning" ? poisoning_sentences(one)
                                                          : group_sentences(one)) {
      report["sentences"].push_back(std::move(sentence));
    }
  }
}

}  // namespace coldframe
