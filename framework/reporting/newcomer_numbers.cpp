#include "framework/reporting/newcomer_numbers.h"

#include <algorithm>

namespace coldframe {

ShotNumbers::ShotNumbers(const PooledRuns& runs, std::size_t shots, const BootstrapOptions& options)
    : shots_(shots), metrics_(runs.metrics.size()) {
  std::vector<std::vector<double>> columns;  // [rows * metrics][users]
  for (const PooledScorer& scorer : runs.scorers) {
    const PooledShot* shot = scorer.find(shots);
    if (shot == nullptr) continue;
    rows_.push_back(&scorer);
    for (std::size_t m = 0; m < metrics_; ++m) columns.push_back(shot->over_seeds(m));
  }
  bootstrap_ = std::make_unique<PairedBootstrap>(columns.size(), options);
  std::vector<double> values(columns.size());
  for (std::size_t u = 0; u < runs.users.size(); ++u) {
    for (std::size_t c = 0; c < columns.size(); ++c) values[c] = columns[c][u];
    bootstrap_->add(runs.users[u], values);
  }
}

int ShotNumbers::row_of(const PooledScorer& scorer) const {
  const auto found = std::ranges::find(rows_, &scorer);
  return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

std::size_t ShotNumbers::column(const PooledScorer& scorer, std::size_t metric) const {
  return static_cast<std::size_t>(row_of(scorer)) * metrics_ + metric;
}

Estimate ShotNumbers::mean(const PooledScorer& scorer, std::size_t metric) const {
  return bootstrap_->mean(column(scorer, metric));
}

Estimate ShotNumbers::ratio(const PooledScorer& a, const PooledScorer& b, std::size_t metric) const {
  return bootstrap_->ratio(column(a, metric), column(b, metric));
}

Estimate ShotNumbers::difference(const PooledScorer& a, const PooledScorer& b, std::size_t metric) const {
  return bootstrap_->difference(column(a, metric), column(b, metric));
}

std::vector<ShotNumbers> newcomer_numbers(const PooledRuns& runs, const BootstrapOptions& options) {
  std::vector<ShotNumbers> numbers;
  for (const std::size_t shots : runs.shots) numbers.emplace_back(runs, shots, options);
  return numbers;
}

}  // namespace coldframe
