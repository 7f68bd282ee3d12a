#include "framework/core/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

std::array<std::uint64_t, 2> hash128(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t low = seed ^ 0x9AE16A3B2F90404Full;
  std::uint64_t high = bytes.size();
  for (std::size_t at = 0; at < bytes.size() || at == 0; at += 8) {
    std::uint64_t word = 0;
    if (at < bytes.size()) std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
    const PhiloxBlock mixed = philox4x32({static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
                                          static_cast<std::uint32_t>(high), static_cast<std::uint32_t>(high >> 32)},
                                         {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)});
    low = (std::uint64_t{mixed[1]} << 32) | mixed[0];
    high = (std::uint64_t{mixed[3]} << 32) | mixed[2];
  }
  return {low, high};
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

std::uint64_t stable_hash(std::string_view bytes, std::uint64_t seed) { return hash128(bytes, seed)[0]; }

std::uint64_t combine_hash(std::uint64_t a, std::uint64_t b) {
  const PhiloxBlock mixed = philox4x32({static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(a >> 32),
                                        static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(b >> 32)},
                                       {0x243F6A88u, 0x85A308D3u});
  return (std::uint64_t{mixed[1]} << 32) | mixed[0];
}

void RowDigest::add(std::uint64_t low, std::uint64_t high) {
  low_ += low;
  high_ += high + (low_ < low ? 1 : 0);
}

void RowDigest::add_row(std::string_view row_bytes) {
  const auto [low, high] = hash128(row_bytes, 0);
  add(low, high);
}

void RowDigest::merge(const RowDigest& other) { add(other.low_, other.high_); }

std::string RowDigest::hex() const { return fmt::format("{:016x}{:016x}", high_, low_); }

RowDigest RowDigest::from_words(std::array<std::uint64_t, 2> words) {
  RowDigest digest;
  digest.add(words[0], words[1]);
  return digest;
}

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 sha;
  sha.add(bytes.data(), bytes.size());
  return sha.hex();
}

std::string sha256_hex(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

std::string sha256_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw IoError(fmt::format("cannot read {}", path.string()), std::strerror(errno), "check the path and who may read it");
  }
  Sha256 sha;
  std::vector<char> buffer(1 << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    sha.add(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) throw IoError(fmt::format("cannot read {}", path.string()), std::strerror(errno));
  return sha.hex();
}

}  // namespace coldframe
