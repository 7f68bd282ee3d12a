#include "framework/reporting/robustness_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/evaluation/significance.h"
#include "framework/evaluation/user_sum.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

double mean_of(std::span<const double> values) {
  UserSum sum;
  for (const double value : values) sum.add(value);
  return values.empty() ? 0.0 : sum.value() / static_cast<double>(values.size());
}

/// Mean over draws of clean minus noisy, per user; exactly 0 where no draw changed a list.
std::vector<double> losses(const RobustnessSeries& series, const NoisyResult& result) {
  std::vector<double> loss(series.clean.size());
  for (const auto& draw : result.utility) {
    for (std::size_t u = 0; u < loss.size(); ++u) loss[u] += series.clean[u] - draw[u];
  }
  for (double& mean : loss) mean /= static_cast<double>(result.utility.size());
  return loss;
}

/// A row about one mean of paired differences; the verdict is filled in once Holm is known.
struct PairedRow {
  Json cells;
  std::vector<double> differences;
};

std::string verdict(double holm_p, const Estimate& estimate, double detectable, const VerdictRules& rules) {
  if (estimate.users < rules.minimum_users) return "too few";
  if (!estimate.interval) return "undefined";
  if (holm_p <= rules.alpha && estimate.interval->low > rules.smallest_effect) return "loses";
  if (holm_p <= rules.alpha && estimate.interval->high < -rules.smallest_effect) return "gains";
  return fmt::format("not shown (a mean of {:.4f} would have been found)", detectable);
}

void finish(std::vector<PairedRow>& rows, const RobustnessInput& input, const VerdictRules& rules,
            TableBuilder& table) {
  std::vector<double> p_values;
  BootstrapOptions bootstrap = rules.bootstrap;
  bootstrap.level = 1.0 - rules.alpha;
  for (const PairedRow& row : rows) {
    p_values.push_back(sign_flip_p_value(input.users, row.differences, {rules.permutations, bootstrap.seed}));
  }
  const std::vector<double> holm = holm_adjusted(p_values);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    PairedBootstrap resampled(1, bootstrap);
    for (std::size_t u = 0; u < input.users.size(); ++u) {
      resampled.add(input.users[u], std::span(&rows[r].differences[u], 1));
    }
    const Estimate loss = resampled.mean(0);
    std::vector<double> ascending = rows[r].differences;
    std::sort(ascending.begin(), ascending.end());
    const double detectable = minimum_detectable_effect(sample_variance(ascending), ascending.size(), rules.alpha);
    rows[r].cells["loss"] = to_json(loss);
    rows[r].cells["holm_p"] = holm[r];
    rows[r].cells["verdict"] = verdict(holm[r], loss, detectable, rules);
    table.row(std::move(rows[r].cells));
  }
}

void require_users(const RobustnessInput& input) {
  for (const RobustnessSeries& series : input.series) {
    const bool fits = series.clean.size() == input.users.size() &&
                      std::ranges::all_of(series.results, [&](const NoisyResult& result) {
                        return !result.utility.empty() && std::ranges::all_of(result.utility, [&](const auto& draw) {
                          return draw.size() == input.users.size();
                        });
                      });
    if (!fits) throw DataError(fmt::format("utilities of {} do not fit {} users", series.scorer, input.users.size()));
  }
  for (const CertifiedSeries& series : input.certified) {
    if (series.set_radius.size() == input.users.size() && series.order_radius.size() == input.users.size()) continue;
    throw DataError(fmt::format("radii of {} do not fit {} users", series.scorer, input.users.size()));
  }
}

