#include "framework/data/delimited_reader.h"

#include <fmt/format.h>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/data/expect_error.h"
#include "tests/data/gzip_text.h"
#include "tests/data/scratch_folder.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::gzip;
using testing::ScratchFolder;
using Fields = std::vector<std::string>;

std::vector<Record> read_all(const std::filesystem::path& path, const DelimitedFormat& format = {}) {
  DelimitedReader reader(path, format);
  std::vector<Record> records;
  for (Record record; reader.next(record);) records.push_back(record);
  return records;
}

std::vector<Fields> fields_of(std::string_view bytes, const DelimitedFormat& format = {}) {
  const ScratchFolder folder;
  std::vector<Fields> fields;
  for (const Record& record : read_all(folder.write("a.csv", bytes), format)) {
    EXPECT_EQ(record.problem, "");
    fields.push_back(record.fields);
  }
  return fields;
}

TEST(DelimitedReader, quotes_hold_delimiters_line_breaks_and_doubled_quotes) {
  EXPECT_EQ(fields_of("a,\"b,c\",\"d\ne\",\"f\"\"g\"\n\"\",,x\n"),
            (std::vector<Fields>{{"a", "b,c", "d\ne", "f\"g"}, {"", "", "x"}}));
}

TEST(DelimitedReader, line_ends_and_their_absence_at_the_end_make_no_difference) {
  const std::vector<Fields> expected = {{"a", "b"}, {"c", ""}};
  for (const char* bytes : {"a,b\nc,\n", "a,b\r\nc,\r\n", "a,b\nc,", "a,b\r\nc,\r", "\n\na,b\r\n\r\n\nc,\n\n"}) {
    EXPECT_EQ(fields_of(bytes), expected) << bytes;
  }
}

TEST(DelimitedReader, a_byte_order_mark_is_not_part_of_the_first_name) {
  EXPECT_EQ(fields_of("\xEF\xBB\xBFuser,item\n").front(), (Fields{"user", "item"}));
}

TEST(DelimitedReader, delimiters_may_have_several_characters) {
  DelimitedFormat format{.delimiter = "::", .quote = '\0'};
  EXPECT_EQ(fields_of("1::Star Wars: A::x\n::\"q::\n", format),
            (std::vector<Fields>{{"1", "Star Wars: A", "x"}, {"", "\"q", ""}}));
}

TEST(DelimitedReader, quotes_inside_an_unquoted_field_and_lone_returns_are_ordinary) {
  EXPECT_EQ(fields_of("say \"hi\",5\" disk,a\rb\n"), (std::vector<Fields>{{"say \"hi\"", "5\" disk", "a\rb"}}));
}

TEST(DelimitedReader, latin1_becomes_utf8) {
  DelimitedFormat format{.encoding = TextEncoding::latin1};
  EXPECT_EQ(fields_of("Mis\xE9rables,\xFF\n", format), (std::vector<Fields>{{"Misérables", "ÿ"}}));
}

TEST(DelimitedReader, records_carry_the_line_where_they_begin) {
  const ScratchFolder folder;
  const auto records = read_all(folder.write("a.csv", "h\n\n\"two\nlines\"\r\nlast\n"));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].line, 1u);
  EXPECT_EQ(records[1].line, 3u);
  EXPECT_EQ(records[2].line, 5u);
}

TEST(DelimitedReader, text_after_a_closing_quote_is_a_problem_of_that_record_only) {
  const ScratchFolder folder;
  const auto records = read_all(folder.write("a.csv", "\"a\"b,c\nd,e\n"));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].problem, "text after a closing quote");
  EXPECT_EQ(records[1].problem, "");
  EXPECT_EQ(records[1].fields, (Fields{"d", "e"}));
}

