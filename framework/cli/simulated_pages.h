#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "framework/comm/group.h"
#include "framework/simulation/page_spool.h"

namespace coldframe {

/// The pages of a simulation that are logged, on the ranks that replayed them: what the root writes without ever
/// holding all of them. Thread-safety: one caller.
class SimulatedPages {
 public:
  /// folder: where pages wait that do not fit into a small buffer, on every rank.
  SimulatedPages(const Group& group, const std::filesystem::path& folder) : group_(group), mine_(folder) {}

  /// Takes the logs of the next users of this rank out of the part.
  void add(ReplayResult& part) { mine_.add(part); }

  /// Of all ranks together.
  struct Extent {
    std::uint64_t impressions = 0;
    LogColumns columns;
  };
  /// Collective.
  Extent extent(std::size_t policy) const;

  using Visit = std::function<void(const PageRow& page)>;
  /// The pages of users [begin, end) under a policy, in order, on the root; the other ranks hand theirs over meanwhile.
  /// Collective; an error of `visit` or of a disk is thrown on every rank.
  void each(std::size_t policy, std::uint64_t begin, std::uint64_t end, const Visit& visit) const;

 private:
  std::span<const PageSpool::Block> blocks(std::size_t policy) const;
  void collect(std::size_t policy, std::span<const std::uint64_t> counts, const Visit& visit) const;
  void hand_over(std::size_t policy) const;

  const Group& group_;
  PageSpool mine_;
};

}  // namespace coldframe
