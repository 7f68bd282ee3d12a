#include "framework/simulation/user_row_spool.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

UserRow row(std::uint64_t user, std::uint32_t policy) {
  const auto n = static_cast<std::uint32_t>(user);
  return {user, 10 * n + policy, n, -std::int64_t{n} * 1'000'000'007 - policy};
}

ReplayResult users(std::uint64_t begin, std::uint64_t end, std::uint32_t policies = 2) {
  ReplayResult result{begin, end, {}};
  for (std::uint32_t p = 0; p < policies; ++p) {
    PolicyOutcome& outcome = result.policies.emplace_back();
    outcome.policy = std::string(1, static_cast<char>('a' + p));
    for (std::uint64_t user = begin; user < end; ++user) outcome.users.push_back(row(user, p));
  }
  return result;
}

void expect_users(const UserRowSpool& spool, std::uint64_t first, std::uint64_t count) {
  const std::vector<UserOutcome> rows = spool.read(first, count);
  ASSERT_EQ(rows.size(), 2 * count);
  for (std::uint64_t u = 0; u < count; ++u) {
    for (std::uint32_t p = 0; p < 2; ++p) {
      const UserRow expected = row(first + u, p);
      ASSERT_EQ(rows[2 * u + p], (UserOutcome{expected.pages, expected.clicks, expected.expected})) << first + u;
    }
  }
}

TEST(UserRowSpool, gives_back_any_users_from_buffer_file_or_both) {
  testing::TemporaryFolder folder;
  // 3 users of 32 bytes in the buffer, then all of it, then none.
  for (const std::size_t buffer : {std::size_t{100}, std::size_t{1} << 20, std::size_t{1}}) {
    UserRowSpool spool(folder.path(), buffer);
    spool.add(users(5, 9));
    spool.add(users(9, 9));
    spool.add(users(9, 10));
    spool.add(users(10, 31));
    EXPECT_EQ(spool.on_disk(), buffer != std::size_t{1} << 20);
    EXPECT_EQ(spool.begin(), 5u);
    EXPECT_EQ(spool.end(), 31u);
    for (std::uint64_t first = 5; first <= 31; ++first) {
      for (std::uint64_t count = 0; first + count <= 31; ++count) expect_users(spool, first, count);
    }
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "the file has no name";
}

TEST(UserRowSpool, refuses_users_that_do_not_follow) {
  testing::TemporaryFolder folder;
  UserRowSpool spool(folder.path());
  spool.add(users(5, 9));
  EXPECT_THROW(spool.add(users(10, 12)), DataError);
  EXPECT_THROW(spool.add(users(8, 12)), DataError);
  EXPECT_THROW(spool.add(users(9, 12, 3)), DataError);
  ReplayResult without = users(9, 12);
  without.policies[1].users.clear();
  EXPECT_THROW(spool.add(without), DataError);
  spool.add(users(9, 12));
  expect_users(spool, 5, 7);
}

TEST(UserRowSpool, says_where_it_cannot_keep_rows) {
  testing::TemporaryFolder folder;
  UserRowSpool spool(folder / "absent", 1);
  try {
    spool.add(users(0, 1));
    FAIL() << "there is no such folder";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("absent"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace coldframe
