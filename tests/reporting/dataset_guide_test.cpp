#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "framework/core/atomic_file.h"
#include "framework/data/dataset_store.h"
#include "tests/data/tiny_dataset.h"
#include "tests/reporting/outside_program.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

/// The example of datasets/README.md, as it stands there: a store is read by a library that is not ours.
TEST(DatasetGuide, its_example_reads_a_store) {
  const std::string python = testing::report_python("h5py");
  if (python.empty())
    GTEST_SKIP() << "no Python with h5py (set COLDFRAME_REPORT_PYTHON, or run cluster/setup.sh interop)";
  const std::string guide =
      read_file(std::filesystem::path(std::getenv("COLDFRAME_SOURCE_DIR")) / "datasets/README.md");
  const std::string opening = "```python\n";
  const std::size_t begin = guide.find(opening) + opening.size(), end = guide.find("```", begin);
  ASSERT_NE(end, std::string::npos);
  const testing::TemporaryFolder folder;
  write_dataset(folder / "tiny.h5", testing::tiny_dataset());
  write_file_atomically(folder / "example.py", guide.substr(begin, end - begin));
  const testing::Finished finished =
      testing::run_outside({python, (folder / "example.py").string(), (folder / "tiny.h5").string()});
  ASSERT_EQ(finished.status, 0) << finished.output;
  // By user and time: ann saw the fourth item first; equal times are ordered by a hash.
  EXPECT_THAT(finished.output, ::testing::StartsWith("tiny: 3 users, 4 items, 5 interactions\n"
                                                     "title text\ngenres multi\nann \xE6\x97\xA5\xE6\x9C\xAC 4\n"));
}

}  // namespace
}  // namespace coldframe
