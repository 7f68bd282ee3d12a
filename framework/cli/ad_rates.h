#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/comm/group.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// What pages with ads bring and cost, per page with users as units: sums over sums. Thread-safety: one caller.
class AdRates {
 public:
  enum class Measure { revenue, clicks, organic, relevance };  // closed form; clicks: on anything

  AdRates(std::size_t policies, const BootstrapOptions& options);

  /// More users, each once, with what they did under every policy.
  void add(const ReplayResult& part);
  /// Puts the users of all ranks together. Collective.
  void gather(const Group& group);

  Estimate rate(std::size_t policy, Measure measure) const;
  Estimate difference(std::size_t a, std::size_t b, Measure measure) const;

 private:
  static constexpr std::size_t k_columns = 5;
  static PairedBootstrap::Ratio ratio(std::size_t policy, Measure measure);

  std::size_t policies_;
  BootstrapOptions options_;
  PairedBootstrap sums_;
};

/// The policy of the result that shows the pages of `policy` without ads ("POLICY" beside "ads:RULE:POLICY"); as many
/// as there are policies when it is in the race for neither.
std::size_t without_ads(const ReplayResult& result, std::size_t policy);

/// Revenue, clicks and relevance of every policy, what those with ads lose against the same without, and click-through
/// and revenue by place. rates: for intervals; nullptr: none.
std::string ads_text(const ReplayResult& result, const AdRates* rates);

/// The same numbers: policy -> {revenue_per_1000_pages, ..., places}.
nlohmann::json ads_json(const ReplayResult& result, const AdRates* rates);

}  // namespace coldframe
