#include "framework/data/mapping_importer.h"

#include <cmath>

#include "framework/core/error.h"
#include "framework/data/dataset_store.h"
#include "tests/data/expect_error.h"
#include "tests/data/gzip_text.h"
#include "tests/data/scratch_folder.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::ScratchFolder;

constexpr std::string_view k_ratings =
    "[source]\nname = t\nmax_malformed_share = 0.3\n"
    "[interactions]\nfile = r.csv\nuser = user\nitem = item\nrating = rating\n"
    "timestamp = time\ntimestamp_unit = seconds\n";
constexpr std::string_view k_users =
    "[users]\nfile = u.csv\nid = id\nmissing = NA ?\n"
    "[user.age]\nkind = number\ncolumn = age\n"
    "[user.job]\nkind = category\ncolumn = job\nrename = 7=writer\n";
constexpr std::string_view k_items =
    "[items]\nfile = i.csv\nid = id\n"
    "[item.title]\nkind = text\ncolumn = name\npart = without-year\n"
    "[item.year]\nkind = number\ncolumn = name\npart = year\n"
    "[item.tags]\nkind = multi\ncolumn = tags\n";

/// A folder with a mapping and input files, imported on demand.
class MappingImporterTest : public ::testing::Test {
 protected:
  ImportResult import(const std::vector<std::string_view>& parts) {
    std::string ini;
    for (const std::string_view part : parts) ini += part;
    return import_tables(load_mapping(folder.write("mapping.ini", ini)), folder.path());
  }
  ScratchFolder folder;
};

