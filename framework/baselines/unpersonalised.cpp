#include "framework/baselines/unpersonalised.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"

namespace coldframe {

void RandomBaseline::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == item_keys_.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto high = static_cast<std::uint32_t>(item_keys_[i] >> 32);
    const PhiloxBlock words =
        random_.block(query.key, high >> 12, high & 0xFFFu, static_cast<std::uint32_t>(item_keys_[i]));
    scores[i] = uniform_float(words[0]);
  }
}

PopularityBaseline::PopularityBaseline(const TrainingLikes& training) {
  training.check();
  for (const std::uint64_t count : training.item_counts()) counts_.push_back(static_cast<float>(count));
}

void PopularityBaseline::score(const BaselineQuery&, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == counts_.size());
  std::copy(counts_.begin(), counts_.end(), scores.begin());
}

std::vector<float> item_log_prior(const TrainingLikes& training) {
  training.check();
  return item_log_prior(training.item_counts());
}

std::vector<float> item_log_prior(std::span<const std::uint64_t> likes) {
  const double total = static_cast<double>(std::accumulate(likes.begin(), likes.end(), std::uint64_t{0})) +
                       static_cast<double>(likes.size());
  std::vector<float> prior;
  for (const std::uint64_t count : likes) {
    prior.push_back(static_cast<float>(std::log((static_cast<double>(count) + 1.0) / total)));
  }
  return prior;
}

void ItemPriorBaseline::score(const BaselineQuery&, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == prior_.size());
  std::copy(prior_.begin(), prior_.end(), scores.begin());
}

}  // namespace coldframe
