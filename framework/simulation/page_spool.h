#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "framework/simulation/detail/spooled_bytes.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// Columns that a log has when any of its pages has them.
struct LogColumns {
  bool marginals = false;
  bool prices = false;

  void add(const PageRow& page);
};

/// The pages of any number of users in little memory: block of users after block, each policy's pages by themselves.
/// Thread-safety: none.
class PageSpool {
 public:
  static constexpr std::size_t k_buffer_bytes = std::size_t{8} << 20;

  /// folder: where pages wait that do not fit into a small buffer.
  explicit PageSpool(std::filesystem::path folder, std::size_t buffer_bytes = k_buffer_bytes)
      : bytes_(std::move(folder), buffer_bytes, "pages of simulated users") {}

  /// Takes the logs of a part, which hold none afterwards; the users follow those before. DataError for others, IoError
  /// when the disk does not let it.
  void add(ReplayResult& part);

  struct Block {
    std::uint64_t begin = 0, end = 0;  // users
    std::uint64_t at = 0, bytes = 0;   // where the pages are
  };
  std::size_t policies() const { return policies_.size(); }
  std::span<const Block> blocks(std::size_t policy) const { return policies_[policy].blocks; }
  std::uint64_t impressions(std::size_t policy) const { return policies_[policy].impressions; }
  const LogColumns& columns(std::size_t policy) const { return policies_[policy].columns; }
  /// For unpack_pages().
  std::vector<std::byte> read(const Block& block) const;
  bool on_disk() const { return bytes_.on_disk(); }

 private:
  struct Policy {
    std::vector<Block> blocks;
    std::uint64_t impressions = 0;
    LogColumns columns;
  };
  detail::SpooledBytes bytes_;
  std::vector<Policy> policies_;
  std::uint64_t end_ = 0;
};

}  // namespace coldframe
