#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "framework/data/dataset_store.h"
#include "tests/cli/program.h"

namespace coldframe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::run_program;

/// A tiny data set of our own with its mapping.
class ImportCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(testing::program_path())) << testing::program_path();
    std::filesystem::create_directory(input_);
    std::filesystem::create_directory(output_);
    write("mapping.ini",
          "[source]\nname = tiny\nlicence = ours\n[interactions]\nfile = ratings.csv\nuser = user\nitem = item\n"
          "rating = stars\ntimestamp = time\ntimestamp_unit = seconds\n"
          "[items]\nfile = items.csv\nid = id\n[item.title]\nkind = text\ncolumn = title\n");
    write("in/items.csv", "id,title\na,\"Alien, the first\"\nb,Brazil\n");
    write("in/ratings.csv", "user,item,stars,time\n1,a,5,100\n2,b,3,200\n1,b,4,50\n");
  }
  void write(std::string_view name, std::string_view text) { std::ofstream(folder_ / name, std::ios::binary) << text; }

  Outcome import(const std::string& more = "") { return run_program(arguments() + more); }
  std::string arguments() const {
    return fmt::format("import --source '{}' --input '{}' --output '{}' ", (folder_ / "mapping.ini").string(),
                       input_.string(), (output_ / "tiny.h5").string());
  }
  std::vector<std::string> written() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(output_)) names.push_back(entry.path().filename());
    return names;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path input_ = folder_ / "in";
  std::filesystem::path output_ = folder_ / "out";
};

TEST_F(ImportCommandTest, writes_a_store_that_reads_back_and_reports_the_rows) {
  const Outcome outcome = import();
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("imported tiny"), HasSubstr("rows read 3, kept 3")));
  const Dataset dataset = read_dataset(output_ / "tiny.h5");
  EXPECT_EQ(dataset.users.size(), 2u);
  EXPECT_EQ(dataset.items.size(), 2u);
  EXPECT_EQ(dataset.interactions.size(), 3u);
  EXPECT_THAT(written(), ElementsAre("tiny.h5"));
}

TEST_F(ImportCommandTest, an_existing_store_is_replaced_only_on_request) {
  EXPECT_EQ(import().code, 0);
  const Outcome again = import();
  EXPECT_EQ(again.code, 3);
  EXPECT_THAT(again.errors, AllOf(HasSubstr("tiny.h5"), HasSubstr("--overwrite")));
  EXPECT_EQ(import("--overwrite").code, 0);
}

TEST_F(ImportCommandTest, missing_options_are_all_named) {
  const Outcome outcome = run_program("import");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.errors, AllOf(HasSubstr("--source"), HasSubstr("--input"), HasSubstr("--output")));
}

TEST_F(ImportCommandTest, bad_inputs_give_one_clear_error_and_leave_nothing) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"in/ratings.csv", "", "ratings.csv"},
      {"in/ratings.csv", "user;item;stars;time\n1;a;5;100\n", "ratings.csv"},
      {"in/ratings.csv", "user,item,stars,time\n\xFF,a,5,100\n", "ratings.csv:2"},
      {"in/items.csv", "id,title\na,x\na,y\n", "items.csv:3"},
      {"in/items.csv", "id,name\na,x\n", "title"},
      {"in/ratings.csv", "\x1F\x8B\x08 not really gzip", "ratings.csv"}};
  for (const auto& [file, text, named] : cases) {
    SetUp();
    write(file, text);
    const Outcome outcome = import();
    EXPECT_EQ(outcome.code, 3) << text;
    EXPECT_THAT(outcome.errors, HasSubstr(named));
    EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
    EXPECT_TRUE(written().empty()) << text;
  }
}

TEST_F(ImportCommandTest, a_missing_input_and_a_wrong_mapping_are_told_apart) {
  std::filesystem::remove(input_ / "ratings.csv");
  EXPECT_EQ(import().code, 3);
  write("mapping.ini", "[source]\nnmae = tiny\n");
  const Outcome outcome = import();
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.errors, HasSubstr("mapping.ini:2 (unknown key) did you mean name?"));
  EXPECT_THAT(run_program("import --source movielens-100K --input x --output y").errors, HasSubstr("movielens-100k"));
}

TEST_F(ImportCommandTest, a_folder_that_is_not_there_cannot_be_written_to) {
  std::filesystem::remove_all(output_);
  const Outcome outcome = import();
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.errors, HasSubstr("tiny.h5"));
}

TEST_F(ImportCommandTest, an_interrupted_import_leaves_nothing) {
  std::string rows = "user,item,stars,time\n";
  for (int i = 0; i < 400000; ++i) rows += fmt::format("{},a,5,{}\n", i % 997, i);
  write("in/ratings.csv", rows);
  const std::string wait_for_a_file =
      fmt::format("while test -z \"$(ls '{}')\" && kill -0 $child 2>/dev/null; do sleep 0.005; done", output_.string());
  for (const std::string& moment : {std::string("sleep 0.1"), wait_for_a_file, std::string("sleep 0.4")}) {
    const std::string command =
        fmt::format("'{}' {} --overwrite >/dev/null 2>&1 & child=$!; {}; kill -TERM $child 2>/dev/null; wait $child",
                    testing::program_path().string(), arguments(), moment);
    ASSERT_TRUE(WIFEXITED(std::system(command.c_str())));
    for (const std::string& name : written()) EXPECT_EQ(name, "tiny.h5") << moment;
    std::filesystem::remove(output_ / "tiny.h5");
  }
}

TEST_F(ImportCommandTest, movielens_100k_is_known_by_name) {
  const char* deps = std::getenv("COLDFRAME_DEPS_DIR");
  const auto real = std::filesystem::path(deps == nullptr ? "" : deps) / "movielens-100k";
  if (!std::filesystem::exists(real / "ml-100k.inter")) GTEST_SKIP() << real << " is not here (run cluster/setup.sh)";
  const Outcome outcome = run_program(fmt::format("import --source movielens-100k --input '{}' --output '{}'",
                                                  real.string(), (output_ / "ml.h5").string()));
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("users 943, items 1682, interactions 100000"));
}

}  // namespace
}  // namespace coldframe
