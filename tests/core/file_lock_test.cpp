#include "framework/core/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using testing::TemporaryFolder;

/// What another process is told that asks for the file: 0 when it gets it.
int answer_to_another_process(const std::filesystem::path& file) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      const FileLock lock(file);
      _exit(0);
    } catch (const IoError&) {
      _exit(3);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST(FileLockTest, a_second_process_is_refused_until_the_first_lets_go) {
  const TemporaryFolder folder;
  std::optional<FileLock> lock(folder / "log.txt");
  EXPECT_EQ(answer_to_another_process(folder / "log.txt"), 3);
  lock.reset();
  EXPECT_EQ(answer_to_another_process(folder / "log.txt"), 0);
}

TEST(FileLockTest, moves_with_its_owner) {
  const TemporaryFolder folder;
  FileLock owner;
  {
    FileLock lock(folder / "log.txt");
    owner = std::move(lock);
  }
  EXPECT_EQ(answer_to_another_process(folder / "log.txt"), 3);
}

TEST(FileLockTest, names_the_folder_and_leaves_the_content) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.txt") << "kept";
  const FileLock lock(folder / "log.txt");
  try {
    const FileLock second(folder / "log.txt");
    FAIL() << "two owners";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(folder.path().string() + " is in use"));
  }
  EXPECT_EQ(read_file(folder / "log.txt"), "kept");
}

TEST(FileLockTest, a_folder_that_is_absent_is_an_error) {
  const TemporaryFolder folder;
  EXPECT_THROW(FileLock(folder / "absent" / "log.txt"), IoError);
}

}  // namespace
}  // namespace coldframe
