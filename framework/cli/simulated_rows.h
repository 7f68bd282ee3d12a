#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "framework/comm/group.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/reporting/simulation_record.h"
#include "framework/simulation/user_row_spool.h"

namespace coldframe {

struct BootstrapShape {
  std::size_t columns = 0;
  BootstrapOptions options;
};

/// The users of all ranks in one bootstrap, on every rank; `mine` has this shape. Collective.
PairedBootstrap over_ranks(const Group& group, PairedBootstrap mine, const BootstrapShape& shape);

/// The users of a simulation under every policy, on the ranks that replayed them: what the root writes and sums up
/// without ever holding all of them. Thread-safety: one caller.
class SimulatedRows {
 public:
  /// folder: where rows wait that do not fit into a small buffer, on every rank.
  SimulatedRows(const Group& group, const std::filesystem::path& folder) : group_(group), mine_(folder) {}

  /// The next users of this rank.
  void add(const ReplayResult& part) { mine_.add(part); }

  using Visit = std::function<void(std::uint64_t user, std::span<const SimulatedUser> outcomes)>;
  /// Users [begin, end) in order, on the root; the other ranks hand theirs over meanwhile. Collective; an error of
  /// `visit` or of a disk is thrown on every rank.
  void each(std::uint64_t begin, std::uint64_t end, const Visit& visit) const;

  /// Expected clicks per page of users [begin, end), a column for every policy, on every rank. Collective. `progress`
  /// hears how many users of this rank are done.
  PairedBootstrap bootstrap(std::uint64_t begin, std::uint64_t end, std::size_t policies,
                            const BootstrapOptions& options,
                            const std::function<void(std::uint64_t)>& progress = {}) const;

 private:
  /// Users that a rank has of those wanted.
  struct Share {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t policies = 0;
  };
  Share share(std::uint64_t begin, std::uint64_t end) const;
  std::vector<Share> shares(std::uint64_t begin, std::uint64_t end) const;
  void collect(std::span<const Share> shares, const Visit& visit) const;
  void hand_over() const;

  const Group& group_;
  UserRowSpool mine_;
};

}  // namespace coldframe
