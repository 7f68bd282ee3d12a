#include "framework/core/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<std::byte> counting(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}

/// A container by hand: length, header, data.
std::string container(std::string_view header, std::size_t data_size) {
  std::string text(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(header.size() >> (8 * i));
  return text + std::string(header) + std::string(data_size, 'd');
}

void write_example(const std::filesystem::path& path) {
  SafetensorsWriter writer(path,
                           {{"w", TensorType::f32, {2, 3}},
                            {"odd", TensorType::u8, {3}},
                            {"a.b", TensorType::bf16, {1}},
                            {"scalar", TensorType::f64, {}},
                            {"none", TensorType::i64, {0, 5}}},
                           {{"format", "pt"}});
  writer.write("w", counting(24));
  writer.write("odd", counting(3));
  writer.write("a.b", counting(2));
  writer.write("scalar", counting(8));
  writer.write("none", {});
  writer.commit();
}

class SafetensorsTest : public ::testing::Test {
 protected:
  std::string error_of(std::string_view bytes) {
    put(bytes);
    try {
      SafetensorsFile file(path_);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }

  /// Into a new file: ext4 syncs one that is truncated and rewritten, which would take most of the test's time.
  void put(std::string_view bytes) {
    std::filesystem::remove(path_);
    std::ofstream(path_, std::ios::binary) << bytes;
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "model.safetensors";
};

TEST_F(SafetensorsTest, reads_back_what_it_wrote) {
  write_example(path_);
  const SafetensorsFile file(path_);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
  ASSERT_EQ(file.tensors().size(), 5u);
  const TensorEntry& w = file.require("w");
  EXPECT_EQ(w.type, TensorType::f32);
  EXPECT_EQ(w.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(w.element_count(), 6);
  EXPECT_EQ(file.read(w), counting(24));
  EXPECT_EQ(file.read(file.require("odd")), counting(3));
  EXPECT_EQ(file.require("scalar").element_count(), 1);
  EXPECT_EQ(file.read(file.require("scalar")), counting(8));
  EXPECT_EQ(file.read(file.require("none")).size(), 0u);
  EXPECT_EQ(file.find("W"), nullptr);
  EXPECT_THROW(file.require("W"), DataError);
}

TEST_F(SafetensorsTest, tensors_after_odd_lengths_are_read_although_unaligned) {
  write_example(path_);
  const SafetensorsFile file(path_);
  EXPECT_NE(file.require("scalar").begin % 8, 0u);
  EXPECT_EQ(file.read(file.require("a.b")), counting(2));
}

TEST_F(SafetensorsTest, the_same_content_gives_the_same_bytes_and_aligned_data) {
  write_example(path_);
  const std::string first = read_file(path_);
  write_example(path_);
  EXPECT_EQ(read_file(path_), first);
  EXPECT_EQ(SafetensorsFile(path_).require("w").begin % 8, 0u);
}

TEST_F(SafetensorsTest, the_bytes_of_a_file_are_those_of_the_specification) {
  SafetensorsWriter writer(path_, {{"x", TensorType::u8, {2}}});
  writer.write("x", std::as_bytes(std::span("dd", 2)));
  writer.commit();
  EXPECT_EQ(read_file(path_), container(R"({"x":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}}   )", 2));
}

TEST_F(SafetensorsTest, a_writer_that_is_not_committed_leaves_nothing) {
  { SafetensorsWriter writer(path_, {{"x", TensorType::u8, {2}}}); }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(SafetensorsTest, a_writer_holds_its_caller_to_the_declaration) {
  SafetensorsWriter writer(path_, {{"x", TensorType::u8, {2}}, {"y", TensorType::u8, {1}}});
  EXPECT_THROW(writer.write("y", counting(1)), std::logic_error);
  EXPECT_THROW(writer.write("x", counting(3)), std::logic_error);
  EXPECT_THROW(writer.commit(), std::logic_error);
  EXPECT_THROW(SafetensorsWriter(path_, {{"x", TensorType::u8, {1}}, {"x", TensorType::u8, {1}}}), DataError);
  EXPECT_THROW(SafetensorsWriter(path_, {{"x", TensorType::f32, {-1}}}), DataError);
}

TEST_F(SafetensorsTest, a_missing_file_is_an_io_error) { EXPECT_THROW(SafetensorsFile{path_}, IoError); }

struct Damage {
  const char* header;
  std::size_t data_size;
  const char* message;
};

TEST_F(SafetensorsTest, every_fault_of_a_header_is_one_clear_error) {
  const Damage cases[] = {
      {"[]", 0, "header is not an object"},
      {"{", 0, "header of "},
      {R"({"w":1})", 0, "tensor w"},
      {R"({"w":{"dtype":"F32","shape":[1]}})", 4, "no data_offsets"},
      {R"({"w":{"dtype":"F8","shape":[1],"data_offsets":[0,4]}})", 4, "dtype F8 is not supported"},
      {R"({"w":{"dtype":7,"shape":[1],"data_offsets":[0,4]}})", 4, "dtype is not a text"},
      {R"({"w":{"dtype":"F32","shape":1,"data_offsets":[0,4]}})", 4, "shape is not a list"},
      {R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "shape holds something"},
      {R"({"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4, "shape holds something"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4, "not a pair"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4, "not a pair"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4, "truncated"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "needs 8 bytes, data_offsets hold 4"},
      {R"({"w":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,4]}})", 4, "too large"},
      {R"({"v":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"w":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
       4, "tensor w"},
      {R"({"v":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
       4, "1 unused bytes before it"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 9, "5 bytes after the last tensor"},
      {R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       1, "stands twice"},
      {R"({"__metadata__":[],"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1, "__metadata__"},
      {R"({"__metadata__":{"format":1},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1, "\"format\""},
  };
  for (const Damage& damage : cases) {
    EXPECT_THAT(error_of(container(damage.header, damage.data_size)),
                AllOf(HasSubstr(path_.string()), HasSubstr(damage.message)));
  }
}

TEST_F(SafetensorsTest, header_lengths_that_cannot_be_are_refused_without_allocating_them) {
  for (const std::string& bytes : {std::string(), std::string("short"), std::string(8, '\xFF'), std::string(16, '\x7F'),
                                   std::string("PK\x03\x04 a zip file of some other kind")}) {
    EXPECT_THAT(error_of(bytes), HasSubstr("is damaged"));
  }
}

TEST_F(SafetensorsTest, every_truncation_is_an_error) {
  write_example(path_);
  const std::string whole = read_file(path_);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(error_of(whole.substr(0, size)), "no error") << size;
  }
  EXPECT_NE(error_of(whole + "x"), "no error");
}

TEST_F(SafetensorsTest, flipped_bytes_give_an_error_or_a_file_whose_tensors_can_all_be_read) {
  write_example(path_);
  const std::string whole = read_file(path_);
  const KeyedRandom random(1, Purpose::permutation);
  for (std::uint32_t trial = 0; trial < 1500; ++trial) {
    std::string damaged = whole;
    const PhiloxBlock words = random.block(UserKey(trial));
    for (std::uint32_t flip = 0; flip <= trial % 3; ++flip) {
      damaged[uniform_below(words[flip], static_cast<std::uint32_t>(whole.size()))] ^=
          static_cast<char>(words[3] >> (8 * flip));
    }
    put(damaged);
    try {
      const SafetensorsFile file(path_);
      for (const TensorEntry& tensor : file.tensors()) EXPECT_EQ(file.read(tensor).size(), tensor.size);
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("model.safetensors"));
    }
  }
}

TEST_F(SafetensorsTest, a_file_that_shrinks_after_it_was_opened_is_an_error_not_a_crash) {
  write_example(path_);
  const SafetensorsFile file(path_);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 20);
  EXPECT_THROW(file.read(file.require("scalar")), DataError);
}

TEST_F(SafetensorsTest, a_real_encoder_can_be_opened) {
  const char* deps = std::getenv("COLDFRAME_DEPS_DIR");
  const auto real = std::filesystem::path(deps == nullptr ? "" : deps) / "encoders/all-MiniLM-L6-v2/model.safetensors";
  if (!std::filesystem::exists(real)) GTEST_SKIP() << real << " is not here (run cluster/setup.sh)";
  const SafetensorsFile file(real);
  EXPECT_EQ(file.require("embeddings.word_embeddings.weight").shape, (std::vector<std::int64_t>{30522, 384}));
}

}  // namespace
}  // namespace coldframe
