#include "framework/simulation/lives.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

/// A user clicks on each of three pages when a keyed draw says so.
class CoinLaw final : public LifeLaw {
 public:
  void live(std::uint64_t first, std::span<UserRow> rows) const override {
    for (std::size_t u = 0; u < rows.size(); ++u) {
      UserRow row{first + u, 3, 0, 3 * FixedSum::to_fixed(0.25)};
      for (std::uint32_t page = 0; page < 3; ++page) row.clicks += random_.uniform(UserKey(row.user), 0, page) < 0.25;
      rows[u] = row;
    }
  }

 private:
  KeyedRandom random_{1, Purpose::choice};
};

class BrokenLaw final : public LifeLaw {
 public:
  void live(std::uint64_t first, std::span<UserRow>) const override {
    if (first >= 100) throw NumericError("no number", "of a test", {});
  }
};

TEST(Lives, have_the_same_bits_for_any_threads_and_blocks) {
  const CoinLaw law;
  const Lives whole = live(law, 10, 1010, 1);
  EXPECT_EQ(whole.users, 1000u);
  EXPECT_EQ(whole.pages, 3000u);
  EXPECT_EQ(whole.expected.value(), 750.0);
  EXPECT_NEAR(static_cast<double>(whole.clicks), 750.0, 4 * std::sqrt(3000 * 0.25 * 0.75));
  for (const std::uint64_t block : {1u, 7u, 256u, 5000u}) {
    for (const int threads : {1, 2, 4}) EXPECT_EQ(live(law, 10, 1010, threads, block), whole) << block;
  }
}

TEST(Lives, add_up_over_a_split_range_and_tell_users_apart) {
  const CoinLaw law;
  const Lives whole = live(law, 10, 110, 2), left = live(law, 10, 55, 2), right = live(law, 55, 110, 1);
  EXPECT_EQ(left.clicks + right.clicks, whole.clicks);
  RowDigest both = right.digest;
  both.merge(left.digest);
  EXPECT_EQ(both, whole.digest);
  EXPECT_NE(live(law, 11, 111, 2).digest, whole.digest);
  EXPECT_EQ(live(law, 10, 10, 2).users, 0u);
}

TEST(Lives, end_with_the_error_of_a_block) { EXPECT_THROW(live(BrokenLaw(), 0, 1000, 2, 16), NumericError); }

}  // namespace
}  // namespace coldframe
