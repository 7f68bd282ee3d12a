#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace coldframe {

/// A file that appears under its name complete or not at all: written to a temporary in the same folder, synced,
/// renamed, and the folder synced. Without commit() the destructor removes the temporary. What a killed process left
/// behind
/// (`name.tmp-HOST-PID-N` of a dead process on this host) is removed by the next writer of the same name; see also
/// remove_temporaries_on_signals() in temporary_names.h.
/// Either use write(), or give temporary() to a library that writes by path (HDF5, zlib) and close it before commit().
/// Errors are IoError and name the target. Thread-safety: one caller.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  const std::filesystem::path& temporary() const { return temporary_; }
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void commit();

 private:
  void open();
  void close();
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

/// What to do when the folder is there already. `replace` swaps the two in one step where the file system can.
enum class IfExists { fail, replace };

/// The same promise for a folder: fill temporary(), then commit() syncs every file in it and renames.
class AtomicFolder {
 public:
  explicit AtomicFolder(std::filesystem::path target, IfExists if_exists = IfExists::fail);
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;
  ~AtomicFolder();

  const std::filesystem::path& temporary() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  IfExists if_exists_;
  bool committed_ = false;
};

void write_file_atomically(const std::filesystem::path& target, std::string_view text);

/// The whole file; IoError when it cannot be read or is a folder.
std::string read_file(const std::filesystem::path& path);

}  // namespace coldframe
