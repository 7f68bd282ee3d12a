#include "framework/evaluation/off_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "framework/core/error.h"
#include "framework/evaluation/distributions.h"

namespace coldframe {
namespace {

constexpr double k_rounding = 1e-9;

/// Sums over the pages of each user, in the order in which users first appear.
class UserRatio {
 public:
  explicit UserRatio(std::span<const UserKey> users) {
    std::unordered_map<UserKey, std::size_t> known;
    for (const UserKey user : users) row_.push_back(known.emplace(user, known.size()).first->second);
    users_ = known.size();
  }
  std::size_t users() const { return users_; }

  /// sum a / sum b over pages, its standard error over users by linearising, and an interval.
  void estimate(std::span<const double> a, std::span<const double> b, double level, OffPolicyEstimate& out) const {
    std::vector<double> above(users_, 0.0), below(users_, 0.0);
    double sum_above = 0, sum_below = 0;
    for (std::size_t page = 0; page < row_.size(); ++page) {
      above[row_[page]] += a[page];
      below[row_[page]] += b[page];
      sum_above += a[page];
      sum_below += b[page];
    }
    const auto n = static_cast<double>(users_);
    out.value = sum_above / sum_below;
    double squares = 0;
    for (std::size_t u = 0; u < users_; ++u) squares += std::pow(above[u] - out.value * below[u], 2);
    out.standard_error = std::sqrt(squares * n / (n - 1.0)) / sum_below;
    const double half = student_t_quantile(0.5 + level / 2, n - 1.0) * out.standard_error;
    out.interval = {out.value - half, out.value + half};
  }

 private:
  std::vector<std::size_t> row_;  // [N]
  std::size_t users_ = 0;
};

void require_propensities(const LoggedPages& log) {
  if (log.pages() == 0) throw DataError("off-policy evaluation", "the log holds no page", "log some");
  const auto missing = std::ranges::find_if(log.log_logging, [](double p) { return !(p <= 1e-9) || std::isinf(p); });
  if (missing != log.log_logging.end()) {
    throw DataError(
        fmt::format("off-policy evaluation: shown item {} has no propensity", missing - log.log_logging.begin()),
        "without it nobody knows how often what was shown would have been", "log with a policy that has them");
  }
  if (std::ranges::all_of(log.log_logging, [](double p) { return p > -1e-9; })) {
    throw DataError("off-policy evaluation: the log is of a deterministic policy",
                    "it says nothing about what was not shown", "log with epsilon:NAME or softmax:NAME");
  }
}

class Estimation {
 public:
  Estimation(const LoggedPages& log, const OffPolicyRules& rules)
      : log_(log), rules_(rules), weights_(page_weights(log)), users_(log.user), ones_(log.pages(), 1.0) {
    if (users_.users() < 2) throw DataError("off-policy evaluation: the log holds one user", "users are the unit");
    for (std::size_t page = 0; page < log.pages(); ++page) {
      double sum = 0;
      for (std::size_t k = log.begin(page); k < log.end[page]; ++k) sum += log.reward[k];
      reward_.push_back(sum);
    }
    OffPolicyEstimate mean;
    users_.estimate(weights_.whole, ones_, rules.mean_weight_level, mean);
    mean_weight_ = mean.interval;
  }

  std::vector<OffPolicyEstimate> all() const {
    std::vector<OffPolicyEstimate> estimates = {weighted(OffPolicyEstimator::ips),
                                                weighted(OffPolicyEstimator::capped_ips),
                                                weighted(OffPolicyEstimator::snips)};
    if (!log_.model_shown.empty()) {
      estimates.push_back(direct());
      estimates.push_back(doubly_robust());
    }
    if (!weights_.marginal.empty()) estimates.push_back(by_position(OffPolicyEstimator::iips, weights_.marginal));
    if (!log_.sold_places) estimates.push_back(by_position(OffPolicyEstimator::rips, weights_.prefix));
    return estimates;
  }

