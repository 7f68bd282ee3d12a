#include "framework/evaluation/ranking.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

struct NamedMetric {
  std::string_view name;
  RankingMetric metric;
  double (*compute)(JudgedList, std::size_t);
};

constexpr std::array<NamedMetric, 9> k_metrics = {{
    {"hits", RankingMetric::hits, hits_at},
    {"recall", RankingMetric::recall, recall_at},
    {"recall_capped", RankingMetric::recall_capped, recall_capped_at},
    {"hr", RankingMetric::hit_rate, hit_rate_at},
    {"precision", RankingMetric::precision, precision_at},
    {"mrr", RankingMetric::mrr, mrr_at},
    {"map", RankingMetric::map, map_at},
    {"map_k", RankingMetric::map_k, map_k_at},
    {"ndcg", RankingMetric::ndcg, ndcg_at},
}};

const NamedMetric& named(RankingMetric metric) {
  return *std::find_if(k_metrics.begin(), k_metrics.end(), [&](const NamedMetric& m) { return m.metric == metric; });
}

double discount(std::size_t rank) { return 1.0 / std::log2(static_cast<double>(rank) + 1.0); }

std::size_t seen(JudgedList list, std::size_t k) { return std::min(k, list.relevant.size()); }

double precision_sum(JudgedList list, std::size_t k) {
  double hits = 0.0;
  double sum = 0.0;
  for (std::size_t rank = 1; rank <= seen(list, k); ++rank) {
    if (!list.relevant[rank - 1]) continue;
    hits += 1.0;
    sum += hits / static_cast<double>(rank);
  }
  return sum;
}

double gain_sum(std::span<const double> grades, std::size_t k) {
  double sum = 0.0;
  for (std::size_t rank = 1; rank <= std::min(k, grades.size()); ++rank) {
    sum += (std::exp2(grades[rank - 1]) - 1.0) * discount(rank);
  }
  return sum;
}

}  // namespace

double hits_at(JudgedList list, std::size_t k) {
  double hits = 0.0;
  for (std::size_t place = 0; place < seen(list, k); ++place) hits += list.relevant[place] ? 1.0 : 0.0;
  return hits;
}

double recall_at(JudgedList list, std::size_t k) { return hits_at(list, k) / static_cast<double>(list.targets); }

double recall_capped_at(JudgedList list, std::size_t k) {
  return hits_at(list, k) / static_cast<double>(std::min(list.targets, k));
}

double hit_rate_at(JudgedList list, std::size_t k) { return hits_at(list, k) > 0.0 ? 1.0 : 0.0; }

double precision_at(JudgedList list, std::size_t k) { return hits_at(list, k) / static_cast<double>(k); }

double mrr_at(JudgedList list, std::size_t k) {
  for (std::size_t rank = 1; rank <= seen(list, k); ++rank) {
    if (list.relevant[rank - 1]) return 1.0 / static_cast<double>(rank);
  }
  return 0.0;
}

double map_at(JudgedList list, std::size_t k) {
  return precision_sum(list, k) / static_cast<double>(std::min(list.targets, k));
}

double map_k_at(JudgedList list, std::size_t k) { return precision_sum(list, k) / static_cast<double>(k); }

double ndcg_at(JudgedList list, std::size_t k) {
  double gained = 0.0;
  for (std::size_t rank = 1; rank <= seen(list, k); ++rank) gained += list.relevant[rank - 1] ? discount(rank) : 0.0;
  double ideal = 0.0;
  for (std::size_t rank = 1; rank <= std::min(list.targets, k); ++rank) ideal += discount(rank);
  return gained / ideal;
}

double ndcg_graded_at(std::span<const double> ranked_grades, std::span<const double> all_grades, std::size_t k) {
  std::vector<double> best(all_grades.begin(), all_grades.end());
  std::sort(best.begin(), best.end(), std::greater<>());
  const double ideal = gain_sum(best, k);
  return ideal > 0.0 ? gain_sum(ranked_grades, k) / ideal : 0.0;
}

double recall_micro(std::span<const double> hits, std::span<const double> targets) {
  double found = 0.0;
  double wanted = 0.0;
  for (const double value : hits) found += value;
  for (const double value : targets) wanted += value;
  return found / wanted;
}

std::string to_string(MetricCut cut) { return fmt::format("{}@{}", named(cut.metric).name, cut.k); }

MetricCut parse_metric(std::string_view text) {
  const std::size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  const auto known =
      std::find_if(k_metrics.begin(), k_metrics.end(), [&](const NamedMetric& m) { return m.name == name; });
  if (known == k_metrics.end()) {
    std::vector<std::string_view> names;
    for (const NamedMetric& metric : k_metrics) names.push_back(metric.name);
    throw ConfigError(fmt::format("unknown metric \"{}\"", text), fmt::format("known are {}", fmt::join(names, ", ")),
                      "write for example ndcg@10");
  }
  const std::string_view digits = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  std::uint32_t k = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), k);
  if (status != std::errc{} || end != digits.data() + digits.size() || k == 0) {
    throw ConfigError(fmt::format("metric \"{}\" has no cut", text), "a whole number above 0 must follow the @",
                      fmt::format("write for example {}@10", name));
  }
  return {known->metric, k};
}

double value_at(MetricCut cut, JudgedList list) { return named(cut.metric).compute(list, cut.k); }

RankingEvaluator::RankingEvaluator(std::size_t items, std::vector<MetricCut> metrics, TieBreak ties,
                                   std::size_t list_length)
    : metrics_(std::move(metrics)), selector_(items, std::move(ties)), length_(list_length), is_target_(items, 0) {
  for (const MetricCut& cut : metrics_) {
    if (cut.k == 0) throw ConfigError(fmt::format("metric {} has no cut", to_string(cut)), "K must be above 0");
    length_ = std::max(length_, cut.k);
  }
}

std::size_t RankingEvaluator::mark_targets(UserKey user, std::span<const ItemId> masked,
                                           std::span<const ItemId> targets) {
  for (const ItemId item : targets) {
    if (item.value() >= is_target_.size()) {
      throw DataError(fmt::format("target item {} of user {:016x}", item.value(), user.value()),
                      fmt::format("the catalogue has {} items", is_target_.size()));
    }
  }
  for (const ItemId item : targets) is_target_[item.value()] = 1;
  for (const ItemId item : masked) is_target_[item.value()] = 0;
  std::size_t distinct = 0;
  for (const ItemId item : targets) distinct += std::exchange(is_target_[item.value()], 0);
  if (distinct == 0) return 0;
  for (const ItemId item : targets) is_target_[item.value()] = 1;
  return distinct;
}

bool RankingEvaluator::evaluate(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                                std::span<const ItemId> targets, std::span<double> values) {
  CF_EXPECTS(values.size() == metrics_.size());
  top_ = selector_.select(user, scores, masked, length_);
  const std::size_t distinct = mark_targets(user, masked, targets);
  if (distinct == 0) return false;
  relevant_.clear();
  for (const ItemId item : top_) relevant_.push_back(is_target_[item.value()]);
  for (const ItemId item : targets) is_target_[item.value()] = 0;
  const JudgedList list{relevant_, distinct};
  for (std::size_t m = 0; m < metrics_.size(); ++m) values[m] = value_at(metrics_[m], list);
  return true;
}

}  // namespace coldframe
