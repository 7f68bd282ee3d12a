#include "framework/simulation/user_row_spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

[[noreturn]] void fail(std::string_view action, const std::filesystem::path& folder, int error) {
  throw IoError(fmt::format("cannot {} rows of simulated users in {}", action, folder.string()), std::strerror(error),
                "make room, or write the record to another disk");
}

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

UserRowSpool::UserRowSpool(std::filesystem::path folder, std::size_t buffer_bytes)
    : folder_(folder.empty() ? std::filesystem::path(".") : std::move(folder)),
      buffer_rows_(std::max<std::size_t>(buffer_bytes / sizeof(UserOutcome), 1)) {}

UserRowSpool::~UserRowSpool() {
  if (file_ >= 0) ::close(file_);
}

void UserRowSpool::add(const ReplayResult& part) {
  if (part.begin == part.end) return;
  if (policies_ == 0) {
    begin_ = end_ = part.begin;
    policies_ = part.policies.size();
  }
  const std::uint64_t users = part.end - part.begin;
  const bool whole = std::ranges::all_of(part.policies, [&](const PolicyOutcome& outcome) {
    return outcome.users.size() == users && outcome.users.front().user == part.begin &&
           outcome.users.back().user + 1 == part.end;
  });
  if (part.begin != end_ || part.policies.size() != policies_ || !whole) {
    throw DataError(fmt::format("rows of users {}..{}", part.begin, part.end),
                    fmt::format("those of {} policies from user {} on come next", policies_, end_));
  }
  for (std::uint64_t user = 0; user < users; ++user) {
    for (const PolicyOutcome& outcome : part.policies) {
      const UserRow& row = outcome.users[user];
      buffer_.push_back({row.pages, row.clicks, row.expected});
    }
    if (buffer_.size() >= buffer_rows_) empty_buffer();
  }
  end_ = part.end;
}

void UserRowSpool::empty_buffer() {
  if (file_ < 0 && (file_ = open_nameless(folder_)) < 0) fail("keep", folder_, errno);
  const auto* bytes = reinterpret_cast<const char*>(buffer_.data());
  const std::size_t size = buffer_.size() * sizeof(UserOutcome);
  for (std::size_t done = 0; done < size;) {
    const ssize_t written =
        ::pwrite(file_, bytes + done, size - done, static_cast<off_t>(stored_ * sizeof(UserOutcome) + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("keep", folder_, written < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(written);
  }
  stored_ += buffer_.size();
  buffer_.clear();
}

std::vector<UserOutcome> UserRowSpool::read(std::uint64_t first, std::uint64_t count) const {
  CF_EXPECTS(first >= begin_ && count <= end_ - first);
  std::vector<UserOutcome> rows(count * policies_);
  const std::uint64_t begin = (first - begin_) * policies_;
  const std::uint64_t from_file = begin < stored_ ? std::min<std::uint64_t>(stored_ - begin, rows.size()) : 0;
  auto* bytes = reinterpret_cast<char*>(rows.data());
  for (std::size_t done = 0; done < from_file * sizeof(UserOutcome);) {
    const ssize_t got = ::pread(file_, bytes + done, from_file * sizeof(UserOutcome) - done,
                                static_cast<off_t>(begin * sizeof(UserOutcome) + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("read", folder_, got < 0 ? errno : EIO);
    done += static_cast<std::size_t>(got);
  }
  const auto rest = static_cast<std::ptrdiff_t>(begin + from_file - stored_);
  if (from_file < rows.size()) {
    std::copy_n(buffer_.begin() + rest, rows.size() - from_file, rows.begin() + static_cast<std::ptrdiff_t>(from_file));
  }
  return rows;
}

}  // namespace coldframe
