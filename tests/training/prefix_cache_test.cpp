#include "framework/training/prefix_cache.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <thread>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_width = 250;  // 1,000 bytes a token
constexpr std::size_t k_row_bytes = 4 * k_width;

TextName name_of(std::int64_t text) { return text_name(std::vector<std::int64_t>{text, 7}); }

/// Texts first, first + 1, ... of `tokens` tokens each; all elements of a text's rows are its number.
PrefixChunk chunk_of(std::int64_t first, std::int64_t texts, std::int64_t tokens) {
  PrefixChunk chunk;
  chunk.row_offsets.push_back(0);
  chunk.rows = at::empty({texts * tokens, k_width}, at::kFloat);
  for (std::int64_t i = 0; i < texts; ++i) {
    chunk.names.push_back(name_of(first + i));
    chunk.row_offsets.push_back((i + 1) * tokens);
    chunk.rows.narrow(0, i * tokens, tokens).fill_(static_cast<double>(first + i));
  }
  return chunk;
}

PrefixCacheOptions options_of(std::int64_t megabytes, const std::string& folder = {}) {
  PrefixCacheOptions options;
  options.use = true;
  options.megabytes = megabytes;
  options.folder = folder;
  return options;
}

/// Whether the cache has the text, with the rows that chunk_of() gave it.
bool has(PrefixCache& cache, std::int64_t text, std::int64_t tokens) {
  const at::Tensor rows = at::empty({tokens, k_width}, at::kFloat);
  const std::span bytes(static_cast<std::byte*>(rows.mutable_data_ptr()), rows.nbytes());
  if (!cache.read(name_of(text), bytes)) return false;
  EXPECT_TRUE(rows.eq(static_cast<double>(text)).all().item<bool>()) << text;
  return true;
}

std::filesystem::path only_file_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  EXPECT_EQ(files.size(), 1u);
  return files.at(0);
}

TEST(PrefixCacheTest, gives_back_what_was_added) {
  PrefixCache cache("a", k_row_bytes, options_of(1));
  cache.add(chunk_of(10, 3, 5));
  for (const std::int64_t text : {10, 11, 12}) EXPECT_TRUE(has(cache, text, 5));
  EXPECT_FALSE(has(cache, 13, 5));
  EXPECT_TRUE(cache.contains(name_of(12)));
  EXPECT_EQ(cache.use().texts, 3u);
  EXPECT_EQ(cache.use().memory_bytes, 15 * k_row_bytes);
  EXPECT_EQ(cache.use().found, 3u);
}

TEST(PrefixCacheTest, throws_out_the_chunk_that_was_not_read_for_the_longest_time) {
  PrefixCache cache("a", k_row_bytes, options_of(1));  // room for 1,000 tokens
  cache.add(chunk_of(0, 4, 100));
  cache.add(chunk_of(10, 4, 100));
  EXPECT_TRUE(has(cache, 2, 100));
  cache.add(chunk_of(20, 4, 100));
  EXPECT_TRUE(has(cache, 0, 100));
  EXPECT_FALSE(has(cache, 10, 100));
  EXPECT_FALSE(has(cache, 13, 100));
  EXPECT_TRUE(has(cache, 23, 100));
  EXPECT_EQ(cache.use().evicted, 1u);
  EXPECT_EQ(cache.use().memory_bytes, 800 * k_row_bytes);
  cache.add(chunk_of(30, 1, 1001));
  EXPECT_FALSE(has(cache, 30, 1001)) << "larger than the limit";
  EXPECT_TRUE(has(cache, 0, 100));
}

TEST(PrefixCacheTest, a_file_serves_later_caches_of_the_same_identity) {
  const testing::TemporaryFolder folder;
  const PrefixCacheOptions options = options_of(1, (folder / "cache").string());
  {
    PrefixCache cache("encoder x layer 4", k_row_bytes, options);
    cache.save();
    EXPECT_FALSE(std::filesystem::exists(folder / "cache")) << "nothing to write";
    cache.add(chunk_of(0, 3, 9));
    cache.save();
    cache.share_file();
    EXPECT_EQ(cache.use().memory_bytes, 0u) << "the file has it";
    cache.add(chunk_of(3, 2, 1));
    cache.save();
  }
  PrefixCache later("encoder x layer 4", k_row_bytes, options);
  EXPECT_EQ(later.use().texts, 5u);
  for (const std::int64_t text : {0, 1, 2}) EXPECT_TRUE(has(later, text, 9));
  for (const std::int64_t text : {3, 4}) EXPECT_TRUE(has(later, text, 1));
  EXPECT_FALSE(has(later, 5, 1));
  PrefixCache other("encoder x layer 5", k_row_bytes, options);
  EXPECT_EQ(other.use().texts, 0u) << "of another layer";
}

