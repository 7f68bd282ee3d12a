#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace coldframe {

/// A 64-bit hash of bytes that is the same on every machine and in every version (built on Philox, not on std::hash).
/// For keys of random counters and caches; not for security.
std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed = 0);
std::uint64_t combine_hash(std::uint64_t a, std::uint64_t b);

/// Order-independent 128-bit digest: the sum of row hashes modulo 2^128. Mergeable, so any split over threads and ranks
/// gives the same value.
class RowDigest {
 public:
  void add_row(std::string_view row_bytes);
  void merge(const RowDigest& other);
  std::string hex() const;
  std::array<std::uint64_t, 2> words() const { return {low_, high_}; }
  static RowDigest from_words(std::array<std::uint64_t, 2> words);
  friend bool operator==(const RowDigest&, const RowDigest&) = default;

 private:
  void add(std::uint64_t low, std::uint64_t high);
  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
};

/// SHA-256 as 64 lower-case hex digits.
std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);
/// Throws IoError when the file cannot be read.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace coldframe
