#include "framework/text/piece_trie.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "framework/core/philox.h"

namespace coldframe {
namespace {

TEST(PieceTrie, finds_the_longest_entry_that_starts_a_text) {
  const PieceTrie trie({{"a", 1}, {"abc", 3}, {"abcd", 4}, {"b", 5}});
  const auto match = trie.longest_prefix("abcx");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->length, 3u);
  EXPECT_EQ(match->value, 3);
  EXPECT_EQ(trie.longest_prefix("ab")->value, 1);  // "ab" is on the way to "abc", but no entry
  EXPECT_FALSE(trie.longest_prefix("xabc"));
  EXPECT_FALSE(trie.longest_prefix(""));
}

TEST(PieceTrie, finds_only_whole_entries_exactly) {
  const PieceTrie trie({{"ab", 1}, {"abcd", 2}});
  EXPECT_EQ(trie.find("ab"), 1);
  EXPECT_EQ(trie.find("abcd"), 2);
  EXPECT_FALSE(trie.find("abc"));
  EXPECT_FALSE(trie.find("abcde"));
  EXPECT_FALSE(trie.find(""));
}

TEST(PieceTrie, keeps_bytes_above_127_and_zero_bytes_apart) {
  using namespace std::string_view_literals;
  const PieceTrie trie({{"\xff"sv, 1}, {"\x7f"sv, 2}, {"\0"sv, 3}, {"\0\xff"sv, 4}});
  EXPECT_EQ(trie.find("\xff"sv), 1);
  EXPECT_EQ(trie.find("\x7f"sv), 2);
  EXPECT_EQ(trie.find("\0"sv), 3);
  EXPECT_EQ(trie.longest_prefix("\0\xff\xff"sv)->value, 4);
}

TEST(PieceTrie, leaves_out_empty_entries_and_keeps_the_first_of_equal_ones) {
  const PieceTrie trie({{"", 7}, {"a", 1}, {"a", 2}});
  EXPECT_EQ(trie.find("a"), 1);
  EXPECT_FALSE(trie.longest_prefix("b"));
  EXPECT_FALSE(PieceTrie().longest_prefix("a"));
  EXPECT_FALSE(PieceTrie(std::vector<std::pair<std::string_view, std::int32_t>>()).longest_prefix("a"));
}

TEST(PieceTrie, agrees_with_a_search_through_a_map) {
  const KeyedRandom random(1, Purpose::initialisation);
  const auto letters = [&](std::uint64_t key, std::uint32_t salt) {
    const PhiloxBlock block = random.block(UserKey(key), salt);
    std::string text;
    for (std::uint32_t i = 0; i < 1 + uniform_below(block[0], 7); ++i) {
      text.push_back(static_cast<char>('a' + ((block[1] >> (4 * i)) & 3)));
    }
    return text;
  };
  std::map<std::string, std::int32_t> entries;
  for (std::uint64_t key = 0; key < 600; ++key) entries.emplace(letters(key, 0), static_cast<std::int32_t>(key));
  const PieceTrie trie({entries.begin(), entries.end()});
  for (std::uint64_t key = 0; key < 3000; ++key) {
    const std::string text = letters(key, 1) + letters(key, 2);
    std::size_t expected = text.size();
    while (expected > 0 && !entries.contains(text.substr(0, expected))) --expected;
    const auto match = trie.longest_prefix(text);
    ASSERT_EQ(match ? match->length : 0, expected) << text;
    if (match) {
      ASSERT_EQ(match->value, entries.at(text.substr(0, expected))) << text;
    }
  }
}

}  // namespace
}  // namespace coldframe
