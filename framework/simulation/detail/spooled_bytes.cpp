#include "framework/simulation/detail/spooled_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

/// A file that no folder names.
int open_nameless(const std::filesystem::path& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  // Not every file system knows such files.
  std::string name = (folder / ".coldframe-rows-XXXXXX").string();
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

SpooledBytes::SpooledBytes(std::filesystem::path folder, std::size_t buffer_bytes, std::string what)
    : folder_(folder.empty() ? std::filesystem::path(".") : std::move(folder)),
      buffer_bytes_(buffer_bytes),
      what_(std::move(what)) {}

SpooledBytes::~SpooledBytes() {
  if (file_ >= 0) ::close(file_);
}

void SpooledBytes::fail(std::string_view action, int error) const {
  throw IoError(fmt::format("cannot {} {} in {}", action, what_, folder_.string()), std::strerror(error),
                "make room, or write to another disk");
}

void SpooledBytes::add(std::span<const std::byte> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (buffer_.size() >= buffer_bytes_) empty_buffer();
}

void SpooledBytes::empty_buffer() {
  if (file_ < 0 && (file_ = open_nameless(folder_)) < 0) fail("keep", errno);
  for (std::size_t done = 0; done < buffer_.size();) {
    const ssize_t written =
        ::pwrite(file_, buffer_.data() + done, buffer_.size() - done, static_cast<off_t>(stored_ + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("keep", written < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(written);
  }
  stored_ += buffer_.size();
  buffer_.clear();
}

void SpooledBytes::read(std::uint64_t at, std::span<std::byte> out) const {
  CF_EXPECTS(at <= size() && out.size() <= size() - at);
  const std::size_t from_file = at < stored_ ? std::min<std::uint64_t>(stored_ - at, out.size()) : 0;
  for (std::size_t done = 0; done < from_file;) {
    const ssize_t got = ::pread(file_, out.data() + done, from_file - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("read", got < 0 ? errno : EIO);
    done += static_cast<std::size_t>(got);
  }
  const auto rest = static_cast<std::ptrdiff_t>(at + from_file - stored_);
  if (from_file < out.size())
    std::copy_n(buffer_.begin() + rest, out.size() - from_file, out.begin() + static_cast<std::ptrdiff_t>(from_file));
}

}  // namespace coldframe::detail
