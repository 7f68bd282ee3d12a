#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "framework/comm/group.h"
#include "framework/evaluation/variance_reduction.h"
#include "framework/simulation/replay.h"

namespace coldframe {

/// What common people and closed forms saved in a simulation that compares policies with popularity, see
/// VarianceReduction: as factors on the number of users. Thread-safety: one caller.
class SavedUsers {
 public:
  static constexpr std::uint64_t k_fewest_users = 30;

  /// Empty without popularity among the contestants.
  static std::unique_ptr<SavedUsers> against_popularity(std::span<const Contestant> contestants);

  /// More users, each once, with what they did under every policy.
  void add(const ReplayResult& part);
  /// Puts the users of all ranks together. Collective.
  void gather(const Group& group);
  /// None of fewer users than a ratio of variances takes.
  VarianceReduction::Factors factors(std::size_t policy) const {
    return sums_.users() < k_fewest_users ? VarianceReduction::Factors() : sums_.factors(policy);
  }

 private:
  SavedUsers(std::size_t policies, std::size_t popularity) : policies_(policies), popularity_(popularity) {}

  std::size_t policies_;
  std::size_t popularity_;
  VarianceReduction sums_{policies_, popularity_};
};

/// {policy: {"pairing", "closed_form"}}; null where there is no factor.
nlohmann::json saved_json(const ReplayResult& result, const SavedUsers& saved);
/// One line per policy but popularity.
std::string saved_text(const ReplayResult& result, const SavedUsers& saved);

}  // namespace coldframe
