#include "framework/data/replay_memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"
#include "tests/data/expect_error.h"
#include "tests/data/scratch_folder.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;

ReplayMemory small() {
  ReplayMemory memory{"balanced", 0xFFFFFFFFFFFFFFF0ull, 4, 2};
  memory.elements = {9, 2, 17};
  memory.of_task = {1, 1, 2};
  memory.users = {"u1", "\xC3\xA9", "u3"};
  memory.items = {"i1", "i2", "i1"};
  memory.histories = {0, 2, 2, 3};
  memory.history = {"i7", "i8", "i9"};
  memory.probes = {"i4", "i5"};
  memory.rows = {0.5f, -1.0f, 2.0f, 3.5f, 0.0f, 1.25f};
  return memory;
}

class ReplayMemoryTest : public ::testing::Test {
 protected:
  fs::path path() const { return folder_.path() / "memory.h5"; }
  testing::ScratchFolder folder_;
};

TEST_F(ReplayMemoryTest, comes_back_as_it_was_written_and_has_the_same_bytes_each_time) {
  write_replay_memory(path(), small());
  const ReplayMemory read = read_replay_memory(path()), wrote = small();
  EXPECT_EQ(read.rule, wrote.rule);
  EXPECT_EQ(read.seed, wrote.seed);
  EXPECT_EQ(read.room, wrote.room);
  EXPECT_EQ(read.tasks, wrote.tasks);
  EXPECT_EQ(read.elements, wrote.elements);
  EXPECT_EQ(read.of_task, wrote.of_task);
  EXPECT_EQ(read.users, wrote.users);
  EXPECT_EQ(read.items, wrote.items);
  EXPECT_EQ(read.histories, wrote.histories);
  EXPECT_EQ(read.history, wrote.history);
  EXPECT_EQ(read.probes, wrote.probes);
  EXPECT_EQ(read.rows, wrote.rows);
  const std::string first = read_file(path());
  write_replay_memory(path(), small());
  EXPECT_EQ(read_file(path()), first);
  ReplayMemory none{"uniform", 1, 4, 0};
  none.histories = {0};
  write_replay_memory(path(), none);
  EXPECT_TRUE(read_replay_memory(path()).elements.empty());
}

TEST_F(ReplayMemoryTest, what_is_damaged_or_something_else_is_refused) {
  ReplayMemory uneven = small();
  uneven.users.pop_back();
  testing::expect_error<DataError>([&] { write_replay_memory(path(), uneven); },
                                   {"memory.h5", "user has another length"});
  uneven = small();
  uneven.histories = {0, 2, 1, 3};
  testing::expect_error<DataError>([&] { write_replay_memory(path(), uneven); }, {"histories"});
  uneven = small();
  uneven.rows.pop_back();
  testing::expect_error<DataError>([&] { write_replay_memory(path(), uneven); }, {"rows"});
  EXPECT_FALSE(fs::exists(path()));

  write_replay_memory(path(), small());
  const auto whole = fs::file_size(path());
  for (const auto bytes : {whole / 2, whole - 1, decltype(whole){100}}) {
    write_replay_memory(path(), small());
    fs::resize_file(path(), bytes);
    EXPECT_THROW(read_replay_memory(path()), DataError) << bytes;
  }
  Hdf5File other = Hdf5File::create(path());
  other.write_attribute("/", "format", std::string_view("coldframe vectors"));
  other.close();
  testing::expect_error<DataError>([&] { read_replay_memory(path()); }, {"no memory of format 1"});
  EXPECT_THROW(read_replay_memory(folder_.path() / "none.h5"), IoError);
}

}  // namespace
}  // namespace coldframe
