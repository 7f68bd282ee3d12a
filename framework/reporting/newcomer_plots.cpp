#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/reporting/newcomer_report.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::size_t k_curve_points = 400;

Json quality_plot(const NewcomerFindings& findings, std::size_t metric) {
  const std::string name = to_string(findings.runs.metrics[metric]);
  PlotBuilder plot("quality-" + name, name + " over k", "interactions shown, k", name, Marks::line,
                   "95 % bootstrap intervals over users; dashed: floors and baselines");
  for (const PooledScorer& scorer : findings.runs.scorers) {
    for (const ShotNumbers& numbers : findings.numbers) {
      if (!numbers.has(scorer)) continue;
      const Estimate mean = numbers.mean(scorer, metric);
      plot.mark(scorer.name, numbers.shots(), mean.value, mean.interval);
    }
    if (scorer.role != "strategy" && !scorer.rows.empty()) plot.dashed(scorer.name);
  }
  return plot.take();
}

Json coverage_plot(const PooledRuns& runs) {
  PlotBuilder plot("coverage", "Coverage over k", "interactions shown, k", "share of the catalogue", Marks::line);
  for (const PooledScorer& scorer : runs.scorers) {
    for (const PooledShot& shot : scorer.rows) plot.mark(scorer.name, shot.shots, shot.coverage);
    if (scorer.role != "strategy" && !scorer.rows.empty()) plot.dashed(scorer.name);
  }
  return plot.take();
}

/// One curve per run; long ones are thinned by a stride, the last point stays.
Json curve_plot(const PooledRuns& runs, const char* id, const char* title, const char* column, const char* kind) {
  PlotBuilder plot(id, title, "step", column, Marks::line);
  for (const NamedRun& run : runs.runs) {
    const MetricsTable& metrics = run.record.metrics;
    const auto values = std::ranges::find(metrics.columns, column, [](const auto& entry) { return entry.first; });
    if (values == metrics.columns.end()) continue;
    std::vector<std::size_t> rows;
    for (std::size_t r = 0; r < metrics.steps.size(); ++r) {
      if (metrics.kinds[r] == kind && std::isfinite(values->second[r])) rows.push_back(r);
    }
    const std::size_t stride = rows.size() / k_curve_points + 1;
    const Json& summary = run.record.summary;
    const std::string name =
        fmt::format("{}, fold {}, seed {}", summary.at("variant").get<std::string>(),
                    summary.at("fold").get<std::int64_t>(), summary.at("seed").get<std::int64_t>());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i % stride == 0 || i + 1 == rows.size()) plot.mark(name, metrics.steps[rows[i]], values->second[rows[i]]);
    }
  }
  return plot.take();
}

Json forest_plot(const NewcomerFindings& findings, std::size_t shots) {
  const std::string metric = to_string(findings.runs.metrics[0]);
  PlotBuilder plot(fmt::format("differences-k{}", shots), fmt::format("Paired differences at k = {}", shots),
                   fmt::format("difference in {}", metric), "", Marks::forest,
                   "first - second over the same users, 95 % paired bootstrap interval: these checkpoints");
  for (const NewcomerVerdict& verdict : findings.verdicts) {
    if (verdict.shots != shots) continue;
    const Judgement& judged = verdict.checkpoints;
    plot.mark("difference", judged.difference.value, judged.name, judged.difference.interval);
  }
  return plot.take();
}

}  // namespace

void add_newcomer_plots(Json& plots, const NewcomerFindings& findings) {
  const PooledRuns& runs = findings.runs;
  for (std::size_t m = 0; m < runs.metrics.size(); ++m) plots.push_back(quality_plot(findings, m));
  plots.push_back(coverage_plot(runs));
  for (const std::size_t shots : runs.shots) plots.push_back(forest_plot(findings, shots));
  plots.push_back(curve_plot(runs, "loss", "Training loss", "loss", "step"));
  plots.push_back(curve_plot(runs, "validation", "Validation on role V", "score", "validation"));
}

}  // namespace coldframe
