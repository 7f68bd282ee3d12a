#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "framework/simulation/detail/spooled_bytes.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// A row of UserRow without the number, which its place says.
struct UserOutcome {
  std::uint32_t pages = 0;
  std::uint32_t clicks = 0;
  std::int64_t expected = 0;  // fixed point, see FixedSum
  friend bool operator==(const UserOutcome&, const UserOutcome&) = default;
};

/// Rows of any number of consecutive users in little memory: user after user, each under all policies.
/// Thread-safety: none.
class UserRowSpool {
 public:
  static constexpr std::size_t k_buffer_bytes = std::size_t{8} << 20;

  /// folder: where the file would be made; IoError from add() when that, or the disk, does not let it.
  explicit UserRowSpool(std::filesystem::path folder, std::size_t buffer_bytes = k_buffer_bytes);

  /// The users that follow those before, under the same policies; DataError for others.
  void add(const ReplayResult& part);

  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return end_; }
  std::size_t policies() const { return policies_; }
  bool on_disk() const { return bytes_.on_disk(); }

  /// Users [first, first + count), which must be here: [count, policies].
  std::vector<UserOutcome> read(std::uint64_t first, std::uint64_t count) const;

 private:
  detail::SpooledBytes bytes_;
  std::uint64_t begin_ = 0, end_ = 0;
  std::size_t policies_ = 0;
};

}  // namespace coldframe
