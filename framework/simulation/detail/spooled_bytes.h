#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace coldframe::detail {

/// Bytes that are added at the end and read anywhere, in little memory: the newest ones in a buffer and, once that is
/// full, all before them in a file without a name that the system removes with the process, however it ends.
/// Thread-safety: none.
class SpooledBytes {
 public:
  /// what: of errors, as "rows of simulated users". folder: where the file would be made.
  SpooledBytes(std::filesystem::path folder, std::size_t buffer_bytes, std::string what);
  SpooledBytes(const SpooledBytes&) = delete;
  SpooledBytes& operator=(const SpooledBytes&) = delete;
  ~SpooledBytes();

  /// IoError when the folder or the disk does not let it.
  void add(std::span<const std::byte> bytes);
  /// Bytes [at, at + out.size()), which must be here.
  void read(std::uint64_t at, std::span<std::byte> out) const;
  std::uint64_t size() const { return stored_ + buffer_.size(); }
  bool on_disk() const { return file_ >= 0; }

 private:
  void empty_buffer();
  [[noreturn]] void fail(std::string_view action, int error) const;

  std::filesystem::path folder_;
  std::size_t buffer_bytes_;
  std::string what_;
  std::vector<std::byte> buffer_;  // the newest
  std::uint64_t stored_ = 0;       // in the file
  int file_ = -1;
};

}  // namespace coldframe::detail