TEST(PrefixCacheTest, a_file_of_another_identity_under_the_same_name_is_not_read) {
  const testing::TemporaryFolder folder;
  PrefixFile::write(folder / "file", "mine", k_row_bytes, {});
  EXPECT_NE(PrefixFile::open(folder / "file", "mine", k_row_bytes), nullptr);
  EXPECT_EQ(PrefixFile::open(folder / "file", "other", k_row_bytes), nullptr);
  EXPECT_EQ(PrefixFile::open(folder / "none", "mine", k_row_bytes), nullptr);
}

TEST(PrefixCacheTest, a_damaged_text_is_computed_again_and_replaced) {
  const testing::TemporaryFolder folder;
  const PrefixCacheOptions options = options_of(1, folder.path().string());
  PrefixCache writer("a", k_row_bytes, options);
  writer.add(chunk_of(0, 2, 3));
  writer.save();
  const std::filesystem::path file = only_file_in(folder.path());
  std::string bytes = read_file(file);
  bytes[bytes.size() - 10] ^= 1;  // in the rows of the text whose name is the greater one
  write_file_atomically(file, bytes);
  const std::int64_t damaged = name_of(0) < name_of(1) ? 1 : 0;
  PrefixCache reader("a", k_row_bytes, options);
  EXPECT_FALSE(has(reader, damaged, 3));
  EXPECT_TRUE(has(reader, 1 - damaged, 3));
  reader.add(chunk_of(damaged, 1, 3));
  EXPECT_TRUE(has(reader, damaged, 3));
  reader.save();
  PrefixCache again("a", k_row_bytes, options);
  EXPECT_TRUE(has(again, damaged, 3));
  EXPECT_TRUE(has(again, 1 - damaged, 3));
}

TEST(PrefixCacheTest, a_file_cut_short_is_passed_over) {
  const testing::TemporaryFolder folder;
  const PrefixCacheOptions options = options_of(1, folder.path().string());
  PrefixCache writer("a", k_row_bytes, options);
  writer.add(chunk_of(0, 2, 3));
  writer.save();
  const std::filesystem::path file = only_file_in(folder.path());
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 5);
  PrefixCache reader("a", k_row_bytes, options);
  EXPECT_EQ(reader.use().texts, 0u);
}

TEST(PrefixCacheTest, two_writers_leave_a_whole_file_with_the_texts_of_both) {
  const testing::TemporaryFolder folder;
  const PrefixCacheOptions options = options_of(10, folder.path().string());
  PrefixCache one("a", k_row_bytes, options), two("a", k_row_bytes, options);
  one.add(chunk_of(0, 5, 4));
  two.add(chunk_of(3, 5, 4));
  one.save();
  two.save();
  {
    PrefixCache reader("a", k_row_bytes, options);
    for (std::int64_t text = 0; text < 8; ++text) EXPECT_TRUE(has(reader, text, 4)) << text;
  }
  std::vector<std::jthread> writers;
  for (std::int64_t w = 0; w < 4; ++w) {
    writers.emplace_back([&options, w] {
      PrefixCache cache("a", k_row_bytes, options);
      for (std::int64_t i = 0; i < 5; ++i) {
        cache.add(chunk_of(100 * (w + 1) + i, 1, 2));
        cache.save();
      }
    });
  }
  writers.clear();
  only_file_in(folder.path());
  PrefixCache reader("a", k_row_bytes, options);
  for (std::int64_t text = 0; text < 8; ++text) EXPECT_TRUE(has(reader, text, 4)) << text;
}

TEST(PrefixCacheTest, a_file_grows_no_larger_than_the_limit) {
  const testing::TemporaryFolder folder;
  const PrefixCacheOptions options = options_of(1, folder.path().string());
  PrefixCache cache("a", k_row_bytes, options);
  for (std::int64_t i = 0; i < 4; ++i) {
    cache.add(chunk_of(100 * i, 4, 100));
    cache.save();
    cache.share_file();
  }
  EXPECT_LT(cache.use().file_bytes, 1010000u);
  EXPECT_GE(cache.use().file_bytes, 1000000u);
}

}  // namespace
}  // namespace coldframe
