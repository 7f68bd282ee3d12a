#include "framework/simulation/linear_bandit.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <numeric>
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

/// [rows, columns], entries N(0, 1 / rows).
std::vector<double> gaussian_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  const KeyedRandom random(derived_seed(seed, "bandit projection"), Purpose::initialisation);
  std::vector<double> entries;
  for (std::size_t d = 0; d < rows; ++d) {
    for (std::size_t p = 0; p < columns; ++p) {
      const PhiloxBlock words = random.block(UserKey(p), 0, 0, static_cast<std::uint32_t>(d));
      entries.push_back(standard_normals(words[0], words[1])[0] / std::sqrt(static_cast<double>(rows)));
    }
  }
  return entries;
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

std::span<const float> LinearBandit::features_of(std::uint64_t user, std::uint32_t profile,
                                                 std::uint32_t period) const {
  return features_->row(options_.words == nullptr ? profile : options_.words->text_row(UserKey(user), profile, period));
}

double LinearBandit::value(const PolicyRequest& request, std::span<const float> x, ItemId item) const {
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
    const PolicyRequest& request = requests[r];
    const std::span<const float> x = features_of(request.user.value(), request.profile_row, request.time.period);
    for (const ItemId item : request.candidates) {
      values[item.value()] = static_cast<float>(value(request, x, item));
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
    const std::span<const float> x = features_of(page.user, page.profile, page.period);
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
  const std::vector<double> projection = plain > width ? gaussian_matrix(width, plain, seed) : std::vector<double>();
  std::vector<float> values;
  for (const Profile& profile : observables.pool) {
    std::vector<double> x = observables.law.encode(profile.attributes.levels);
    x.insert(x.begin(), 1.0);
    for (std::size_t d = 0; d < width; ++d) {
      const double* g = projection.data() + d * plain;
      const double sum = projection.empty() ? x[d] : std::inner_product(x.begin(), x.end(), g, 0.0);
      values.push_back(static_cast<float>(sum));
    }
  }
  return VectorTable(observables.pool.size(), width, std::move(values));
}

VectorTable encoder_features(const VectorTable& profiles, std::size_t dimension, std::uint64_t seed) {
  const std::size_t plain = profiles.width(), rows = profiles.rows(), width = std::min(plain, dimension - 1);
  std::vector<double> mean(plain), centred(rows * plain);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t p = 0; p < plain; ++p) mean[p] += static_cast<double>(profiles.row(r)[p]);
  }
  for (double& m : mean) m /= static_cast<double>(rows);
  double square = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t p = 0; p < plain; ++p) {
      const double x = static_cast<double>(profiles.row(r)[p]) - mean[p];
      centred[r * plain + p] = x;
      square += x * x / static_cast<double>(rows);
    }
  }
  const double scale = square > 0 ? 1.0 / std::sqrt(square) : 0.0;
  const std::vector<double> projection = plain > width ? gaussian_matrix(width, plain, seed) : std::vector<double>();
  std::vector<float> values;
  for (std::size_t r = 0; r < rows; ++r) {
    const double* x = centred.data() + r * plain;
    values.push_back(1.0f);
    for (std::size_t d = 0; d < width; ++d) {
      const double* g = projection.data() + d * plain;
      const double sum = projection.empty() ? x[d] : std::inner_product(x, x + plain, g, 0.0);
      values.push_back(static_cast<float>(scale * sum));
    }
  }
  return VectorTable(rows, width + 1, std::move(values));
}

}  // namespace coldframe