TEST_F(MappingImporterTest, three_tables_become_a_data_set) {
  folder.write("r.csv", "user,item,rating,time,extra\nann,1,5,200,\nbob,2,3.5,100,x\nann,2,4,100,\n");
  folder.write("u.csv", "id,age,job\nann,31,7\nbob,NA,farmer\nzoe,19,?\n");
  folder.write("i.csv", "id,name,tags\n1,\"Heat, The (1995)\",a|b|a\n2,Untitled,\n9,Rare (2001),c\n");
  const auto [data, report, impressions] = import({k_ratings, k_users, k_items});
  EXPECT_EQ(data.users.ids, (std::vector<std::string>{"ann", "bob", "zoe"}));
  EXPECT_EQ(data.users.find("age")->cell(0), "31");
  EXPECT_TRUE(data.users.find("age")->missing(1));
  EXPECT_EQ(data.users.find("job")->texts, (std::vector<std::string>{"writer", "farmer", ""}));
  EXPECT_EQ(data.items.find("title")->texts, (std::vector<std::string>{"Heat, The", "Untitled", "Rare"}));
  EXPECT_EQ(data.items.find("year")->cell(0), "1995");
  EXPECT_TRUE(data.items.find("year")->missing(1));
  EXPECT_EQ(data.items.find("tags")->values[0], (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(data.interactions.user, (std::vector<UserId>{UserId(0), UserId(0), UserId(1)}));
  EXPECT_EQ(data.interactions.item, (std::vector<ItemId>{ItemId(1), ItemId(0), ItemId(1)}));
  EXPECT_EQ(data.interactions.rating, (std::vector<float>{4, 5, 3.5f}));
  EXPECT_EQ(data.interactions.timestamp, (std::vector<std::int64_t>{100, 200, 100}));
  EXPECT_NO_THROW(check_dataset(data));
  EXPECT_EQ(report.users_created, 0u);
  ASSERT_EQ(report.tables.size(), 3u);
  EXPECT_EQ(report.tables[0].table, "interactions");
  EXPECT_EQ(report.tables[0].rows_read, 3u);
  EXPECT_EQ(report.tables[0].sha256.size(), 64u);
  EXPECT_EQ(data.meta.source_checksums.size(), 3u);
}

TEST_F(MappingImporterTest, the_order_of_rows_changes_nothing) {
  folder.write("u.csv", "id,age,job\nann,31,x\nbob,4,y\n");
  folder.write("r.csv", "user,item,rating,time\nann,1,5,7\nann,2,3,7\nbob,2,3,7\nann,3,4,7\nbob,1,1,6\n");
  folder.write("i.csv", "id,name,tags\n1,a,\n2,b,\n3,c,\n");
  const std::string first = content_checksum(import({k_ratings, k_users, k_items}).dataset);
  folder.write("r.csv", "user,item,rating,time\nbob,1,1,6\nann,3,4,7\nbob,2,3,7\nann,1,5,7\nann,2,3,7\n");
  EXPECT_EQ(content_checksum(import({k_ratings, k_users, k_items}).dataset), first);
}

TEST_F(MappingImporterTest, the_last_of_equal_interactions_is_kept_and_the_others_counted) {
  folder.write("r.csv", "user,item,rating,time\na,1,1,5\na,1,2,5\na,1,3,6\nb,1,1,5\na,1,4,5\n");
  const auto [data, report, impressions] = import({k_ratings});
  EXPECT_EQ(data.interactions.rating, (std::vector<float>{4, 3, 1}));
  EXPECT_EQ(report.tables[0].dropped.at("duplicate of a later row"), 2u);
  EXPECT_EQ(report.tables[0].rows_kept, 3u);
}

TEST_F(MappingImporterTest, without_times_user_and_item_name_an_interaction) {
  folder.write("r.csv", "user,item\na,1\nb,1\na,1\n");
  const auto [data, report, impressions] = import({"[source]\nname = t\n[interactions]\nfile = r.csv\nuser = user\nitem = item\n"});
  EXPECT_EQ(data.interactions.size(), 2u);
  EXPECT_TRUE(data.interactions.implicit());
  EXPECT_FALSE(data.interactions.timed());
  EXPECT_THAT(report.text(), ::testing::HasSubstr("order-free"));
}

TEST_F(MappingImporterTest, malformed_rows_are_counted_by_reason_with_their_lines) {
  folder.write(
      "r.csv",
      "user,item,rating,time\na,1,5,1\na,2,bad,1\na,3\n,4,5,1\nb,1,5,1529193600000\nb,2,5,1\nb,3,5,1\nb,4,nan,1\n"
      "b,5,5,1\nb,6,5,1\nb,7,5,1\nb,8,5,1\nb,9,5,1\nb,10,5,1\nb,11,5,1\nb,12,5,1\nb,13,5,1\n");
  const auto [data, report, impressions] = import({k_ratings});
  const auto& malformed = report.tables[0].malformed;
  EXPECT_EQ(report.tables[0].malformed_rows(), 5u);
  EXPECT_EQ(malformed.at("unreadable rating").count, 2u);
  EXPECT_THAT(malformed.at("unreadable rating").first.front(), ::testing::HasSubstr("r.csv:3 `a | 2 | bad | 1`"));
  EXPECT_EQ(malformed.at("2 fields instead of 4").count, 1u);
  EXPECT_EQ(malformed.at("empty user id").count, 1u);
  EXPECT_EQ(malformed.at("timestamp is not a time in seconds").count, 1u);
  EXPECT_EQ(data.interactions.size(), 12u);
  EXPECT_THAT(report.text(), ::testing::HasSubstr("malformed 2: unreadable rating"));
}

TEST_F(MappingImporterTest, more_malformed_rows_than_stated_are_an_error_that_shows_the_first) {
  folder.write("r.csv", "user,item,rating,time\na,1,5,1\na,2,x,1\na,3,y,1\n");
  expect_error<DataError>([&] { import({k_ratings}); },
                          {"2 of 3 rows", "r.csv", "max_malformed_share = 0.3", "r.csv:3 `a | 2 | x | 1`"});
}

TEST_F(MappingImporterTest, entities_named_only_by_interactions_are_created_dropped_or_an_error) {
  folder.write("u.csv", "id,age,job\nann,31,x\n");
  folder.write("r.csv", "user,item,rating,time\nann,1,5,1\nnew,1,5,1\n");
  const auto created = import({k_ratings, k_users});
  EXPECT_EQ(created.dataset.users.ids, (std::vector<std::string>{"ann", "new"}));
  EXPECT_TRUE(created.dataset.users.find("age")->missing(1));
  EXPECT_EQ(created.report.users_created, 1u);
  const auto dropped = import({k_ratings, "unknown_users = drop\n", k_users});
  EXPECT_EQ(dropped.dataset.users.size(), 1u);
  EXPECT_EQ(dropped.dataset.interactions.size(), 1u);
  EXPECT_EQ(dropped.report.tables[0].dropped.at("user not in the user table"), 1u);
  expect_error<DataError>(
      [&] {
        import({k_ratings, "unknown_users = error\n", k_users});
      },
      {"user 'new'", "r.csv:3", "user table"});
}

TEST_F(MappingImporterTest, repeated_ids_are_fatal_with_both_lines_unless_the_mapping_chooses) {
  folder.write("r.csv", "user,item,rating,time\nann,1,5,1\n");
  folder.write("u.csv", "id,age,job\nann,31,x\nbob,1,y\nann,32,z\n");
  expect_error<DataError>([&] { import({k_ratings, k_users}); }, {"'ann'", "u.csv:4", "first in line 2"});
  const auto first = import({k_ratings, "[users]\nrepeated_ids = keep-first\n", k_users});
  EXPECT_EQ(first.dataset.users.find("age")->cell(0), "31");
  const auto last = import({k_ratings, "[users]\nrepeated_ids = keep-last\n", k_users});
  EXPECT_EQ(last.dataset.users.find("age")->cell(0), "32");
  EXPECT_EQ(last.report.tables[1].dropped.at("repeated id (keep-last)"), 1u);
}

TEST_F(MappingImporterTest, ids_are_text_and_never_a_missing_word) {
  folder.write("r.csv", "user,item,rating,time\n007,NA,5,1\n7,1,5,1\n");
  folder.write("u.csv", "id,age,job\n007,1,x\n7,2,x\nNA,3,x\n");
  const auto [data, report, impressions] = import({k_ratings, k_users});
  EXPECT_EQ(data.users.ids, (std::vector<std::string>{"007", "7", "NA"}));
  EXPECT_EQ(data.items.ids, (std::vector<std::string>{"NA", "1"}));
}

TEST_F(MappingImporterTest, unreadable_numbers_are_missing_and_a_column_of_them_is_an_error) {
  folder.write("r.csv", "user,item,rating,time\nann,1,5,1\n");
  folder.write("u.csv", "id,age,job\nann,31,x\nbob,old,y\n");
  const auto [data, report, impressions] = import({k_ratings, k_users});
  EXPECT_TRUE(data.users.find("age")->missing(1));
  EXPECT_EQ(report.tables[1].unreadable_cells.at("age"), 1u);
  folder.write("u.csv", "id,age,job\nann,young,x\nbob,old,y\n");
  expect_error<DataError>([&] { import({k_ratings, k_users}); }, {"attribute age", "u.csv", "'young'"});
}

TEST_F(MappingImporterTest, flags_and_prices_and_availability) {
  folder.write("r.csv", "user,item,rating,time\nann,1,5,1\n");
  folder.write("i.csv", "1;1;0;$1,299.50;1970-01-02;\n2;0;1;$3 - $5;;1970-01-03\n3;1;1;;;\n");
  const auto [data, report, impressions] =
      import({k_ratings,
              "[items]\nfile = i.csv\ndelimiter = semicolon\nheader = none\nid = 1\navailable_from = 5\n"
              "available_to = 6\navailable_unit = iso8601\n[item.genres]\nkind = flags\ncolumns = War=2, Film-Noir=3\n"
              "[item.price]\nkind = number\ncolumn = 4\nprefix = $\n"});
  EXPECT_EQ(data.items.find("genres")->cell(0), "War");
  EXPECT_EQ(data.items.find("genres")->cell(2, "+"), "War+Film-Noir");
  EXPECT_EQ(data.items.find("price")->cell(0), "1299.5");
  EXPECT_TRUE(data.items.find("price")->missing(1));
  EXPECT_EQ(data.item_available_from, (std::vector<std::int64_t>{86400, Dataset::k_always, Dataset::k_always}));
  EXPECT_EQ(data.item_available_to, (std::vector<std::int64_t>{Dataset::k_forever, 172800, Dataset::k_forever}));
}

TEST_F(MappingImporterTest, json_lines_with_lists_entities_and_missing_keys) {
  folder.write("r.json", testing::gzip("{\"u\":\"a\",\"i\":\"x\",\"r\":5.0,\"t\":1529193600123}\n"
                                       "{\"u\":\"b\",\"i\":\"y\",\"r\":1,\"t\":1529193600123}\n"));
  folder.write("m.json.gz",
               testing::gzip("{\"i\":\"x\",\"d\":[\"<b>One</b>\",\"two &amp; three\"],\"c\":[\"A\",\"B|C\"]}\n"
                             "{\"i\":\"y\",\"d\":\"plain\"}\n"));
  const auto [data, report, impressions] =
      import({"[source]\nname = j\n[interactions]\nfile = r.json\nformat = json-lines\nuser = u\nitem = i\nrating = r\n"
              "timestamp = t\ntimestamp_unit = milliseconds\n[items]\nfile = m.json\nformat = json-lines\nid = i\nhtml "
              "= strip\n"
              "[item.about]\nkind = text\ncolumn = d\n[item.kinds]\nkind = multi\ncolumn = c\n"});
  EXPECT_EQ(data.items.find("about")->texts, (std::vector<std::string>{"One two & three", "plain"}));
  EXPECT_EQ(data.items.find("kinds")->values[0], (std::vector<std::string>{"A", "B|C"}));
  EXPECT_TRUE(data.items.find("kinds")->missing(1));
  EXPECT_EQ(data.interactions.timestamp, (std::vector<std::int64_t>{1529193600, 1529193600}));
}

TEST_F(MappingImporterTest, bad_files_are_one_clear_error_each) {
  const auto fails = [&](std::string_view bytes, const std::vector<std::string>& words) {
    folder.write("r.csv", bytes);
    expect_error<DataError>([&] { import({k_ratings}); }, words);
  };
  fails("", {"r.csv is empty"});
  fails("user,item,rating,time\n", {"r.csv", "no rows"});
  fails("user;item;rating;time\na;1;5;1\n", {"r.csv:1", "no column 'user'", "'user;item;rating;time'", "delimiter"});
  fails("user,item,ratng,time\na,1,5,1\n", {"r.csv:1", "no column 'rating'", "'ratng'", "did you mean"});
  fails("user,item,rating,time,user\na,1,5,1,b\n", {"r.csv:1", "'user' twice"});
  fails("user,item,rating,time\na,1,5,\xFF\n", {"r.csv:2", "invalid UTF-8"});
  const std::string packed = testing::gzip("user,item,rating,time\na,1,5,1\n");
  fails(packed.substr(0, packed.size() - 3), {"r.csv", "truncated or damaged gzip"});
  std::filesystem::remove(folder / "r.csv");
  expect_error<IoError>([&] { import({k_ratings}); }, {"r.csv", "r.csv.gz"});
  folder.write("r.csv.gz", packed);
  EXPECT_EQ(import({k_ratings}).dataset.interactions.size(), 1u);
}

TEST_F(MappingImporterTest, a_wrong_delimiter_without_a_header_is_seen_in_the_first_row) {
  folder.write("r.csv", "a,1,5,1\n");
  expect_error<DataError>(
      [&] {
        import(
            {"[source]\nname = t\n[interactions]\nfile = r.csv\ndelimiter = tab\nheader = none\nuser = 1\nitem = 2\n"});
      },
      {"r.csv:1", "no column 2", "'a,1,5,1'", "delimiter"});
  expect_error<ConfigError>(
      [&] { import({"[source]\nname = t\n[interactions]\nfile = r.csv\nheader = none\nuser = user\nitem = 2\n"}); },
      {"column 'user'", "numbers from 1"});
}

TEST_F(MappingImporterTest, a_failed_import_leaves_the_old_store_and_nothing_else) {
  folder.write("r.csv", "user,item,rating,time\na,1,5,1\n");
  const Mapping mapping = load_mapping(folder.write("mapping.ini", k_ratings));
  std::filesystem::create_directory(folder / "out");
  const auto store = folder.path() / "out" / "a.h5";
  const ImportReport report = import_dataset(mapping, folder.path(), store);
  EXPECT_EQ(content_checksum(read_dataset(store)), report.content_sha256);
  const std::string before = testing::read_bytes(store);
  folder.write("r.csv", "user,item,rating,time\na,1,x,1\n");
  EXPECT_THROW(import_dataset(mapping, folder.path(), store), DataError);
  EXPECT_EQ(testing::read_bytes(store), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "out"), {}), 1);
  EXPECT_THROW(import_dataset(mapping, folder.path(), folder / "no/such/a.h5"), Error);
}

