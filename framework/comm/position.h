#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace coldframe::detail {

/// Where a rank is in its work.
struct Position {
  std::string phase = "start";
  std::int64_t step = 0;
};

/// "rank 1 on node7 (phase training, step 17)"
std::string describe_rank(int rank, std::string_view host, const Position& position);
std::string this_host();

/// The position of one rank, written by its computing thread and read by others. Thread-safe.
class PositionBoard {
 public:
  void set(std::string_view phase, std::int64_t step);
  Position get() const;

 private:
  mutable std::mutex mutex_;
  Position position_;
};

}  // namespace coldframe::detail
