#include "framework/core/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "framework/core/error.h"
#include "framework/core/temporary_names.h"

namespace coldframe {
namespace {

[[noreturn]] void fail(std::string_view action, const std::filesystem::path& path, int error) {
  throw IoError(fmt::format("cannot {} {}", action, detail::final_name(path).string()), std::strerror(error),
                error == ENOSPC || error == EDQUOT ? "free some space or write elsewhere" : "");
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Errors name `reported`, the path that the user knows.
void sync_path(const std::filesystem::path& path, const std::filesystem::path& reported) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("write", reported, errno);
  const int error = fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  // Some network file systems refuse to sync a folder; then there is nothing more to be done.
  if (error != 0 && error != EINVAL && error != ENOTSUP) fail("write", reported, error);
}

void sync_tree(const std::filesystem::path& root, const std::filesystem::path& reported) {
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file() || at->is_directory()) sync_path(at->path(), reported);
  }
  if (error) fail("write", reported, error.value());
  sync_path(root, reported);
}

/// False when the file system does not know the flag.
bool rename_with_flag(const std::filesystem::path& from, const std::filesystem::path& to, unsigned flag) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flag) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) return false;
  fail("rename a finished folder to", to, errno);
}

void rename_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (rename_with_flag(from, to, RENAME_NOREPLACE)) return;
  if (std::filesystem::exists(to)) fail("rename a finished folder to", to, EEXIST);
  if (std::rename(from.c_str(), to.c_str()) != 0) fail("rename a finished folder to", to, errno);
}

/// Afterwards the old folder stands at `from`.
void rename_over(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (rename_with_flag(from, to, RENAME_EXCHANGE)) return;
  const std::filesystem::path aside = detail::claim_temporary_name(to);
  if (std::rename(to.c_str(), aside.c_str()) != 0) fail("replace", to, errno);
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    const int error = errno;
    std::rename(aside.c_str(), to.c_str());
    fail("replace", to, error);
  }
  std::rename(aside.c_str(), from.c_str());
  detail::release_temporary_name(aside);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target)
    : target_(std::move(target)), temporary_(detail::claim_temporary_name(target_)) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) {
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
  }
  detail::release_temporary_name(temporary_);
}

void AtomicFile::open() {
  if (descriptor_ >= 0) return;
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("write", target_, errno);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  CF_EXPECTS(!committed_);
  open();
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", target_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void AtomicFile::close() {
  const int descriptor = descriptor_;
  descriptor_ = -1;
  const int error = fsync(descriptor) == 0 ? 0 : errno;
  if (::close(descriptor) != 0 || error != 0) fail("write", target_, error != 0 ? error : errno);
}

void AtomicFile::commit() {
  CF_EXPECTS(!committed_);
  if (descriptor_ >= 0) {
    close();
  } else if (std::filesystem::exists(temporary_)) {
    sync_path(temporary_, target_);
  } else {
    open();
    close();
  }
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail("write", target_, errno);
  committed_ = true;
  sync_path(folder_of(target_), target_);
}

AtomicFolder::AtomicFolder(std::filesystem::path target, IfExists if_exists)
    : target_(std::move(target)), if_exists_(if_exists) {
  if (!target_.has_filename()) target_ = target_.parent_path();
  if (if_exists_ == IfExists::fail && std::filesystem::exists(target_)) fail("make folder", target_, EEXIST);
  temporary_ = detail::claim_temporary_name(target_);
  std::error_code error;
  std::filesystem::remove_all(temporary_, error);
  if (!std::filesystem::create_directory(temporary_, error)) {
    detail::release_temporary_name(temporary_);
    fail("make folder", target_, error.value());
  }
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(temporary_, ignored);
  detail::release_temporary_name(temporary_);
}

void AtomicFolder::commit() {
  CF_EXPECTS(!committed_);
  sync_tree(temporary_, target_);
  if (if_exists_ == IfExists::replace && std::filesystem::exists(target_)) {
    rename_over(temporary_, target_);
  } else {
    rename_new(temporary_, target_);
  }
  committed_ = true;
  sync_path(folder_of(target_), target_);
}

void write_file_atomically(const std::filesystem::path& target, std::string_view text) {
  AtomicFile file(target);
  file.write(text);
  file.commit();
}

std::string read_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("read", path, errno);
  std::string text;
  std::string buffer(1 << 16, '\0');
  ssize_t count = 0;
  int error = 0;
  while ((count = ::read(descriptor, buffer.data(), buffer.size())) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      error = errno;
      break;
    }
    text.append(buffer, 0, static_cast<std::size_t>(count));
  }
  ::close(descriptor);
  if (error != 0) fail("read", path, error);
  return text;
}

}  // namespace coldframe