TEST_F(MappingImporterTest, published_checksums_are_compared) {
  folder.write("r.csv", "user,item,rating,time\na,1,5,1\n");
  const std::string sum = import({k_ratings}).report.tables[0].sha256;
  folder.write("checksums", sum + "  r.csv\n");
  EXPECT_EQ(import({k_ratings}).report.tables[0].provenance, "as published");
  folder.write("r.csv", "user,item,rating,time\na,1,4,1\n");
  EXPECT_THAT(import({k_ratings}).report.text(), ::testing::HasSubstr("NOT the published file"));
}

TEST_F(MappingImporterTest, mistakes_in_a_mapping_come_all_at_once) {
  expect_error<ConfigError>(
      [&] {
        import(
            {"[source]\nname = t\nmax_malformed_share = 2\n[interactions]\nfile = r.csv\ntimestamp = t\nuzer = x\n"
             "encoding = ebcdic\n[item.title]\nkind = text\n"});
      },
      {"max_malformed_share", "uzer", "encoding", "mapping.ini"});
  expect_error<ConfigError>([&] { import({"[source]\nname = t\n[interactions]\nfile = r.csv\ntimestamp = t\n"}); },
                            {"timestamp_unit", "go together"});
  expect_error<ConfigError>(
      [&] { import({"[source]\nname = t\n[interactions]\nfile = r.csv\n[item.title]\nkind = text\ncolumn = x\n"}); },
      {"items.file", "[item.*]"});
}

}  // namespace
}  // namespace coldframe
