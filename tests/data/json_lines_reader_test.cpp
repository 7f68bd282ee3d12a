#include "framework/data/json_lines_reader.h"

#include "framework/core/error.h"
#include "framework/data/cell_values.h"
#include "tests/data/expect_error.h"
#include "tests/data/gzip_text.h"
#include "tests/data/scratch_folder.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::ScratchFolder;
using Fields = std::vector<std::string>;

std::vector<Record> read_all(const std::filesystem::path& path, const std::vector<std::string>& keys) {
  JsonLinesReader reader(path, keys);
  std::vector<Record> records;
  for (Record record; reader.next(record);) records.push_back(record);
  return records;
}

TEST(JsonLinesReader, values_of_every_kind_become_text) {
  const ScratchFolder folder;
  const auto path =
      folder.write("a.json",
                   "{\"id\": \"x\", \"n\": 5.0, \"list\": [\"a\", \"\", \"b c\", null, [7]], \"no\": null}\r\n"
                   "\n"
                   "{\"n\": 1529193600123, \"list\": \"one\", \"id\": {\"a\": 1}, \"no\": true}");
  const auto records = read_all(path, {"id", "n", "list", "no"});
  ASSERT_EQ(records.size(), 2u);
  const std::string bar(1, k_list_separator);
  EXPECT_EQ(records[0].fields, (Fields{"x", "5.0", "a" + bar + "b c" + bar + "7", ""}));
  EXPECT_EQ(records[1].fields, (Fields{"", "1529193600123", "one", "true"}));
  EXPECT_EQ(records[1].line, 3u);
}

TEST(JsonLinesReader, broken_lines_are_malformed_records) {
  const ScratchFolder folder;
  const auto records = read_all(folder.write("a.json", "{\"id\":1}\n{\"id\":\n[1]\n{'id': 2}\n{\"id\":3}"), {"id"});
  ASSERT_EQ(records.size(), 5u);
  for (const std::size_t bad : {1u, 2u, 3u}) EXPECT_EQ(records[bad].problem, "not a JSON object");
  EXPECT_EQ(records[4].problem, "");
  EXPECT_EQ(records[4].fields, Fields{"3"});
}

TEST(JsonLinesReader, deep_nesting_is_survived) {
  const ScratchFolder folder;
  const std::string deep = "{\"id\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_EQ(read_all(folder.write("a.json", deep + "\n{\"id\":2}\n"), {"id"}).size(), 2u);
}

TEST(JsonLinesReader, invalid_utf8_endless_lines_and_truncated_gzip_are_fatal) {
  const ScratchFolder folder;
  const auto bad = folder.write("bad.json", "{\"id\":1}\n{\"id\":\"\xC3\x28\"}\n");
  expect_error<DataError>([&] { read_all(bad, {"id"}); }, {"bad.json:2", "invalid UTF-8"});
  JsonLinesReader reader(folder.write("long.json", std::string(2000, ' ')), {"id"}, 1000);
  Record record;
  expect_error<DataError>([&] { reader.next(record); }, {"long.json:1", "longer than 1000 bytes"});
  const std::string packed = testing::gzip("{\"id\":1}\n{\"id\":2}\n");
  EXPECT_EQ(read_all(folder.write("a.json.gz", packed), {"id"}).size(), 2u);
  const auto cut = folder.write("cut.json.gz", packed.substr(0, packed.size() - 4));
  expect_error<DataError>([&] { read_all(cut, {"id"}); }, {"cut.json.gz", "truncated"});
}

TEST(JsonLinesReader, keys_that_no_object_has_are_named) {
  const ScratchFolder folder;
  JsonLinesReader reader(folder.write("a.json", "{\"id\":1,\"x\":null}\n"), {"id", "idd", "x"});
  for (Record record; reader.next(record);) {
  }
  EXPECT_EQ(reader.keys_never_seen(), Fields{"idd"});
}

}  // namespace
}  // namespace coldframe
