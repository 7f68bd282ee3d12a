#include "framework/baselines/ease.h"

#define EIGEN_DONT_PARALLELIZE  // one order of every sum, whatever the compiler flags
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {
namespace {

Eigen::MatrixXd regularised_gram(const TrainingLikes& training, double ridge) {
  const auto items = static_cast<Eigen::Index>(training.items);
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(items, items);
  for (const std::vector<ItemId>& list : training.likes) {
    for (const ItemId j : list) {
      for (const ItemId i : list) gram(i.value(), j.value()) += 1.0;
    }
  }
  gram.diagonal().array() += ridge;
  return gram;
}

}  // namespace

Ease::Ease(const TrainingLikes& training, const EaseOptions& options) {
  training.check();
  if (!(options.ridge > 0.0) || !(options.popularity >= 0.0)) {
    throw ConfigError(fmt::format("EASE with ridge {} and popularity {}", options.ridge, options.popularity),
                      "a ridge > 0 and a popularity weight >= 0 are needed", "use 200 and 0.1");
  }
  if (training.items > options.most_items) {
    throw ConfigError(fmt::format("EASE on {} items", training.items),
                      fmt::format("its dense inverse is limited to {} items", options.most_items),
                      "leave EASE out, or raise its limit if the memory is there");
  }
  const Eigen::LLT<Eigen::MatrixXd> factor(regularised_gram(training, options.ridge));
  if (factor.info() != Eigen::Success) {
    throw NumericError("the item matrix of EASE is not positive definite", {}, "raise the ridge");
  }
  const auto items = static_cast<Eigen::Index>(training.items);
  const Eigen::MatrixXd inverse = factor.solve(Eigen::MatrixXd::Identity(items, items));
  weights_.resize(training.items * training.items);
  for (Eigen::Index i = 0; i < items; ++i) {
    for (Eigen::Index j = 0; j < items; ++j) {
      weights_[static_cast<std::size_t>(i * items + j)] =
          i == j ? 0.0f : static_cast<float>(-inverse(i, j) / inverse(j, j));
    }
  }
  const auto people = static_cast<double>(std::max<std::size_t>(training.users.size(), 1));
  for (const std::uint64_t count : training.item_counts()) {
    popularity_.push_back(static_cast<float>(options.popularity * static_cast<double>(count) / people));
  }
}

void Ease::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == popularity_.size());
  std::copy(popularity_.begin(), popularity_.end(), scores.begin());
  for (const ItemId item : query.history) {
    const float* row = weights_.data() + item.value() * popularity_.size();
    for (std::size_t j = 0; j < scores.size(); ++j) scores[j] += row[j];
  }
}

}  // namespace coldframe
