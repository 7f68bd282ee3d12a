#pragma once

#include <array>
#include <cstdint>

namespace coldframe {

/// A sum over users in 128-bit fixed point with 64 bits behind the point: the result does not depend on the order of
/// the terms, so any split over threads and ranks gives the same bits. Terms below 2^-64 are cut; |term| <= 2^36.
class UserSum {
 public:
  __extension__ using Word = __int128;

  /// Throws NumericError for NaN, infinity and terms too large to be summed safely.
  static Word to_fixed(double value);
  static double to_double(Word word);

  void add(double value) { word_ += to_fixed(value); }
  void add(Word fixed, std::int64_t times) { word_ += fixed * times; }
  void merge(const UserSum& other) { word_ += other.word_; }
  double value() const { return to_double(word_); }

  Word word() const { return word_; }
  std::array<std::uint64_t, 2> state() const;  // low, high: what a rank sends
  static UserSum from_state(std::array<std::uint64_t, 2> state);
  friend bool operator==(const UserSum&, const UserSum&) = default;

 private:
  Word word_ = 0;
};

}  // namespace coldframe
