#include "framework/data/vector_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"
#include "tests/data/expect_error.h"
#include "tests/data/scratch_folder.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::ScratchFolder;

/// Rows come in two pieces; ids have different lengths, one is not ASCII.
void write(const std::filesystem::path& path) {
  const auto writer = make_vector_writer(path, {3, 2});
  const std::vector<std::string> first = {"1", "zwölf"}, second = {""};
  const std::vector<float> one = {1.5f, -2.0f, 3.25f, 4.0f}, two = {0.0f, 1e-30f};
  writer->append(first, one);
  EXPECT_FALSE(std::filesystem::exists(path)) << "nothing stands under the name before all is there";
  writer->append(second, two);
  writer->commit({{"encoder", "tiny"}});
}

TEST(VectorFile, hdf5_holds_ids_vectors_and_provenance) {
  const ScratchFolder folder;
  write(folder / "v.h5");
  const Hdf5File file = Hdf5File::open(folder / "v.h5");
  EXPECT_EQ(file.read_strings("/ids"), (std::vector<std::string>{"1", "zwölf", ""}));
  EXPECT_EQ(file.shape("/vectors"), (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(file.read<float>("/vectors"), (std::vector<float>{1.5f, -2.0f, 3.25f, 4.0f, 0.0f, 1e-30f}));
  EXPECT_EQ(file.read_text("/", "format"), "coldframe vectors");
  EXPECT_EQ(file.read_integer("/", "format_version"), 1);
  EXPECT_EQ(nlohmann::json::parse(file.read_text("/", "provenance")).at("encoder"), "tiny");
}

TEST(VectorFile, npy_is_the_documented_header_and_the_values) {
  const ScratchFolder folder;
  write(folder / "v.npy");
  const std::string bytes = read_file(folder / "v.npy");
  ASSERT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t header = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ((10 + header) % 64, 0u);
  EXPECT_EQ(bytes[10 + header - 1], '\n');
  EXPECT_EQ(bytes.substr(10).rfind("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", 0), 0u);
  const float values[] = {1.5f, -2.0f, 3.25f, 4.0f, 0.0f, 1e-30f};
  ASSERT_EQ(bytes.size(), 10 + header + sizeof values);
  EXPECT_EQ(std::memcmp(bytes.data() + 10 + header, values, sizeof values), 0);
}

TEST(VectorFile, what_is_incomplete_or_no_number_leaves_nothing_behind) {
  const ScratchFolder folder;
  for (const char* name : {"v.h5", "v.npy"}) {
    const std::filesystem::path path = folder / name;
    const std::vector<std::string> id = {"a"};
    const std::vector<float> good = {1, 2}, bad = {1, std::numeric_limits<float>::quiet_NaN()};
    {
      const auto writer = make_vector_writer(path, {2, 2});
      writer->append(id, good);
      expect_error<DataError>([&] { writer->commit({}); }, {"2 texts were announced"});
      expect_error<NumericError>([&] { writer->append(id, bad); }, {"the vector of text 2 holds nan"});
    }
    EXPECT_TRUE(folder.names().empty()) << name;
  }
}

TEST(VectorFile, a_disk_that_is_too_small_is_told_before_any_work) {
  const ScratchFolder folder;
  expect_error<IoError>([&] { make_vector_writer(folder / "v.h5", {std::size_t{1} << 40, 1024}); }, {"cannot take"});
  EXPECT_TRUE(folder.names().empty());
}

TEST(VectorFile, other_endings_are_refused) {
  expect_error<ConfigError>([] { make_vector_writer("v.txt", {1, 1}); }, {".h5 or .npy"});
}

}  // namespace
}  // namespace coldframe