 private:
  OffPolicyEstimate weighted(OffPolicyEstimator estimator) const {
    OffPolicyEstimate out{estimator, 0, 0, {}, {}, {}};
    std::vector<double> w = weights_.whole, terms;
    if (estimator == OffPolicyEstimator::capped_ips) {
      for (double& weight : w) weight = std::min(weight, rules_.cap);
    }
    for (std::size_t page = 0; page < w.size(); ++page) terms.push_back(w[page] * reward_[page]);
    users_.estimate(terms, estimator == OffPolicyEstimator::snips ? w : ones_, rules_.level, out);
    judge(diagnose_weights(w), out);
    return out;
  }

  OffPolicyEstimate direct() const {
    OffPolicyEstimate out{OffPolicyEstimator::direct, 0, 0, {}, {}, {}};
    users_.estimate(log_.model_policy, ones_, rules_.level, out);
    const auto pages = static_cast<double>(log_.pages());
    out.weights = {1.0, pages, 1.0};
    return out;
  }

  OffPolicyEstimate doubly_robust() const {
    OffPolicyEstimate out{OffPolicyEstimator::doubly_robust, 0, 0, {}, {}, {}};
    std::vector<double> terms;
    for (std::size_t page = 0; page < log_.pages(); ++page) {
      terms.push_back(log_.model_policy[page] + weights_.whole[page] * (reward_[page] - log_.model_shown[page]));
    }
    users_.estimate(terms, ones_, rules_.level, out);
    judge(diagnose_weights(weights_.whole), out);
    return out;
  }

  OffPolicyEstimate by_position(OffPolicyEstimator estimator, const std::vector<double>& weights) const {
    OffPolicyEstimate out{estimator, 0, 0, {}, {}, {}};
    std::vector<double> terms;
    std::vector<std::vector<double>> columns;  // weights by position
    for (std::size_t page = 0; page < log_.pages(); ++page) {
      double sum = 0;
      for (std::size_t k = log_.begin(page); k < log_.end[page]; ++k) {
        const std::size_t position = k - log_.begin(page);
        if (columns.size() <= position) columns.resize(position + 1);
        columns[position].push_back(weights[k]);
        sum += weights[k] * log_.reward[k];
      }
      terms.push_back(sum);
    }
    users_.estimate(terms, ones_, rules_.level, out);
    WeightDiagnostics worst{0, static_cast<double>(log_.pages()), 1};
    for (const std::vector<double>& column : columns) {
      const WeightDiagnostics here = diagnose_weights(column);
      worst.largest = std::max(worst.largest, here.largest);
      if (here.effective_sample > worst.effective_sample) continue;
      worst.effective_sample = here.effective_sample;
      worst.mean = here.mean;
    }
    judge(worst, out);
    return out;
  }

  void judge(const WeightDiagnostics& weights, OffPolicyEstimate& out) const {
    out.weights = weights;
    if (weights.largest > rules_.largest_weight) {
      out.refusal = fmt::format("largest weight {:.3g} above {:.3g}", weights.largest, rules_.largest_weight);
    } else if (weights.effective_sample < rules_.effective_sample) {
      out.refusal =
          fmt::format("effective sample {:.0f} below {:.0f}", weights.effective_sample, rules_.effective_sample);
    } else if (mean_weight_.low > 1.0 + k_rounding || mean_weight_.high < 1.0 - k_rounding) {
      out.refusal = fmt::format("mean weight in [{:.3g}, {:.3g}], not 1: wrong propensities, or pages never logged",
                                mean_weight_.low, mean_weight_.high);
    }
  }

  const LoggedPages& log_;
  const OffPolicyRules& rules_;
  PageWeights weights_;
  UserRatio users_;
  std::vector<double> ones_;
  std::vector<double> reward_;
  Interval mean_weight_;
};

}  // namespace

std::string_view to_string(OffPolicyEstimator estimator) {
  constexpr std::string_view names[] = {"IPS", "capped IPS", "SNIPS", "direct method", "doubly robust", "IIPS", "RIPS"};
  return names[static_cast<std::size_t>(estimator)];
}

std::vector<OffPolicyEstimate> estimate_off_policy(const LoggedPages& log, const OffPolicyRules& rules) {
  check_logged_pages(log);
  require_propensities(log);
  return Estimation(log, rules).all();
}

}  // namespace coldframe
