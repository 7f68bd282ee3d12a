#include "framework/core/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "framework/core/error.h"
#include "framework/core/temporary_names.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

template <class Work>
std::string io_error_of(Work&& work) {
  try {
    work();
  } catch (const IoError& error) {
    return error.what();
  }
  return "no error";
}

/// Runs `work` in a child process and returns how that ended.
template <class Work>
int status_of_child(Work&& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/// A file system of a few pages that is soon full.
class TinyDisk {
 public:
  explicit TinyDisk(const std::filesystem::path& at) : at_(at) {
    std::filesystem::create_directory(at_);
    mounted_ = mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=64k") == 0;
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;
  ~TinyDisk() {
    if (mounted_) umount2(at_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

TEST(AtomicFileTest, appears_under_its_name_only_after_commit) {
  const testing::TemporaryFolder folder;
  AtomicFile file(folder / "x.txt");
  file.write("half");
  EXPECT_FALSE(std::filesystem::exists(folder / "x.txt"));
  file.write(" and half");
  file.commit();
  EXPECT_EQ(read_file(folder / "x.txt"), "half and half");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("x.txt"));
}

TEST(AtomicFileTest, leaves_the_old_file_alone_when_not_committed) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "x.txt", "old");
  { AtomicFile(folder / "x.txt").write("new"); }
  EXPECT_EQ(read_file(folder / "x.txt"), "old");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("x.txt"));
}

TEST(AtomicFileTest, commits_what_another_library_wrote_to_the_temporary) {
  const testing::TemporaryFolder folder;
  AtomicFile file(folder / "x.txt");
  std::ofstream(file.temporary()) << "by path";
  file.commit();
  EXPECT_EQ(read_file(folder / "x.txt"), "by path");
}

TEST(AtomicFileTest, an_empty_file_is_a_file) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "x.txt", "");
  EXPECT_EQ(read_file(folder / "x.txt"), "");
}

TEST(AtomicFileTest, works_for_a_name_without_a_folder) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write_file_atomically("x.txt", "here");
  std::filesystem::current_path(before);
  EXPECT_THAT(names_in(folder.path()), ElementsAre("x.txt"));
}

TEST(AtomicFileTest, names_the_target_when_the_folder_is_missing) {
  const testing::TemporaryFolder folder;
  const auto target = folder.path() / "none" / "x.txt";
  EXPECT_THAT(io_error_of([&] { write_file_atomically(target, "x"); }),
              AllOf(HasSubstr("cannot write " + target.string()), HasSubstr("No such file")));
}