Json loss_table(const RobustnessInput& input, const VerdictRules& rules) {
  TableBuilder table(
      "robustness", fmt::format("{} under noise", input.utility_name),
      fmt::format("loss = clean - mean over draws, paired by user; worst = lowest draw; lists of {}: Jaccard, "
                  "rank-biased overlap (p = .9, extrapolated), Kendall tau-b; Holm over this table",
                  input.list_length));
  table.column("scorer", "scorer").column("template", "template").column("shots", "k").column("kind", "noise");
  table.column("severity", "severity").column("draws", "draws").column("changed", "changed").column("clean", "clean");
  table.column("mean", "mean").column("worst", "worst").column("loss", "loss").column("relative", "loss / clean");
  table.column("jaccard", "Jaccard").column("rbo", "RBO").column("kendall", "tau").column("holm_p", "Holm p");
  table.column("verdict", "verdict");
  std::vector<PairedRow> rows;
  for (const RobustnessSeries& series : input.series) {
    const double clean = mean_of(series.clean);
    for (const NoisyResult& result : series.results) {
      std::vector<double> draws;
      for (const auto& draw : result.utility) draws.push_back(mean_of(draw));
      const double mean = mean_of(draws);
      Json cells{{"scorer", series.scorer},
                 {"template", series.text_template},
                 {"shots", series.shots},
                 {"kind", result.kind},
                 {"severity", result.severity},
                 {"draws", draws.size()},
                 {"changed", result.changed},
                 {"clean", clean},
                 {"mean", mean},
                 {"worst", *std::ranges::min_element(draws)},
                 {"relative", clean > 0.0 ? Json((clean - mean) / clean) : Json()},
                 {"jaccard", result.jaccard},
                 {"rbo", result.rbo},
                 {"kendall", result.kendall}};
      rows.push_back({std::move(cells), losses(series, result)});
    }
  }
  finish(rows, input, rules, table);
  return table.take();
}

Json difference_table(const RobustnessInput& input, const VerdictRules& rules) {
  TableBuilder table("robustness-differences", "Loss of a scorer minus loss of the first with the same k and template",
                     "paired by user; \"loses\": it loses more; Holm over this table");
  table.column("scorer", "scorer").column("against", "against").column("template", "template").column("shots", "k");
  table.column("kind", "noise").column("severity", "severity").column("loss", "difference of losses");
  table.column("holm_p", "Holm p").column("verdict", "verdict");
  std::vector<PairedRow> rows;
  for (const RobustnessSeries& series : input.series) {
    const auto first = std::ranges::find_if(input.series, [&](const RobustnessSeries& other) {
      return other.shots == series.shots && other.text_template == series.text_template;
    });
    if (&*first == &series) continue;
    for (const NoisyResult& result : series.results) {
      const auto same = std::ranges::find_if(first->results, [&](const NoisyResult& other) {
        return other.kind == result.kind && other.severity == result.severity;
      });
      if (same == first->results.end()) continue;
      std::vector<double> differences = losses(series, result);
      const std::vector<double> theirs = losses(*first, *same);
      for (std::size_t u = 0; u < differences.size(); ++u) differences[u] -= theirs[u];
      rows.push_back({{{"scorer", series.scorer},
                       {"against", first->scorer},
                       {"template", series.text_template},
                       {"shots", series.shots},
                       {"kind", result.kind},
                       {"severity", result.severity}},
                      std::move(differences)});
    }
  }
  finish(rows, input, rules, table);
  return table.take();
}

/// Value at probability p over users; none where it is infinite.
Json quantile(std::vector<double> values, double p) {
  std::ranges::sort(values);
  const double place = p * static_cast<double>(values.size() - 1);
  if (std::isinf(values[static_cast<std::size_t>(std::ceil(place))])) return {};
  return sorted_quantile(values, p);
}

/// Mean over the sampled users of what `value` says of their typos.
template <class Value>
Json mean_over_typo_users(const CertifiedSeries& series, const VerdictRules& rules, Value value) {
  PairedBootstrap means(1, rules.bootstrap);
  for (const TypoRow& row : series.typos) {
    if (row.shifts.empty()) continue;
    const double of_user = value(row);
    means.add(row.user, {&of_user, 1});
  }
  return means.users() == 0 ? Json() : to_json(means.mean(0));
}

