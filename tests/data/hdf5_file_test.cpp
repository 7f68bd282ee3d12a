#include "framework/data/hdf5_file.h"

#include <hdf5.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <thread>

#include "framework/core/error.h"
#include "tests/data/expect_error.h"
#include "tests/data/scratch_folder.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::read_bytes;
using testing::ScratchFolder;

template <class T>
class Hdf5NumbersTest : public ::testing::Test {};
using Numbers = ::testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                                 std::uint32_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(Hdf5NumbersTest, Numbers);

TYPED_TEST(Hdf5NumbersTest, extreme_values_survive_the_file) {
  const ScratchFolder folder;
  const std::vector<TypeParam> values = {std::numeric_limits<TypeParam>::lowest(), TypeParam{0}, TypeParam{7},
                                         std::numeric_limits<TypeParam>::max()};
  {
    Hdf5File file = Hdf5File::create(folder / "a.h5");
    file.write("/deep/er/values", values);
    file.close();
  }
  const Hdf5File file = Hdf5File::open(folder / "a.h5");
  EXPECT_EQ(file.read<TypeParam>("/deep/er/values"), values);
  EXPECT_EQ(file.read_rows<TypeParam>("/deep/er/values", 1, 2), (std::vector<TypeParam>{values[1], values[2]}));
}

