#pragma once

#include <cstddef>
#include <string>

#include "framework/comm/group.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// Expected clicks per page of sessions that began with a query, with users as units: sum of clicks over sum of pages.
/// Thread-safety: one caller.
class SearchRates {
 public:
  SearchRates(std::size_t policies, const BootstrapOptions& options);

  /// More users, each once, with what they did under every policy.
  void add(const ReplayResult& part);
  /// Puts the users of all ranks together. Collective.
  void gather(const Group& group);

  Estimate rate(std::size_t policy) const;
  Estimate difference(std::size_t a, std::size_t b) const;

 private:
  static std::size_t pages(std::size_t policy) { return 2 * policy; }
  static std::size_t expected(std::size_t policy) { return 2 * policy + 1; }

  std::size_t policies_;
  BootstrapOptions options_;
  PairedBootstrap sums_;
};

/// One line per policy: clicks per page of search sessions as sampled and in closed form, in closed form those of pages
/// of other sessions, and with `rates` the difference to popularity on the former with its paired interval.
std::string search_text(const ReplayResult& result, const SearchRates* rates);

}  // namespace coldframe
