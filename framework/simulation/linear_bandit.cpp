#include "framework/simulation/linear_bandit.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <set>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/scored_policy.h"

namespace coldframe {
namespace {

using Matrix = Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using Vector = Eigen::Map<Eigen::VectorXd>;

double dot(std::span<const float> x, const double* y) {
  double sum = 0;
  for (std::size_t d = 0; d < x.size(); ++d) sum += static_cast<double>(x[d]) * y[d];
  return sum;
}

}  // namespace

LinearBandit::LinearBandit(std::string name, const VectorTable& features, const Catalogue& catalogue,
                           const BanditOptions& options)
    : name_(std::move(name)),
      features_(&features),
      catalogue_(&catalogue),
      options_(options),
      ties_(catalogue.ties(options.seed)),
      random_(derived_seed(options.seed, "bandit"), Purpose::exploration),
      width_(features.width()),
      gram_(catalogue.size() * width_ * width_, 0.0),
      inverse_(gram_),
      response_(catalogue.size() * width_, 0.0),
      theta_(response_) {
  if (!(options.ridge > 0) || !(options.width >= 0)) {
    throw ConfigError(fmt::format("policy '{}' with ridge {} and width {}", name_, options.ridge, options.width),
                      "the ridge must be above 0, the width at least 0", "try 1 and 1");
  }
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    for (std::size_t d = 0; d < width_; ++d) {
      gram_[(i * width_ + d) * width_ + d] = options.ridge;
      inverse_[(i * width_ + d) * width_ + d] = 1.0 / options.ridge;
    }
  }
}

double LinearBandit::value(const PolicyRequest& request, ItemId item) const {
  const std::span<const float> x = features_->row(request.profile_row);
  const std::size_t i = item.value();
  const double mean = dot(x, theta_.data() + i * width_);
  if (options_.rule == BanditRule::greedy) return mean;
  double square = 0;
  for (std::size_t d = 0; d < width_; ++d) {
    square += static_cast<double>(x[d]) * dot(x, inverse_.data() + (i * width_ + d) * width_);
  }
  const double deviation = options_.width * std::sqrt(std::max(square, 0.0));
  if (options_.rule == BanditRule::ucb) return mean + deviation;
  const PhiloxBlock words =
      random_.block(request.user, request.time.session, request.time.page, catalogue_->slot(item));
  return mean + deviation * standard_normals(words[0], words[1])[0];
}

void LinearBandit::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  std::vector<float> values(catalogue_->size());
  for (std::size_t r = 0; r < requests.size(); ++r) {
    for (const ItemId item : requests[r].candidates) {
      values[item.value()] = static_cast<float>(value(requests[r], item));
    }
    std::vector<ItemId> items = top_candidates(requests[r], values, ties_);
    if (kind() == PolicyKind::deterministic) {
      slates[r] = certain_slate(std::move(items));
    } else {
      slates[r] = Slate{};
      slates[r].items = std::move(items);
    }
  }
}

void LinearBandit::learn(std::span<const PageRow> pages) {
  std::set<std::size_t> shown;
  for (const PageRow& page : pages) {
    const std::span<const float> x = features_->row(page.profile);
    for (std::size_t k = 0; k < page.items.size(); ++k) {
      if (!page.prices.empty() && page.prices[k] > 0) continue;
      const std::size_t i = page.items[k].value();
      shown.insert(i);
      for (std::size_t a = 0; a < width_; ++a) {
        for (std::size_t b = 0; b < width_; ++b) {
          gram_[(i * width_ + a) * width_ + b] += static_cast<double>(x[a]) * static_cast<double>(x[b]);
        }
        if (page.clicks[k] != 0) response_[i * width_ + a] += static_cast<double>(x[a]);
      }
    }
  }
  for (const std::size_t item : shown) solve(item);
}

void LinearBandit::solve(std::size_t item) {
  const auto d = static_cast<Eigen::Index>(width_);
  const Matrix gram(gram_.data() + item * width_ * width_, d, d);
  Matrix inverse(inverse_.data() + item * width_ * width_, d, d);
  const Eigen::LLT<Eigen::MatrixXd> cholesky{Eigen::MatrixXd(gram)};
  inverse = cholesky.solve(Eigen::MatrixXd::Identity(d, d));
  Vector(theta_.data() + item * width_, d) =
      cholesky.solve(Eigen::VectorXd(Vector(response_.data() + item * width_, d)));
}

VectorTable profile_features(const PopulationObservables& observables, std::size_t dimension, std::uint64_t seed) {
  const std::size_t plain = observables.law.encoded_size() + 1, width = std::min(plain, dimension);
  const KeyedRandom random(derived_seed(seed, "bandit projection"), Purpose::initialisation);
  std::vector<float> values;
  for (const Profile& profile : observables.pool) {
    std::vector<double> x = observables.law.encode(profile.attributes.levels);
    x.insert(x.begin(), 1.0);
    for (std::size_t d = 0; d < width; ++d) {
      double sum = x[d];
      if (plain > width) {
        sum = 0;
        for (std::size_t p = 0; p < plain; ++p) {
          const PhiloxBlock words = random.block(UserKey(p), 0, 0, static_cast<std::uint32_t>(d));
          sum += x[p] * standard_normals(words[0], words[1])[0] / std::sqrt(static_cast<double>(width));
        }
      }
      values.push_back(static_cast<float>(sum));
    }
  }
  return VectorTable(observables.pool.size(), width, std::move(values));
}

}  // namespace coldframe