TEST(Hdf5File, large_columns_are_deflated_and_come_back) {
  const ScratchFolder folder;
  std::vector<std::int64_t> values(300'000);
  for (std::size_t row = 0; row < values.size(); ++row) values[row] = static_cast<std::int64_t>(row / 7);
  Hdf5File file = Hdf5File::create(folder / "a.h5");
  file.write("/values", values);
  file.close();
  EXPECT_LT(std::filesystem::file_size(folder / "a.h5"), values.size());
  EXPECT_EQ(Hdf5File::open(folder / "a.h5").read<std::int64_t>("/values"), values);
}

TEST(Hdf5File, appended_blocks_equal_one_block_for_rows_and_matrices) {
  const ScratchFolder folder;
  std::vector<float> values(60'000);
  for (std::size_t at = 0; at < values.size(); ++at) values[at] = static_cast<float>(at) * 0.5f;
  const std::span<const float> all(values);
  Hdf5File file = Hdf5File::create(folder / "a.h5");
  for (const auto& [first, count] : {std::pair{0, 3}, {3, 0}, {3, 29'997}, {30'000, 30'000}}) {
    file.append("/flat", all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
    file.append("/matrix", all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)), 3);
  }
  file.write_matrix("/whole", all, 3);
  file.close();
  {
    Hdf5File again = Hdf5File::open_to_append(folder / "a.h5");
    again.append("/flat", all.first(2));
    EXPECT_THROW(again.append("/matrix", all.first(4), 4), DataError);
    again.close();
  }
  const Hdf5File read = Hdf5File::open(folder / "a.h5");
  EXPECT_EQ(read.shape("/flat"), std::vector<std::size_t>{60'002});
  EXPECT_EQ(read.shape("/matrix"), (std::vector<std::size_t>{20'000, 3}));
  EXPECT_EQ(read.read<float>("/matrix"), values);
  EXPECT_EQ(read.read<float>("/whole"), values);
  EXPECT_EQ(read.read_rows<float>("/matrix", 10'001, 2), std::vector<float>(&values[30'003], &values[30'009]));
}

TEST(Hdf5File, strings_of_every_kind_survive) {
  const ScratchFolder folder;
  const std::vector<std::string> values = {"", "plain", "日本 é", std::string("zero\0byte", 9), "two\nlines", ""};
  Hdf5File file = Hdf5File::create(folder / "a.h5");
  file.write_strings("/texts", values);
  file.write_strings("/none", {});
  const std::vector<std::string> broken = {"fine", "\xC3("};
  expect_error<DataError>([&] { file.write_strings("/broken", broken); }, {"/broken", "text 1", "UTF-8"});
  file.close();
  const Hdf5File read = Hdf5File::open(folder / "a.h5");
  EXPECT_EQ(read.read_strings("/texts"), values);
  EXPECT_TRUE(read.read_strings("/none").empty());
}

TEST(Hdf5File, attributes_keep_their_type_and_the_last_value) {
  const ScratchFolder folder;
  Hdf5File file = Hdf5File::create(folder / "a.h5");
  file.make_group("/meta");
  file.write_attribute("/meta", "count", 5);
  file.write_attribute("/meta", "count", std::uint64_t{6});
  file.write_attribute("/meta", "share", 0.25);
  file.write_attribute("/meta", "name", "");
  file.write_attribute("/meta", "long", std::string(100'000, 'x'));
  file.close();
  const Hdf5File read = Hdf5File::open(folder / "a.h5");
  EXPECT_EQ(read.read_integer("/meta", "count"), 6);
  EXPECT_EQ(read.read_number("/meta", "share"), 0.25);
  EXPECT_EQ(read.read_text("/meta", "name"), "");
  EXPECT_EQ(read.read_text("/meta", "long").size(), 100'000u);
  EXPECT_TRUE(read.has_attribute("/meta", "count"));
  EXPECT_FALSE(read.has_attribute("/meta", "absent"));
  EXPECT_FALSE(read.has_attribute("/absent", "count"));
  expect_error<DataError>([&] { read.read_text("/meta", "count"); }, {"/meta@count", "int64", "a text"});
  expect_error<DataError>([&] { read.read_integer("/meta", "absent"); }, {"/meta@absent", "a.h5"});
}

TEST(Hdf5File, lists_and_finds_objects) {
  const ScratchFolder folder;
  Hdf5File file = Hdf5File::create(folder / "a.h5");
  file.write("/b/z", std::vector<int>{1});
  file.write("/b/a", std::vector<int>{1});
  file.make_group("/b/m");
  EXPECT_EQ(file.children("/b"), (std::vector<std::string>{"a", "m", "z"}));
  EXPECT_TRUE(file.exists("/"));
  EXPECT_TRUE(file.exists("/b/a"));
  EXPECT_FALSE(file.exists("/b/q"));
  EXPECT_FALSE(file.exists("/q/a"));
  expect_error<DataError>([&] { file.children("/q"); }, {"/q", "a.h5"});
}

TEST(Hdf5File, refuses_to_narrow_and_accepts_to_widen) {
  const ScratchFolder folder;
  Hdf5File file = Hdf5File::create(folder / "a.h5");
  file.write("/wide", std::vector<std::int64_t>{1});
  file.write("/narrow", std::vector<std::uint16_t>{65535});
  file.write("/real", std::vector<float>{1.5f});
  EXPECT_EQ(file.read<std::int32_t>("/narrow"), std::vector<std::int32_t>{65535});
  EXPECT_EQ(file.read<double>("/real"), std::vector<double>{1.5});
  expect_error<DataError>([&] { file.read<std::int32_t>("/wide"); }, {"/wide", "int64", "int32"});
  EXPECT_THROW(file.read<std::int16_t>("/narrow"), DataError);
  EXPECT_THROW(file.read<std::uint64_t>("/wide"), DataError);
  EXPECT_THROW(file.read<std::int64_t>("/real"), DataError);
  expect_error<DataError>([&] { file.read_rows<std::int64_t>("/wide", 0, 2); }, {"/wide", "it has 1"});
  expect_error<DataError>([&] { file.read<int>("/absent"); }, {"/absent", "no such array"});
}

// More than a second apart, because HDF5 would store times in seconds.
TEST(Hdf5File, equal_content_gives_equal_bytes_at_any_time) {
  const ScratchFolder folder;
  for (const char* name : {"a.h5", "b.h5"}) {
    if (name[0] == 'b') std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    Hdf5File file = Hdf5File::create(folder / name);
    const std::vector<int> rows = {1, 2};
    file.append("/deep/er/rows", std::span(rows));
    file.write_strings("/other/texts", std::vector<std::string>{"a"});
    file.write("/values", std::vector<double>(20'000, 0.5));
    file.write_attribute("/values", "unit", "s");
    file.close();
  }
  EXPECT_EQ(read_bytes(folder / "a.h5"), read_bytes(folder / "b.h5"));
}

TEST(Hdf5File, missing_foreign_and_truncated_files_are_one_clear_error_each) {
  const ScratchFolder folder;
  expect_error<IoError>([&] { Hdf5File::open(folder / "absent.h5"); }, {"absent.h5", "no such file"});
  expect_error<IoError>([&] { Hdf5File::open(folder.path()); }, {"not a file"});
  expect_error<IoError>([&] { Hdf5File::create(folder / "no/such/folder.h5"); }, {"folder.h5", "No such file"});
  folder.write("empty.h5", "");
  folder.write("text.h5", "user,item\n1,2\n");
  expect_error<DataError>([&] { Hdf5File::open(folder / "empty.h5"); }, {"empty.h5", "not an HDF5 file"});
  expect_error<DataError>([&] { Hdf5File::open(folder / "text.h5"); }, {"text.h5", "not an HDF5 file"});
  Hdf5File file = Hdf5File::create(folder / "whole.h5");
  file.write("/values", std::vector<double>(50'000, 1.0));
  file.close();
  folder.write("cut.h5", read_bytes(folder / "whole.h5").substr(0, 2000));
  expect_error<DataError>([&] { Hdf5File::open(folder / "cut.h5"); }, {"cut.h5", "truncated"});
}

TEST(Hdf5File, a_single_changed_byte_is_noticed_or_changes_nothing) {
  const ScratchFolder folder;
  Hdf5File file = Hdf5File::create(folder / "whole.h5");
  file.write("/values", std::vector<std::int32_t>{1, 2, 3});
  file.write_matrix<double>("/table", std::vector<double>{0.5, 1.5, 2.5, 3.5}, 2);
  file.write_strings("/texts", std::vector<std::string>{"a", "bc"});
  file.write_attribute("/values", "unit", "s");
  file.close();
  const std::string whole = read_bytes(folder / "whole.h5");
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0xFF);
    folder.write("changed.h5", changed);
    try {
      const Hdf5File read = Hdf5File::open(folder / "changed.h5");
      // Room between objects belongs to nobody.
      EXPECT_EQ(read.read<std::int32_t>("/values"), (std::vector<std::int32_t>{1, 2, 3})) << at;
      EXPECT_EQ(read.read<double>("/table"), (std::vector<double>{0.5, 1.5, 2.5, 3.5})) << at;
      EXPECT_EQ(read.read_strings("/texts"), (std::vector<std::string>{"a", "bc"})) << at;
      EXPECT_EQ(read.read_text("/values", "unit"), "s") << at;
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 20u);
  EXPECT_EQ(H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_ALL), 0) << "a refused file is still open";
}

TEST(Hdf5File, without_close_nothing_is_written) {
  const ScratchFolder folder;
  const auto before = folder.write("a.h5", "old");
  { Hdf5File::create(folder / "a.h5").write("/values", std::vector<int>{1}); }
  EXPECT_EQ(read_bytes(folder / "a.h5"), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
}

// The exit of the process counts as well: HDF5 must not be left with a file that it cannot close.
TEST(Hdf5FileDeathTest, a_full_disk_is_an_error_and_leaves_no_file) {
  const ScratchFolder folder;
  const auto fill_the_disk = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{30'000, 30'000};
    setrlimit(RLIMIT_FSIZE, &small);
    std::vector<double> values(50'000);
    for (std::size_t at = 0; at < values.size(); ++at) values[at] = std::sin(static_cast<double>(at));
    try {
      Hdf5File file = Hdf5File::create(folder / "full.h5");
      file.write("/values", values);
      file.close();
    } catch (const IoError& error) {
      std::exit(std::string_view(error.what()).find("full.h5") == std::string_view::npos ? 1 : 3);
    }
  };
  EXPECT_EXIT(fill_the_disk(), ::testing::ExitedWithCode(3), "");
  EXPECT_TRUE(folder.names().empty());
}

// An independent reader: the HDF5 project's own command-line tool.
TEST(Hdf5File, h5dump_reads_what_was_written) {
  if (std::system("h5dump --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "h5dump is not installed";
  const ScratchFolder folder;
  Hdf5File file = Hdf5File::create(folder / "a.h5");
  file.write("/group/values", std::vector<std::int32_t>{-3, 5});
  file.write_attribute("/group/values", "unit", "seconds");
  file.close();
  const std::string command = "h5dump " + (folder / "a.h5").string() + " > " + (folder / "dump.txt").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string dump = read_bytes(folder / "dump.txt");
  for (const char* word : {"H5T_STD_I32LE", "(0): -3, 5", "\"seconds\"", "GROUP \"group\""}) {
    EXPECT_THAT(dump, ::testing::HasSubstr(word));
  }
}

}  // namespace
}  // namespace coldframe
