#include "framework/reporting/newcomer_costs.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/reporting/pareto.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

/// Quality against one cost; diamonds and the line through them: not dominated.
Json cost_plot(const NewcomerFindings& findings, const CostAxis& axis) {
  const std::string metric = to_string(findings.runs.metrics[0]);
  const ShotNumbers& first = findings.numbers.front();
  PlotBuilder plot(fmt::format("cost-{}", axis.id),
                   fmt::format("{} at k = {} against {}", metric, first.shots(), axis.title), axis.title, metric,
                   Marks::points,
                   "diamonds and lines: no other strategy of the same kind is as good and as cheap; by the values, "
                   "see the table for what is shown");
  const ParetoFront front = pareto_front(findings, {axis});
  for (const bool with_prior : {false, true}) {
    std::vector<std::pair<double, double>> corners;
    for (std::size_t i = 0; i < front.strategies.size(); ++i) {
      const PooledScorer& scorer = *front.strategies[i];
      if (has_item_prior(scorer) != with_prior) continue;
      const Estimate mean = first.mean(scorer, 0);
      const double cost = axis.of(cost_of(findings.runs, scorer.variant));
      const bool kept = front.dominator[i] == i;
      plot.mark(scorer.name, cost, mean.value, mean.interval).highlight(scorer.name, kept);
      if (kept) corners.emplace_back(cost, mean.value);
    }
    std::ranges::sort(corners);
    if (corners.size() < 2) continue;
    const std::string name = with_prior ? "not dominated, item prior" : "not dominated";
    for (const auto& [cost, quality] : corners) plot.mark(name, cost, quality);
    plot.dashed(name).line(name);
  }
  return plot.log_x_if_positive().take();
}

/// "not dominated", "by full", "by full, not shown": the paired interval of what it is better by covers 0.
std::string standing(const NewcomerFindings& findings, const ParetoFront& front, std::size_t place) {
  const std::size_t by = front.dominator[place];
  if (by == place) return "not dominated";
  const Estimate gain = findings.numbers.front().difference(*front.strategies[by], *front.strategies[place], 0);
  const bool shown = gain.interval && gain.interval->low > 0.0;
  return fmt::format("by {}{}", front.strategies[by]->name, shown ? "" : ", not shown");
}

Json pareto_table(const NewcomerFindings& findings) {
  const ShotNumbers& first = findings.numbers.front();
  TableBuilder table(
      "pareto", "Quality against cost",
      fmt::format("{} at k = {} and the means of what training cost. A strategy is dominated by another of its kind "
                  "(text alone, or with item prior) that is at least as good and as cheap, and better in one of both; "
                  "\"not shown\": the paired 95 % interval of the better quality covers 0.",
                  to_string(findings.runs.metrics[0]), first.shots()));
  table.column("strategy", "strategy").column("quality", "quality");
  for (const CostAxis& axis : cost_axes()) table.column(axis.id, axis.title);
  std::vector<std::pair<std::string, ParetoFront>> fronts;
  for (const CostAxis& axis : cost_axes()) {
    fronts.emplace_back("dominated_" + axis.id, pareto_front(findings, {axis}));
    table.column(fronts.back().first, fmt::format("dominated, {}", axis.title));
  }
  fronts.emplace_back("dominated_all", pareto_front(findings, cost_axes()));
  table.column("dominated_all", "dominated, all costs together");
  const std::vector<const PooledScorer*>& strategies = fronts.front().second.strategies;
  for (std::size_t i = 0; i < strategies.size(); ++i) {
    const VariantCost cost = cost_of(findings.runs, strategies[i]->variant);
    Json row = {{"strategy", strategies[i]->name}, {"quality", to_json(first.mean(*strategies[i], 0))}};
    for (const CostAxis& axis : cost_axes()) row[axis.id] = axis.of(cost);
    for (const auto& [key, front] : fronts) row[key] = standing(findings, front, i);
    table.row(std::move(row));
  }
  return table.take();
}

}  // namespace

const std::vector<CostAxis>& cost_axes() {
  static const std::vector<CostAxis> axes = {
      {"parameters", "trainable parameters",
       [](const VariantCost& cost) { return static_cast<double>(cost.trainable_parameters); }},
      {"seconds", "seconds in steps", [](const VariantCost& cost) { return cost.seconds; }},
      {"memory", "peak memory, MB", [](const VariantCost& cost) { return cost.peak_memory_mb; }}};
  return axes;
}

ParetoFront pareto_front(const NewcomerFindings& findings, const std::vector<CostAxis>& axes) {
  const ShotNumbers& first = findings.numbers.front();
  ParetoFront front;
  for (const bool with_prior : {false, true}) {
    const std::size_t begin = front.strategies.size();
    std::vector<ParetoPoint> points;
    for (const PooledScorer& scorer : findings.runs.scorers) {
      if (scorer.role != "strategy" || !first.has(scorer) || has_item_prior(scorer) != with_prior) continue;
      const VariantCost cost = cost_of(findings.runs, scorer.variant);
      front.strategies.push_back(&scorer);
      ParetoPoint& point = points.emplace_back(ParetoPoint{first.mean(scorer, 0).value, {}});
      for (const CostAxis& axis : axes) point.costs.push_back(axis.of(cost));
    }
    for (const std::size_t by : dominators(points)) front.dominator.push_back(begin + by);
  }
  return front;
}

void add_costs(Json& tables, Json& plots, const NewcomerFindings& findings) {
  tables.push_back(pareto_table(findings));
  for (const CostAxis& axis : cost_axes()) plots.push_back(cost_plot(findings, axis));
}

}  // namespace coldframe
