#include "framework/reporting/newcomer_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "framework/reporting/calibration_report.h"

namespace coldframe {
namespace {

std::optional<std::size_t> metric_index(const NewcomerTable& table, MetricCut metric) {
  const auto found = std::ranges::find(table.metrics, metric);
  if (found == table.metrics.end()) return std::nullopt;
  return static_cast<std::size_t>(found - table.metrics.begin());
}

std::vector<std::size_t> all_shots(const RunRecord& record) {
  std::vector<std::size_t> shots;
  for (const NewcomerRow& row : record.newcomers) {
    for (const ShotRow& shot : row.table.rows) shots.push_back(shot.shots);
  }
  std::ranges::sort(shots);
  const auto repeats = std::ranges::unique(shots);
  shots.erase(repeats.begin(), repeats.end());
  return shots;
}

std::string cell(const NewcomerTable& table, std::size_t shots) {
  const ShotRow* row = table.find(shots);
  if (row == nullptr) return "-";
  const auto ndcg = metric_index(table, {RankingMetric::ndcg, 10}), recall = metric_index(table, {RankingMetric::recall, 20});
  if (ndcg && recall) return fmt::format("{:.3f} / {:.3f}", row->mean(*ndcg), row->mean(*recall));
  return fmt::format("{:.3f}", row->mean(0));
}

/// Ratio of the first metric to popularity's, over the same users.
std::string ratio_line(const NewcomerRow& row, const NewcomerRow& popularity, std::size_t shots, const BootstrapOptions& bootstrap) {
  const ShotRow *mine = row.table.find(shots), *theirs = popularity.table.find(shots);
  if (mine == nullptr || theirs == nullptr) return {};
  PairedBootstrap pairs(2, bootstrap);
  for (std::size_t u = 0; u < row.table.users.size(); ++u) {
    const double values[] = {mine->values[0][u], theirs->values[0][u]};
    pairs.add(row.table.users[u], values);
  }
  const Estimate ratio = pairs.ratio(0, 1);
  const std::string interval =
      ratio.interval ? fmt::format("[{:.2f}, {:.2f}]", ratio.interval->low, ratio.interval->high) : "undefined";
  return fmt::format("{} / popularity at k = {}, {}: {:.2f} {}\n", row.name, shots, to_string(row.table.metrics[0]), ratio.value, interval);
}

/// What answering newcomers one by one takes; empty before it was measured.
std::string serving_text(const nlohmann::json& summary, std::size_t items) {
  const nlohmann::json serving = summary.value(nlohmann::json::json_pointer("/cost/serving"), nlohmann::json());
  if (!serving.is_object()) return {};
  const auto ms = [&](const char* part, const char* quantile) { return serving.at(part).at(quantile).get<double>(); };
  return fmt::format(
      "one newcomer at a time, k = {}: text to vector {:.2f} ms (p50), {:.2f} ms (p99); ranking {} items {:.2f} ms, {:.2f} ms; "
      "peak memory {:.0f} MB\n",
      serving.at("shots").get<std::size_t>(), ms("encode_ms", "p50"), ms("encode_ms", "p99"), items, ms("rank_ms", "p50"),
      ms("rank_ms", "p99"), 1e-6 * serving.at("peak_memory_bytes").get<double>());
}

}  // namespace

std::string newcomer_text(const RunRecord& record, const BootstrapOptions& bootstrap) {
  if (record.newcomers.empty()) return "no evaluation yet\n";
  const NewcomerTable& first = record.newcomers.front().table;
  const std::vector<std::size_t> shots = all_shots(record);
  std::string text = fmt::format("{} newcomers of role H ({} left out: too few likes), all items ranked; NDCG@10 / Recall@20\n\n{:<34}",
                                 first.users.size(), record.summary["evaluation"].value("left_out", first.left_out), "");
  for (const std::size_t k : shots) text += fmt::format("{:>16}", fmt::format("k = {}", k));
  text += '\n';
  for (const NewcomerRow& row : record.newcomers) {
    text += fmt::format("{:<34}", row.name);
    for (const std::size_t k : shots) text += fmt::format("{:>16}", cell(row.table, k));
    text += '\n';
  }
  text += '\n';
  const auto popularity = std::ranges::find(record.newcomers, "popularity", &NewcomerRow::name);
  for (const NewcomerRow& row : record.newcomers) {
    if (row.role != "strategy" || popularity == record.newcomers.end()) continue;
    text += ratio_line(row, *popularity, shots.front(), bootstrap);
  }
  text += serving_text(record.summary, record.summary["evaluation"].value("items", std::size_t{0}));
  if (record.summary.contains("calibration")) {
    return text + calibration_text(record.summary.at("calibration")) +
           "accuracy, F1: n/a (a ranking decides nothing about single items; classes of texts: `coldframe classify`)\n";
  }
  return text +
         "accuracy, F1, log loss, calibration error: n/a (cosines are no probabilities, and no head was calibrated on "
         "role V)\n";
}

}  // namespace coldframe
