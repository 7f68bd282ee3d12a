#include "framework/core/hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <set>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

TEST(Sha256Test, matches_known_answers) {
  // FIPS 180-4 examples
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Test, of_a_file_equals_that_of_its_bytes) {
  const testing::TemporaryFolder folder;
  const std::string text(3'000'001, 'x');
  std::ofstream(folder / "x") << text;
  EXPECT_EQ(sha256_file(folder / "x"), sha256_hex(text));
  EXPECT_THROW(sha256_file(folder / "none"), IoError);
  EXPECT_THROW(sha256_file(folder.path()), IoError);
}

TEST(StableHashTest, differs_for_near_keys_and_lengths) {
  std::set<std::uint64_t> seen;
  std::string zeros;
  for (int i = 0; i < 100; ++i) {
    seen.insert(stable_hash(zeros));
    zeros += '\0';
  }
  for (int i = 0; i < 10000; ++i) seen.insert(stable_hash(fmt::format("u{}", i)));
  EXPECT_EQ(seen.size(), 10100u);
}

TEST(StableHashTest, a_flipped_bit_flips_half_of_the_hash) {
  double flipped = 0;
  constexpr int n = 2000;
  for (int i = 0; i < n; ++i) {
    std::string a = fmt::format("user-{}", i), b = a;
    b[i % b.size()] = static_cast<char>(b[i % b.size()] ^ 1);
    flipped += std::popcount(stable_hash(a) ^ stable_hash(b));
  }
  // 64 fair bits: mean 32, standard error 4 / sqrt(n) = .09
  EXPECT_NEAR(flipped / n, 32, 0.45);
}

TEST(StableHashTest, is_frozen) {
  // Keys of users and caches: a change alters every stored result.
  EXPECT_NE(stable_hash("196"), stable_hash("196", 1));
  EXPECT_EQ(stable_hash("196"), 5693291539122190510u);
  EXPECT_EQ(combine_hash(1, 2), 8511743558890677528u);
}

TEST(RowDigestTest, does_not_depend_on_order_or_split) {
  RowDigest forward, backward, left, right;
  for (int i = 0; i < 100; ++i) forward.add_row(std::to_string(i));
  for (int i = 99; i >= 0; --i) backward.add_row(std::to_string(i));
  for (int i = 0; i < 100; ++i) (i % 3 == 0 ? left : right).add_row(std::to_string(i));
  right.merge(left);
  EXPECT_EQ(forward, backward);
  EXPECT_EQ(forward, right);
  EXPECT_EQ(RowDigest::from_words(forward.words()), forward);
}

TEST(RowDigestTest, counts_repeats) {
  RowDigest once, twice;
  once.add_row("a");
  twice.add_row("a");
  twice.add_row("a");
  EXPECT_NE(once, twice);
  EXPECT_NE(once, RowDigest{});
}

}  // namespace
}  // namespace coldframe
