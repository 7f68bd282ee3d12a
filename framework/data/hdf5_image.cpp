#include "framework/data/hdf5_image.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <array>
#include <bit>
#include <cstring>

#include "framework/core/error.h"
#include "framework/data/hdf5_handle.h"

namespace coldframe::detail {
namespace {

using Words = std::array<std::uint32_t, 3>;

// HDF5 file format specification, superblock versions 2 and 3: flags at byte 11, checksum of bytes 0..43 at byte 44.
constexpr std::size_t k_checksum_at = 44;
constexpr std::size_t k_superblock = 48;

void add_words(Words& state, const char* bytes) {
  for (std::uint32_t& word : state) {
    std::uint32_t next = 0;
    std::memcpy(&next, bytes, 4);
    word += next;
    bytes += 4;
  }
}

void mix(Words& state) {
  constexpr std::array<int, 6> k_turns = {4, 6, 8, 16, 19, 4};
  for (std::size_t round = 0; round < k_turns.size(); ++round) {
    std::uint32_t& target = state[round % 3];
    std::uint32_t& source = state[(round + 2) % 3];
    target -= source;
    target ^= std::rotl(source, k_turns[round]);
    source += state[(round + 1) % 3];
  }
}

std::uint32_t finish(Words state) {
  constexpr std::array<int, 7> k_turns = {14, 11, 25, 16, 4, 14, 24};
  for (std::size_t round = 0; round < k_turns.size(); ++round) {
    std::uint32_t& target = state[(round + 2) % 3];
    const std::uint32_t source = state[(round + 1) % 3];
    target ^= source;
    target -= std::rotl(source, k_turns[round]);
  }
  return state[2];
}

}  // namespace

std::uint32_t lookup3(std::string_view bytes) {
  Words state;
  state.fill(0xDEADBEEFu + static_cast<std::uint32_t>(bytes.size()));
  for (; bytes.size() > 12; bytes.remove_prefix(12)) {
    add_words(state, bytes.data());
    mix(state);
  }
  if (bytes.empty()) return state[2];
  std::array<char, 12> rest{};
  std::memcpy(rest.data(), bytes.data(), bytes.size());
  add_words(state, rest.data());
  return finish(state);
}

std::string hdf5_image(std::int64_t file, const std::filesystem::path& path) {
  std::string image;
  const bool flushed = H5Fflush(file, H5F_SCOPE_LOCAL) >= 0;
  const ssize_t size = flushed ? H5Fget_file_image(file, nullptr, 0) : -1;
  if (size > 0) image.resize(static_cast<std::size_t>(size));
  if (image.size() < k_superblock || H5Fget_file_image(file, image.data(), image.size()) != size) {
    throw IoError(fmt::format("cannot finish {}", path.string()), take_hdf5_reason());
  }
  // The library clears the flag "open for writing" in the image but leaves the checksum that counted it.
  const std::uint32_t checksum = lookup3(std::string_view(image).substr(0, k_checksum_at));
  std::memcpy(&image[k_checksum_at], &checksum, sizeof(checksum));
  return image;
}

}  // namespace coldframe::detail
