#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {

/// What every policy is worth to every user of one side (real people, or simulated ones).
struct PolicyValues {
  std::vector<UserKey> users;
  std::vector<std::vector<double>> values;  // [policies][users]

  std::vector<double> means() const;  // [policies]
};

struct OrderOptions {
  BootstrapOptions bootstrap;
  std::size_t permutations = 9999;
  std::size_t halvings = 200;
};

/// How far two sides rank the same policies alike: Kendall's tau-b of the means. It falls short of the agreement of the
/// laws behind the two sides, because users are few and close policies change places by chance: read it beside
/// `of_halves`, what real people reach among themselves.
struct OrderAgreement {
  Estimate tau;          // interval: users of both sides resampled (those with one key together)
  Interval null;         // the middle 1 - alpha of tau when policies are permuted
  double p_value = 1;    // of "the order says nothing", one-sided: (1 + #{tau* >= tau}) / (1 + B)
  double of_halves = 0;  // mean tau between keyed halves of the first side; NaN when undefined
  std::size_t policies = 0;
};

/// Throws DataError for fewer than three policies, or sides with other numbers of them. A side whose policies are all
/// equal has no order: tau NaN, without interval.
OrderAgreement order_agreement(const PolicyValues& real, const PolicyValues& simulated,
                               const OrderOptions& options = {});

}  // namespace coldframe