TEST(AtomicFileTest, the_next_writer_removes_what_a_killed_process_left) {
  const testing::TemporaryFolder folder;
  const int status = status_of_child([&] {
    AtomicFile file(folder / "x.txt");
    file.write("half");
    raise(SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_EQ(names_in(folder.path()).size(), 1u);
  ASSERT_FALSE(std::filesystem::exists(folder / "x.txt"));
  write_file_atomically(folder / "x.txt", "whole");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("x.txt"));
}

TEST(AtomicFileTest, the_temporary_of_a_living_writer_is_left_alone) {
  const testing::TemporaryFolder folder;
  AtomicFile first(folder / "x.txt");
  first.write("first");
  AtomicFile second(folder / "x.txt");
  second.write("second");
  EXPECT_EQ(names_in(folder.path()).size(), 2u);
  first.commit();
  second.commit();
  EXPECT_EQ(read_file(folder / "x.txt"), "second");
}

TEST(AtomicFileTest, an_interrupted_process_leaves_nothing_and_still_dies_of_the_signal) {
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    const testing::TemporaryFolder folder;
    const int status = status_of_child([&] {
      remove_temporaries_on_signals();
      AtomicFile file(folder / "x.txt");
      file.write("half");
      raise(signal_number);
    });
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), signal_number);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

TEST(AtomicFileTest, an_ignored_signal_stays_ignored) {
  const testing::TemporaryFolder folder;
  const int status = status_of_child([&] {
    signal(SIGHUP, SIG_IGN);
    remove_temporaries_on_signals();
    AtomicFile file(folder / "x.txt");
    file.write("whole");
    raise(SIGHUP);
    file.commit();
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(read_file(folder / "x.txt"), "whole");
}

TEST(AtomicFileTest, a_full_disk_is_an_io_error_and_keeps_the_old_file) {
  const testing::TemporaryFolder folder;
  const TinyDisk disk(folder / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  const auto target = folder.path() / "disk" / "x.txt";
  write_file_atomically(target, "old");
  EXPECT_THAT(io_error_of([&] { write_file_atomically(target, std::string(1 << 20, 'x')); }),
              AllOf(HasSubstr(target.string()), HasSubstr("No space left")));
  EXPECT_EQ(read_file(target), "old");
  EXPECT_THAT(names_in(folder / "disk"), ElementsAre("x.txt"));
}

TEST(AtomicFileTest, dev_full_reports_a_full_disk_where_mounting_is_not_permitted) {
  const testing::TemporaryFolder folder;
  AtomicFile file(folder / "x.txt");
  std::error_code error;
  std::filesystem::create_symlink("/dev/full", file.temporary(), error);
  if (error || !std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  EXPECT_THAT(io_error_of([&] { file.write("x"); }), AllOf(HasSubstr("x.txt"), HasSubstr("No space left")));
}

TEST(AtomicFolderTest, appears_with_everything_in_it_only_after_commit) {
  const testing::TemporaryFolder folder;
  AtomicFolder made(folder / "step-1");
  std::filesystem::create_directory(made.temporary() / "inner");
  std::ofstream(made.temporary() / "inner" / "a") << "a";
  EXPECT_FALSE(std::filesystem::exists(folder / "step-1"));
  made.commit();
  EXPECT_EQ(read_file(folder.path() / "step-1" / "inner" / "a"), "a");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("step-1"));
}

TEST(AtomicFolderTest, errors_of_files_inside_name_them_as_they_are_going_to_be_called) {
  const testing::TemporaryFolder folder;
  const TinyDisk disk(folder / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tmpfs";
  AtomicFolder made(folder / "disk" / "step-1");
  EXPECT_THAT(io_error_of([&] { write_file_atomically(made.temporary() / "state", std::string(1 << 20, 'x')); }),
              HasSubstr(fmt::format("cannot write {} (No space left", (folder / "disk" / "step-1" / "state").string())));
  EXPECT_EQ(detail::final_name("a/b.tmp-other-1-0/c"), "a/b.tmp-other-1-0/c") << "another process's temporary";
  EXPECT_EQ(detail::final_name("/"), "/");
}

TEST(AtomicFolderTest, leaves_nothing_when_not_committed) {
  const testing::TemporaryFolder folder;
  {
    AtomicFolder made(folder / "step-1");
    std::ofstream(made.temporary() / "a") << "a";
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(AtomicFolderTest, refuses_an_existing_folder_unless_told_to_replace_it) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "step-1");
  std::ofstream(folder.path() / "step-1" / "old") << "old";
  EXPECT_THAT(io_error_of([&] { AtomicFolder again(folder / "step-1"); }), HasSubstr("step-1"));
  AtomicFolder made(folder / "step-1", IfExists::replace);
  std::ofstream(made.temporary() / "new") << "new";
  made.commit();
  EXPECT_THAT(names_in(folder / "step-1"), ElementsAre("new"));
}

TEST(AtomicFolderTest, a_folder_that_appears_in_the_meantime_is_not_overwritten) {
  const testing::TemporaryFolder folder;
  AtomicFolder made(folder / "step-1");
  std::filesystem::create_directory(folder / "step-1");
  EXPECT_THAT(io_error_of([&] { made.commit(); }), HasSubstr("step-1"));
}

TEST(AtomicFolderTest, the_replaced_folder_is_gone_afterwards) {
  const testing::TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {
    AtomicFolder made(folder / "latest", IfExists::replace);
    made.commit();
  }
  EXPECT_THAT(names_in(folder.path()), ElementsAre("latest"));
}

TEST(ReadFileTest, refuses_a_folder_and_names_it) {
  const testing::TemporaryFolder folder;
  EXPECT_THAT(io_error_of([&] { read_file(folder.path()); }),
              AllOf(HasSubstr(folder.path().string()), HasSubstr("Is a directory")));
}

}  // namespace
}  // namespace coldframe