TEST(DelimitedReader, what_no_reader_can_repair_is_fatal_and_names_the_line) {
  const ScratchFolder folder;
  const auto fails = [&](std::string_view bytes, const std::vector<std::string>& words, DelimitedFormat format = {}) {
    const auto path = folder.write("bad.csv", bytes);
    expect_error<DataError>([&] { read_all(path, format); }, words);
  };
  fails("a\nb\n\"c\nd\n", {"bad.csv:3", "never closed"});
  fails("a\nb\n\xE9t\xE9\n", {"bad.csv:3", "invalid UTF-8", "0xE9", "latin-1"});
  fails("a\n\"b\nc\n\xFF\"\n", {"bad.csv:4", "invalid UTF-8"});
  fails(std::string_view("a\nb\0c\n", 6), {"bad.csv:2", "zero byte"});
  fails("\xFF\xFEu\0s\0", {"bad.csv", "UTF-16"});
  fails("a\n\"" + std::string(5000, 'x'), {"bad.csv:2", "longer than 1000 bytes"}, {.longest_record = 1000});
  fails("a\n" + std::string(5000, 'x'), {"bad.csv:2", "longer than 1000 bytes"}, {.longest_record = 1000});
}

TEST(DelimitedReader, missing_files_and_folders_are_io_errors) {
  const ScratchFolder folder;
  expect_error<IoError>([&] { read_all(folder / "absent.csv"); }, {"absent.csv", "No such file"});
  expect_error<IoError>([&] { read_all(folder.path()); }, {"it is a folder"});
}

TEST(DelimitedReader, an_empty_file_has_no_records) {
  EXPECT_TRUE(fields_of("").empty());
  EXPECT_TRUE(fields_of("\xEF\xBB\xBF\n\r\n").empty());
}

TEST(DelimitedReader, gzip_is_read_whatever_its_name_and_damage_is_found) {
  const ScratchFolder folder;
  std::string text;
  for (int row = 0; row < 100'000; ++row) text += fmt::format("{},{}\n", row, row * 7919 % 10007);
  const std::string packed = gzip(text);
  EXPECT_EQ(read_all(folder.write("a.csv", packed)).size(), 100'000u);
  EXPECT_EQ(read_all(folder.write("two.csv.gz", packed + packed)).size(), 200'000u);
  for (const std::size_t length :
       {packed.size() - 1, packed.size() - 8, packed.size() / 2, std::size_t{15}, std::size_t{5}}) {
    const auto path = folder.write("cut.csv.gz", packed.substr(0, length));
    expect_error<DataError>([&] { read_all(path); }, {"cut.csv.gz", "truncated or damaged gzip"});
  }
  std::string changed = packed;
  changed[packed.size() / 2] = static_cast<char>(changed[packed.size() / 2] ^ 0x10);
  const auto path = folder.write("changed.csv.gz", changed);
  expect_error<DataError>([&] { read_all(path); }, {"changed.csv.gz", "truncated or damaged gzip"});
}

// Every generated table, written by the rule of RFC 4180, is read back as it was, across the borders of file pieces.
TEST(DelimitedReader, any_table_survives_quoting) {
  const KeyedRandom random(3, Purpose::data_order);
  const std::vector<std::string> pieces = {",", "\"", "\n", "\r\n", "x", "é", " ", "\t", std::string(70'000, 'y')};
  std::vector<Fields> table;
  std::string csv;
  for (std::uint32_t row = 0; row < 400; ++row) {
    Fields fields;
    for (std::uint32_t column = 0; column < 3; ++column) {
      std::string field;
      for (std::uint32_t at = 0; at < 4; ++at) {
        const auto word = random.block(UserKey(row), column, at)[0];
        const bool long_piece = uniform_below(word, 400) == 0;
        field += long_piece ? pieces.back() : pieces[uniform_below(word, 8)];
      }
      std::string quoted;
      for (const char c : field) quoted += c == '"' ? "\"\"" : std::string(1, c);
      csv += fmt::format("{}\"{}\"", column == 0 ? "" : ",", quoted);
      fields.push_back(std::move(field));
    }
    csv += row % 2 == 0 ? "\n" : "\r\n";
    table.push_back(std::move(fields));
  }
  EXPECT_EQ(fields_of(csv), table);
}

}  // namespace
}  // namespace coldframe
