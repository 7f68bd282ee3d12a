#include "framework/evaluation/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/evaluation/significance.h"

namespace coldframe {

void fill_bootstrap_weights(const KeyedRandom& random, UserKey user, std::span<std::uint8_t> weights) {
  for (std::size_t at = 0; at < weights.size(); at += 4) {
    const PhiloxBlock words = random.block(user, 0, 0, static_cast<std::uint32_t>(at / 4));
    for (std::size_t word = 0; word < 4 && at + word < weights.size(); ++word) {
      weights[at + word] = static_cast<std::uint8_t>(poisson_one(words[word]));
    }
  }
}

double sorted_quantile(std::span<const double> ascending, double p) {
  CF_EXPECTS(!ascending.empty());
  const double place = p * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double fraction = place - static_cast<double>(below);
  return ascending[below] + fraction * (ascending[above] - ascending[below]);
}

PairedBootstrap::PairedBootstrap(std::size_t columns, const BootstrapOptions& options)
    : options_(options),
      columns_(columns),
      random_(options.seed, Purpose::bootstrap),
      totals_(columns),
      sums_(columns * options.replicates),
      weights_(options.replicates),
      drawn_(options.replicates) {
  if (options.replicates < 2) {
    throw ConfigError(fmt::format("bootstrap with {} replicates", options.replicates), "at least 2 are needed",
                      "use 2000");
  }
  set_level(options.level);
}

void PairedBootstrap::set_level(double level) {
  if (!(level > 0.0 && level < 1.0)) {
    throw ConfigError(fmt::format("interval of level {}", level), "it must lie between 0 and 1", "use 0.95");
  }
  options_.level = level;
}

void PairedBootstrap::add(UserKey user, std::span<const double> values) {
  if (values.size() != columns_) {
    throw DataError(fmt::format("{} values for user {:016x}", values.size(), user.value()),
                    fmt::format("the bootstrap has {} columns", columns_));
  }
  std::vector<UserSum::Word> fixed(columns_);
  std::transform(values.begin(), values.end(), fixed.begin(), UserSum::to_fixed);
  fill_bootstrap_weights(random_, user, drawn_);
  for (std::size_t b = 0; b < weights_.size(); ++b) weights_[b] += drawn_[b];
  for (std::size_t c = 0; c < columns_; ++c) {
    if (fixed[c] == 0) continue;
    totals_[c].add(fixed[c], 1);
    UserSum* sums = sums_.data() + c * options_.replicates;
    for (std::size_t b = 0; b < drawn_.size(); ++b) sums[b].add(fixed[c], drawn_[b]);
  }
  ++users_;
}

void PairedBootstrap::merge(const PairedBootstrap& other) {
  if (other.columns_ != columns_ || other.options_.seed != options_.seed ||
      other.options_.replicates != options_.replicates) {
    throw DataError("two bootstraps cannot be merged", "columns, replicates or seed differ");
  }
  merge_state(other.state());
}

std::vector<std::uint64_t> PairedBootstrap::state() const {
  std::vector<std::uint64_t> words{users_};
  words.insert(words.end(), weights_.begin(), weights_.end());
  for (const auto* sums : {&totals_, &sums_}) {
    for (const UserSum& sum : *sums) {
      for (const std::uint64_t word : sum.state()) words.push_back(word);
    }
  }
  return words;
}

void PairedBootstrap::merge_state(std::span<const std::uint64_t> state) {
  if (state.size() != 1 + weights_.size() + 2 * (totals_.size() + sums_.size())) {
    throw DataError(fmt::format("a bootstrap state of {} words cannot be merged", state.size()),
                    "columns or replicates differ");
  }
  auto at = state.begin();
  users_ += *at++;
  for (std::uint64_t& weight : weights_) weight += *at++;
  for (auto* sums : {&totals_, &sums_}) {
    for (UserSum& sum : *sums) {
      sum.merge(UserSum::from_state({at[0], at[1]}));
      at += 2;
    }
  }
}

double PairedBootstrap::replicate_sum(std::size_t column, std::size_t replicate) const {
  return sums_[column * options_.replicates + replicate].value();
}

/// statistic(weight, sum_of(column)): NaN where it is undefined.
template <class Statistic>
Estimate PairedBootstrap::estimate(Statistic statistic) const {
  Estimate result;
  result.users = users_;
  result.value = statistic(static_cast<double>(users_), [&](std::size_t c) { return totals_[c].value(); });
  std::vector<double> replicates;
  for (std::size_t b = 0; b < options_.replicates; ++b) {
    const double value =
        statistic(static_cast<double>(weights_[b]), [&](std::size_t c) { return replicate_sum(c, b); });
    if (std::isfinite(value)) replicates.push_back(value);
  }
  result.undefined_replicates = options_.replicates - replicates.size();
  const double tail = 0.5 * (1.0 - options_.level);
  const bool too_many =
      static_cast<double>(result.undefined_replicates) > tail * static_cast<double>(options_.replicates);
  if (too_many || !std::isfinite(result.value)) return result;
  std::sort(replicates.begin(), replicates.end());
  result.standard_error = std::sqrt(sample_variance(replicates));
  result.interval = Interval{sorted_quantile(replicates, tail), sorted_quantile(replicates, 1.0 - tail)};
  return result;
}

Estimate PairedBootstrap::mean(std::size_t column) const {
  return estimate([&](double users, auto sum_of) { return sum_of(column) / users; });
}

Estimate PairedBootstrap::difference(std::size_t a, std::size_t b) const {
  return estimate([&](double users, auto sum_of) { return (sum_of(a) - sum_of(b)) / users; });
}

Estimate PairedBootstrap::ratio(std::size_t numerator, std::size_t denominator) const {
  return estimate([&](double, auto sum_of) { return sum_of(numerator) / sum_of(denominator); });
}

Estimate PairedBootstrap::ratio_difference(const Ratio& a, const Ratio& b) const {
  return estimate([&](double, auto sum_of) {
    return sum_of(a.numerator) / sum_of(a.denominator) - sum_of(b.numerator) / sum_of(b.denominator);
  });
}

Estimate PairedBootstrap::contrast(std::span<const double> coefficients) const {
  CF_EXPECTS(coefficients.size() == columns_);
  return estimate([&](double users, auto sum_of) {
    double sum = 0.0;
    for (std::size_t c = 0; c < coefficients.size(); ++c) sum += coefficients[c] * sum_of(c);
    return sum / users;
  });
}

}  // namespace coldframe
