#pragma once

#include <filesystem>

namespace coldframe {

/// Keeps a file to one process: the second one that asks is told so instead of waiting. The file is made when it is
/// absent, and stays. Released by the destructor and when the process ends, however it ends (flock(2)). Where the file
/// system knows no locks nothing is locked and nobody is refused.
class FileLock {
 public:
  /// Nothing is locked.
  FileLock() = default;
  /// IoError when another process (or another FileLock of this one) holds the file, or when it cannot be opened.
  explicit FileLock(const std::filesystem::path& file);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  int descriptor_ = -1;
};

}  // namespace coldframe