void add_typo_cells(Json& cells, const CertifiedSeries& series, const VerdictRules& rules) {
  std::vector<double> shifts;
  for (const TypoRow& row : series.typos) shifts.insert(shifts.end(), row.shifts.begin(), row.shifts.end());
  if (shifts.empty()) return;
  const auto share = [](std::size_t part, const TypoRow& row) {
    return static_cast<double>(part) / static_cast<double>(row.shifts.size());
  };
  const auto mean = [&](auto value) { return mean_over_typo_users(series, rules, value); };
  cells["typo_users"] = series.typos.size();
  cells["typos"] = shifts.size();
  cells["shift_50"] = quantile(shifts, 0.5);
  cells["shift_95"] = quantile(shifts, 0.95);
  cells["reach"] = mean([&](const TypoRow& row) { return share(row.beyond, row); });
  cells["change"] = mean([&](const TypoRow& row) { return share(row.changed, row); });
  cells["mean_loss"] = mean([](const TypoRow& row) { return row.clean - row.mean; });
  cells["worst_loss"] = mean([](const TypoRow& row) { return row.clean - row.worst; });
}

Json radius_table(const RobustnessInput& input, const VerdictRules& rules) {
  TableBuilder table(
      "robustness-radius",
      fmt::format("Certified radius: how far a user vector may move before the top {} changes", input.list_length),
      "Euclidean length of the shift, in closed form over all directions; quantiles over users. Typos: every single "
      "keyboard error in the text of the sampled users; reach: share whose shift is no shorter than the user's radius "
      "of the set; change: share that changed the set (none can below the radius); loss: clean minus the mean typo, "
      "and "
      "minus each user's worst one. Means over users.");
  table.column("scorer", "scorer").column("template", "template").column("shots", "k");
  table.column("set_smallest", "set: smallest")
      .column("set_05", "5 %")
      .column("set_50", "median")
      .column("set_95", "95 %");
  table.column("order_50", "order: median").column("typo_users", "users with typos").column("typos", "typos");
  table.column("shift_50", "shift: median").column("shift_95", "95 %");
  table.column("reach", "typos that reach it").column("change", "typos that change the set");
  table.column("mean_loss", "loss: mean typo").column("worst_loss", "worst typo");
  for (const CertifiedSeries& series : input.certified) {
    if (series.set_radius.empty()) continue;
    Json row{{"scorer", series.scorer},
             {"template", series.text_template},
             {"shots", series.shots},
             {"set_smallest", quantile(series.set_radius, 0.0)},
             {"set_05", quantile(series.set_radius, 0.05)},
             {"set_50", quantile(series.set_radius, 0.5)},
             {"set_95", quantile(series.set_radius, 0.95)},
             {"order_50", quantile(series.order_radius, 0.5)}};
    add_typo_cells(row, series, rules);
    table.row(std::move(row));
  }
  return table.take();
}

/// Names without the item prior, each once.
Json strategies_of(const RobustnessInput& input) {
  Json names = Json::array();
  for (const RobustnessSeries& series : input.series) {
    const bool known = std::ranges::find(names, Json(series.scorer)) != names.end();
    if (!known && series.scorer.find(" + item prior") == std::string::npos) names.push_back(series.scorer);
  }
  return names;
}

}  // namespace

Json robustness_report(const RobustnessInput& input, const VerdictRules& rules) {
  require_users(input);
  Json limits = input.limits;
  if (input.users.size() < rules.minimum_users) {
    limits.push_back(
        fmt::format("{} users: too few for any claim ({} are asked for)", input.users.size(), rules.minimum_users));
  }
  limits.push_back("one training run says nothing about its strategy: other seeds may lose more or less");
  Json tables = Json::array({loss_table(input, rules), difference_table(input, rules)});
  if (!input.certified.empty()) {
    tables.push_back(radius_table(input, rules));
    limits.push_back(
        "certified radius: of the vector, not of the text; which texts lie within it only the typos that were tried "
        "say");
  }
  return {{"format", 1},
          {"facts",
           {{"users", input.users.size()},
            {"strategies", strategies_of(input)},
            {"utility", input.utility_name},
            {"list_length", input.list_length}}},
          {"tables", std::move(tables)},
          {"limits", std::move(limits)}};
}

std::string robustness_text(const Json& report) {
  std::string text;
  for (const Json& table : report.at("tables")) {
    if (!table.at("rows").empty()) text += table_text(table) + '\n';
  }
  text += "what cannot be concluded:\n";
  for (const Json& limit : report.at("limits")) text += fmt::format("  {}\n", limit.get<std::string>());
  return text;
}

}  // namespace coldframe
