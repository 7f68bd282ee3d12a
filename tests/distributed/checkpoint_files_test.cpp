#include "framework/distributed/checkpoint_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;

class CheckpointFilesTest : public ::testing::Test {
 protected:
  std::vector<StateTensor> state() { return {{"a", {2, 3}, a_}, {"b", {4}, b_}}; }
  void write(std::int64_t step) { write_checkpoint(root_.path(), step, {{"identity", "x"}}, state()); }
  void flip_byte(const fs::path& file, std::streamoff at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const char byte = static_cast<char>(stream.get());
    stream.seekp(at);
    stream.put(static_cast<char>(byte ^ 1));
  }

  testing::TemporaryFolder root_;
  std::vector<float> a_ = {1, 2, 3, 4, 5, 6};
  std::vector<float> b_ = {7, 8, 9, 10};
};

TEST_F(CheckpointFilesTest, what_was_written_is_read) {
  write(10);
  std::ranges::fill(a_, 0.0f);
  std::ranges::fill(b_, 0.0f);
  std::vector<std::string> damaged;
  const auto found = newest_intact(root_.path(), damaged);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 10);
  read_checkpoint(*found, state());
  EXPECT_EQ(a_, (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(b_, (std::vector<float>{7, 8, 9, 10}));
  EXPECT_EQ(verify_checkpoint(*found).at("identity"), "x");
}

TEST_F(CheckpointFilesTest, a_damaged_checkpoint_falls_back_to_the_previous_one_and_is_named) {
  write(9);
  write(10);
  for (const char* file : {"state.safetensors", "manifest.json"}) {
    const fs::path path = root_.path() / "step-10" / file;
    flip_byte(path, static_cast<std::streamoff>(fs::file_size(path)) - 6);
    std::vector<std::string> damaged;
    const auto found = newest_intact(root_.path(), damaged);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->step, 9);
    ASSERT_EQ(damaged.size(), 1u);
    EXPECT_NE(damaged[0].find("step-10"), std::string::npos) << damaged[0];
    write(10);
  }
}

TEST_F(CheckpointFilesTest, every_single_flipped_byte_is_noticed) {
  write(3);
  const fs::path manifest = root_.path() / "step-3" / "manifest.json";
  for (std::uintmax_t at = 0; at < fs::file_size(manifest); at += 7) {
    flip_byte(manifest, static_cast<std::streamoff>(at));
    EXPECT_THROW(verify_checkpoint({root_.path() / "step-3", 3}), Error) << "byte " << at;
    flip_byte(manifest, static_cast<std::streamoff>(at));
  }
}

TEST_F(CheckpointFilesTest, only_damaged_ones_are_an_error_and_none_is_not) {
  std::vector<std::string> damaged;
  EXPECT_FALSE(newest_intact(root_.path(), damaged));
  write(1);
  fs::resize_file(root_.path() / "step-1" / "state.safetensors", 20);
  EXPECT_THROW(newest_intact(root_.path(), damaged), DataError);
}

TEST_F(CheckpointFilesTest, other_shapes_and_names_are_refused_by_name) {
  write(1);
  const FoundCheckpoint found{root_.path() / "step-1", 1};
  std::vector<float> wide(12);
  std::vector<StateTensor> other = {{"a", {4, 3}, wide}, {"b", {4}, b_}};
  EXPECT_THROW(read_checkpoint(found, other), DataError);
  std::vector<StateTensor> fewer = {{"a", {2, 3}, a_}};
  EXPECT_THROW(read_checkpoint(found, fewer), DataError);
  std::vector<StateTensor> more = state();
  more.push_back({"c", {4}, b_});
  EXPECT_THROW(read_checkpoint(found, more), DataError);
}

TEST_F(CheckpointFilesTest, pruning_keeps_the_newest_and_the_protected) {
  for (const int step : {1, 2, 3, 4, 5}) write(step);
  const std::int64_t best = 2;
  prune_checkpoints(root_.path(), 2, std::span(&best, 1));
  std::vector<std::int64_t> left;
  for (const FoundCheckpoint& found : list_checkpoints(root_.path())) left.push_back(found.step);
  EXPECT_EQ(left, (std::vector<std::int64_t>{2, 4, 5}));
}

}  // namespace
}  // namespace coldframe
