#include "framework/cli/dataset_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

class DatasetSourcesTest : public ::testing::Test {
 protected:
  DatasetSourcesTest() {
    for (const char* name : {"near/films", "far/films", "far/books"}) {
      std::filesystem::create_directories(folder_ / name);
      std::ofstream(folder_ / name / "mapping.ini") << "[source]\n";
    }
    std::filesystem::create_directories(folder_ / "far/empty");
    folders_ = {folder_ / "none", folder_ / "near", folder_ / "far"};
  }
  std::string error_of(const std::string& source) {
    try {
      find_mapping(source, folders_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
  testing::TemporaryFolder folder_holder_;
  std::filesystem::path folder_ = folder_holder_.path();
  std::vector<std::filesystem::path> folders_;
};

TEST_F(DatasetSourcesTest, the_nearest_folder_wins) {
  EXPECT_EQ(find_mapping("films", folders_), folder_ / "near/films/mapping.ini");
  EXPECT_EQ(find_mapping("books", folders_), folder_ / "far/books/mapping.ini");
}

TEST_F(DatasetSourcesTest, a_file_is_taken_as_it_is) {
  const std::string file = (folder_ / "far/books/mapping.ini").string();
  EXPECT_EQ(find_mapping(file, {}), file);
}

TEST_F(DatasetSourcesTest, an_unknown_name_suggests_the_nearest_or_all) {
  EXPECT_THAT(error_of("flims"), HasSubstr("did you mean films?"));
  EXPECT_THAT(error_of("movielens"), HasSubstr("known: books, films"));
  EXPECT_THAT(error_of("empty"), HasSubstr("neither a known data set nor a mapping file"));
  EXPECT_THAT(error_of("../far/books"), HasSubstr("neither a known data set"));
}

TEST_F(DatasetSourcesTest, a_program_in_a_build_folder_finds_the_data_sets_of_its_source_tree) {
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "COLDFRAME_SOURCE_DIR is not set";
  EXPECT_THAT(dataset_folders(), ::testing::Contains(std::filesystem::path(source) / "datasets"));
}

}  // namespace
}  // namespace coldframe
