#include "framework/reporting/stream_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "framework/reporting/continual_record.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::pair<const char*, const char*> k_numbers[] = {
    {"average", "ACC"},
    {"backward_transfer", "BWT"},
    {"forward_transfer", "FWT"},
    {"forgetting_last", "forgetting"},
    {"stream_area", "area"},
    {"dynamic_regret", "regret"},
    {"recovery_tasks", "recovery, tasks"},
};

/// {value, low, high}, or null where there is no value.
Json shown(const Json& estimate) {
  if (estimate.at("value").is_null()) return {};
  return {{"value", estimate.at("value")}, {"low", estimate.at("low")}, {"high", estimate.at("high")}};
}

Json line_of(const NamedRun& run, const Json& summary) {
  Json line{{"run", run.name}, {"method", summary.at("method")}, {"tasks", summary.at("tasks").size()}};
  if (summary.contains("prequential_mean")) {
    line["next"] = shown(summary.at("prequential_mean"));
    line["popularity"] = summary.at("prequential_popularity");
  }
  for (const auto& [key, title] : k_numbers) {
    if (summary.at("numbers").contains(key)) line[key] = shown(summary.at("numbers").at(key));
  }
  return line;
}

/// Of every run to the first one that has tasks.
Json difference_table(std::span<const NamedRun* const> runs, const BootstrapOptions& bootstrap) {
  TableBuilder table("stream-differences", fmt::format("Differences to {} over the same people", runs.front()->name),
                     "paired: a person counts equally often in both; these checkpoints, of one training seed each; in "
                     "brackets intervals over people; runs with other tasks are left out");
  table.column("run", "run").column("next", "next");
  for (const auto& [key, title] : k_numbers) table.column(key, title);
  table.column("detectable", "detectable in next or ACC");
  for (const NamedRun* run : runs.subspan(1)) {
    const Json differences = continual_differences(run->record.tasks, runs.front()->record.tasks, bootstrap);
    if (differences.is_null()) continue;
    Json line{{"run", run->name}};
    for (const auto& [key, estimate] : differences.items()) line[key] = shown(estimate);
    line["detectable"] = differences.at(differences.contains("next") ? "next" : "average").at("detectable");
    table.row(std::move(line));
  }
  return table.take();
}

Json heat_map(const NamedRun& run, const Json& summary, std::size_t number) {
  PlotBuilder plot(fmt::format("tasks-{}", number), fmt::format("{}: tasks over time", run.name), "people of task",
                   "after task", Marks::heat, "darker: better; row 0 is the untrained encoder");
  for (std::size_t row = 0; row < summary.at("matrix").size(); ++row) {
    for (std::size_t task = 0; task < summary.at("tasks").size(); ++task) {
      plot.cell(fmt::format("{}", row), fmt::format("{}", task + 1), summary.at("matrix")[row][task]);
    }
  }
  return plot.take();
}

/// Of several training seeds of a variant, one is shown in full.
bool first_seed_of_variant(std::span<const NamedRun> runs, const NamedRun& run) {
  const auto stream_of = [](const NamedRun& other) {
    const Json& summary = other.record.summary;
    return std::pair(summary.value("variant", other.name), summary.value("fold", std::int64_t{0}));
  };
  const auto first = std::ranges::find_if(runs, [&](const NamedRun& other) {
    return other.record.summary.contains("continual") && stream_of(other) == stream_of(run);
  });
  return &*first == &run;
}

}  // namespace

void add_streams(Json& tables, Json& plots, std::span<const NamedRun> runs, const BootstrapOptions& bootstrap) {
  TableBuilder lines(
      "streams", "Tasks that follow each other",
      "next: everybody of a task before anything of them was trained on, mean over tasks, and popularity "
      "on the same people from the second task on; intervals over people; of several seeds of a variant the first is "
      "shown in full below");
  lines.column("run", "run").column("method", "method").column("tasks", "tasks").column("next", "next");
  lines.column("popularity", "popularity");
  for (const auto& [key, title] : k_numbers) lines.column(key, title);
  Json details = Json::array();
  std::size_t number = 0;
  std::vector<const NamedRun*> measured;
  for (const NamedRun& run : runs) {
    if (!run.record.summary.contains("continual")) continue;
    const Json& summary = run.record.summary.at("continual");
    ++number;
    if (!run.record.tasks.empty()) measured.push_back(&run);
    lines.row(line_of(run, summary));
    if (!first_seed_of_variant(runs, run)) continue;
    for (Json& table : continual_tables(summary, run.name)) {
      table["id"] = fmt::format("{}-{}", table.at("id").get<std::string>(), number);
      details.push_back(std::move(table));
    }
    plots.push_back(heat_map(run, summary, number));
  }
  if (number == 0) return;
  tables.push_back(lines.take());
  if (measured.size() > 1) tables.push_back(difference_table(measured, bootstrap));
  for (Json& table : details) tables.push_back(std::move(table));
}

}  // namespace coldframe
