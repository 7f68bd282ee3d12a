#include "framework/evaluation/user_sum.h"

#include <fmt/format.h>

#include <cmath>

#include "framework/core/error.h"

namespace coldframe {

UserSum::Word UserSum::to_fixed(double value) {
  constexpr double largest = 0x1p36;
  if (!(std::abs(value) <= largest)) {
    throw NumericError(fmt::format("cannot sum the value {}", value),
                       "sums over users need finite values of at most 2^36 in size");
  }
  return static_cast<Word>(value * 0x1p64);
}

double UserSum::to_double(Word word) { return static_cast<double>(word) * 0x1p-64; }

std::array<std::uint64_t, 2> UserSum::state() const {
  return {static_cast<std::uint64_t>(word_), static_cast<std::uint64_t>(word_ >> 64)};
}

UserSum UserSum::from_state(std::array<std::uint64_t, 2> state) {
  __extension__ using Unsigned = unsigned __int128;
  UserSum sum;
  sum.word_ = static_cast<Word>((static_cast<Unsigned>(state[1]) << 64) | state[0]);
  return sum;
}

}  // namespace coldframe
