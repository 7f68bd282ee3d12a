#include "framework/data/dataset_store.h"

#include <sys/resource.h>

#include <array>
#include <cmath>
#include <csignal>
#include <limits>

#include "framework/core/error.h"
#include "framework/data/delimited_reader.h"
#include "framework/data/hdf5_file.h"
#include "framework/data/impression_csv.h"
#include "tests/data/expect_error.h"
#include "tests/data/scratch_folder.h"
#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::tiny_dataset;

void expect_equal(const EntityTable& a, const EntityTable& b) {
  EXPECT_EQ(a.ids, b.ids);
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (std::size_t at = 0; at < a.columns.size(); ++at) {
    EXPECT_EQ(a.columns[at].name, b.columns[at].name);
    EXPECT_EQ(a.columns[at].kind, b.columns[at].kind);
    EXPECT_EQ(a.columns[at].texts, b.columns[at].texts);
    EXPECT_EQ(a.columns[at].values, b.columns[at].values);
    for (std::size_t row = 0; row < a.size(); ++row) EXPECT_EQ(a.columns[at].cell(row), b.columns[at].cell(row));
  }
}

void expect_equal(const Dataset& a, const Dataset& b) {
  EXPECT_EQ(a.meta.name, b.meta.name);
  EXPECT_EQ(a.meta.licence, b.meta.licence);
  EXPECT_EQ(a.meta.importer, b.meta.importer);
  EXPECT_EQ(a.meta.source_checksums, b.meta.source_checksums);
  expect_equal(a.users, b.users);
  expect_equal(a.items, b.items);
  EXPECT_EQ(a.item_available_from, b.item_available_from);
  EXPECT_EQ(a.item_available_to, b.item_available_to);
  EXPECT_EQ(a.interactions.user, b.interactions.user);
  EXPECT_EQ(a.interactions.item, b.interactions.item);
  EXPECT_EQ(a.interactions.rating, b.interactions.rating);
  EXPECT_EQ(a.interactions.timestamp, b.interactions.timestamp);
}

ImpressionLog tiny_log() {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  return {{UserId(0), UserId(2)}, {0, 1},          {0, 3}, {1, 0},  {0, 2},
          {ItemId(3), ItemId(1)}, {-1.5, unknown}, {1, 0}, {10, 20}};
}

TEST(DatasetStore, everything_written_is_read_back) {
  const ScratchFolder folder;
  write_dataset(folder / "a.h5", tiny_dataset());
  expect_equal(read_dataset(folder / "a.h5"), tiny_dataset());
  EXPECT_FALSE(read_impression_log(folder / "a.h5").has_value());
}

TEST(DatasetStore, implicit_data_without_times_or_attributes_is_read_back) {
  const ScratchFolder folder;
  Dataset data = tiny_dataset();
  data.interactions.rating.clear();
  data.interactions.timestamp.clear();
  data.users.columns.clear();
  sort_interactions(data);
  write_dataset(folder / "a.h5", data);
  const Dataset read = read_dataset(folder / "a.h5");
  expect_equal(read, data);
  EXPECT_TRUE(read.interactions.implicit());
  EXPECT_FALSE(read.interactions.timed());
}

TEST(DatasetStore, an_empty_data_set_is_read_back) {
  const ScratchFolder folder;
  write_dataset(folder / "a.h5", Dataset{});
  expect_equal(read_dataset(folder / "a.h5"), Dataset{});
}

TEST(DatasetStore, the_file_is_a_function_of_the_content) {
  const ScratchFolder folder;
  write_dataset(folder / "a.h5", tiny_dataset());
  write_dataset(folder / "b.h5", tiny_dataset());
  EXPECT_EQ(read_bytes(folder / "a.h5"), read_bytes(folder / "b.h5"));
}

std::vector<std::string> names_in_folder(const ScratchFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

TEST(DatasetStore, impressions_in_blocks_equal_impressions_at_once) {
  const ScratchFolder folder;
  const ImpressionLog log = tiny_log();
  DatasetStoreWriter writer(folder / "a.h5");
  writer.append(log);
  writer.append(log);
  writer.write(tiny_dataset());
  writer.commit();
  const auto read = read_impression_log(folder / "a.h5");
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 4u);
  EXPECT_EQ(read->item, (std::vector<ItemId>{ItemId(3), ItemId(1), ItemId(3), ItemId(1)}));
  EXPECT_EQ(read->session, (std::vector<std::uint32_t>{0, 3, 0, 3}));
  EXPECT_EQ(read->log_propensity[2], -1.5);
  EXPECT_TRUE(std::isnan(read->log_propensity[3]));
  RowDigest twice = log.digest();
  twice.merge(log.digest());
  EXPECT_EQ(read->digest(), twice);
  expect_equal(read_dataset(folder / "a.h5"), tiny_dataset());
}

TEST(DatasetStore, impressions_say_how_they_were_chosen) {
  const ScratchFolder folder;
  ImpressionLog log = tiny_log();
  log.log_marginal = {-2.5, std::numeric_limits<double>::quiet_NaN()};
  log.policy = "softmax popularity";
  log.logging = LoggingKind::stochastic;
  log.clicked_stay = true;
  EXPECT_NE(log.digest(), tiny_log().digest());
  write_dataset(folder / "a.h5", tiny_dataset(), &log);
  const auto read = read_impression_log(folder / "a.h5");
  EXPECT_EQ(read->log_marginal[0], -2.5);
  EXPECT_TRUE(std::isnan(read->log_marginal[1]));
  EXPECT_EQ(read->policy, "softmax popularity");
  EXPECT_EQ(read->logging, LoggingKind::stochastic);
  EXPECT_TRUE(read->clicked_stay);
  // Without marginals, as older programs wrote them.
  write_dataset(folder / "b.h5", tiny_dataset());
  Hdf5File file = Hdf5File::open_to_append(folder / "b.h5");
  append_impressions(file, tiny_log());
  file.close();
  EXPECT_TRUE(read_impression_log(folder / "b.h5")->log_marginal.empty());
  log.logging = LoggingKind::deterministic;  // with a propensity of exp(-1.5)
  EXPECT_THROW(check_impressions(log, 3, 4), DataError);
  log.log_marginal.pop_back();
  EXPECT_THROW(check_impressions(log, 3, 4), DataError);
}

TEST(DatasetStore, impressions_bring_their_queries_along) {
  const ScratchFolder folder;
  ImpressionLog log = tiny_log();
  log.query = {1, 0};
  log.queries = {"", "funny, sad"};
  EXPECT_NE(log.digest(), tiny_log().digest());
  write_dataset(folder / "a.h5", tiny_dataset(), &log);
  const auto read = read_impression_log(folder / "a.h5");
  EXPECT_EQ(read->query, log.query);
  EXPECT_EQ(read->queries, log.queries);
  write_dataset(folder / "b.h5", tiny_dataset());
  Hdf5File file = Hdf5File::open_to_append(folder / "b.h5");
  EXPECT_THROW(write_queries(file, {""}), DataError) << "nobody searched";
  append_impressions(file, log);
  EXPECT_THROW(append_impressions(file, tiny_log()), DataError) << "some rows with queries, some without";
  write_impression_csv(folder / "log.csv", tiny_dataset(), log);
  const std::string csv = read_bytes(folder / "log.csv");
  EXPECT_NE(csv.find(",timestamp,query\n"), std::string::npos);
  EXPECT_NE(csv.find(",\"funny, sad\"\n"), std::string::npos);
  EXPECT_EQ(csv.substr(csv.size() - 2), ",\n") << "the other row browsed";
  for (const auto& break_it : std::vector<void (*)(ImpressionLog&)>{[](ImpressionLog& l) { l.query[0] = 2; },
                                                                    [](ImpressionLog& l) { l.query.pop_back(); },
                                                                    [](ImpressionLog& l) { l.queries[0] = "x"; }}) {
    ImpressionLog broken = log;
    break_it(broken);
    EXPECT_THROW(check_impressions(broken, 3, 4), DataError);
  }
}

TEST(DatasetStore, queries_may_come_while_rows_are_written_and_stores_may_grow_on_the_disk) {
  const ScratchFolder folder;
  ImpressionLog first = tiny_log(), second = tiny_log();
  first.query = {1, 0};
  first.queries = {"", "sad"};
  second.query = {2, 1};
  second.queries = {"", "sad", "funny"};
  const auto write = [&](DatasetStoreWriter&& writer) {
    writer.append(first);
    writer.append(second);
    writer.write(tiny_dataset());
    writer.commit();
  };
  write(DatasetStoreWriter(folder / "a.h5"));
  write(DatasetStoreWriter(folder / "b.h5", std::uint64_t{16} << 20));
  EXPECT_EQ(names_in_folder(folder), (std::vector<std::string>{"a.h5", "b.h5"})) << "no temporary is left";
  EXPECT_LT(std::filesystem::file_size(folder / "b.h5"), std::uint64_t{8} << 20) << "what was not needed goes back";
  for (const char* name : {"a.h5", "b.h5"}) {
    const auto read = read_impression_log(folder / name);
    EXPECT_EQ(read->query, (std::vector<std::uint32_t>{1, 0, 2, 1}));
    EXPECT_EQ(read->queries, second.queries);
    expect_equal(read_dataset(folder / name), tiny_dataset());
  }
  {
    DatasetStoreWriter abandoned(folder / "c.h5", 1 << 20);
    abandoned.append(first);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "c.h5"));
  EXPECT_EQ(names_in_folder(folder).size(), 2u);
}

TEST(DatasetStore, impressions_say_which_places_were_sold) {
  const ScratchFolder folder;
  ImpressionLog log = tiny_log();
  log.price = {0, 1.25};
  EXPECT_NE(log.digest(), tiny_log().digest());
  EXPECT_FALSE(log.sold(0));
  EXPECT_TRUE(log.sold(1));
  EXPECT_FALSE(tiny_log().sold(1));
  DatasetStoreWriter writer(folder / "a.h5");
  writer.append(log);
  writer.append(log);
  writer.write(tiny_dataset());
  writer.commit();
  EXPECT_EQ(read_impression_log(folder / "a.h5")->price, (std::vector<double>{0, 1.25, 0, 1.25}));
  write_impression_csv(folder / "log.csv", tiny_dataset(), log);
  const std::string csv = read_bytes(folder / "log.csv");
  EXPECT_NE(csv.find(",timestamp,price\n"), std::string::npos);
  EXPECT_EQ(csv.substr(csv.size() - 6), ",1.25\n");
  for (const double price : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    log.price[0] = price;
    EXPECT_THROW(check_impressions(log, 3, 4), DataError);
  }
  log.price.pop_back();
  EXPECT_THROW(check_impressions(log, 3, 4), DataError);
}

TEST(ImpressionCsv, has_a_line_per_shown_item_that_reads_back) {
  const ScratchFolder folder;
  ImpressionLog log = tiny_log();
  log.log_propensity[0] = -0.1 - 0.2;
  Dataset data = tiny_dataset();
  data.items.ids[3] = "a \"b\", c";
  write_impression_csv(folder / "log.csv", data, log);
  DelimitedFormat format;
  format.delimiter = ",";
  DelimitedReader reader(folder / "log.csv", format);
  Record line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.fields[7], "log_propensity");
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.fields[5], data.items.ids[3]);
  EXPECT_EQ(std::stod(line.fields[7]), -0.1 - 0.2);
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line.fields[7], "");  // the policy has none
  EXPECT_FALSE(reader.next(line));
}

TEST(DatasetStore, impressions_that_name_nobody_are_refused) {
  ImpressionLog log = tiny_log();
  EXPECT_NO_THROW(check_impressions(log, 3, 4));
  EXPECT_THROW(check_impressions(log, 2, 4), DataError);
  EXPECT_THROW(check_impressions(log, 3, 3), DataError);
  log.log_propensity[0] = 0.1;
  EXPECT_THROW(check_impressions(log, 3, 4), DataError);
}

TEST(DatasetStore, an_unfinished_write_leaves_the_old_file_and_nothing_else) {
  const ScratchFolder folder;
  write_dataset(folder / "a.h5", tiny_dataset());
  const std::string before = read_bytes(folder / "a.h5");
  {
    DatasetStoreWriter writer(folder / "a.h5");
    writer.write(testing::regular_dataset(20, 30, 12));
  }
  Dataset broken = tiny_dataset();
  broken.interactions.item[0] = ItemId(99);
  EXPECT_THROW(write_dataset(folder / "a.h5", broken), DataError);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
  EXPECT_EQ(read_bytes(folder / "a.h5"), before);
}

// A limit on the size of files stands for a full disk: the write fails in the middle of a column.
TEST(DatasetStore, a_write_that_fails_midway_leaves_the_old_file_and_nothing_else) {
  const ScratchFolder folder;
  write_dataset(folder / "a.h5", tiny_dataset());
  const std::string before = read_bytes(folder / "a.h5");
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  const rlimit small{30'000, unlimited.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_error<IoError>([&] { write_dataset(folder / "a.h5", testing::regular_dataset(800, 300, 40)); },
                        {"a.h5", "File too large"});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  std::signal(SIGXFSZ, previous);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
  EXPECT_EQ(read_bytes(folder / "a.h5"), before);
}

TEST(DatasetStore, inconsistent_data_is_refused_before_it_is_written) {
  const auto refuse = [](auto change, const std::string& word) {
    Dataset data = tiny_dataset();
    change(data);
    expect_error<DataError>([&] { check_dataset(data); }, {word});
  };
  refuse([](Dataset& d) { d.users.ids[1] = "ann"; }, "id ann occurs twice");
  refuse([](Dataset& d) { d.items.ids[1] = ""; }, "an id is empty");
  refuse([](Dataset& d) { d.users.columns[0].numbers.pop_back(); }, "attribute age has 2 rows");
  refuse([](Dataset& d) { d.users.columns[1].name = "age"; }, "attribute age occurs twice");
  refuse([](Dataset& d) { d.users.columns[1].name = "a/b"; }, "cannot be stored");
  refuse([](Dataset& d) { d.interactions.user[0] = UserId(3); }, "names no user");
  refuse([](Dataset& d) { d.interactions.rating[0] = NAN; }, "no finite rating");
  refuse([](Dataset& d) { d.interactions.rating.pop_back(); }, "column rating has 4 rows");
  refuse([](Dataset& d) { std::swap(d.interactions.timestamp[0], d.interactions.timestamp[1]); }, "out of order");
  refuse([](Dataset& d) { d.item_available_from[2] = 200; }, "never available");
}

TEST(DatasetStore, foreign_and_newer_files_are_refused) {
  const ScratchFolder folder;
  Hdf5File foreign = Hdf5File::create(folder / "foreign.h5");
  foreign.write("/values", std::vector<int>{1});
  foreign.close();
  expect_error<DataError>([&] { read_dataset(folder / "foreign.h5"); }, {"foreign.h5 is not a data set"});
  for (const std::int64_t version : {std::int64_t{0}, k_dataset_format_version + 1}) {
    write_dataset(folder / "other.h5", tiny_dataset());
    Hdf5File other = Hdf5File::open_to_append(folder / "other.h5");
    other.write_attribute("/meta", "format_version", version);
    other.close();
    expect_error<DataError>([&] { read_dataset(folder / "other.h5"); },
                            {"other.h5", "data set format " + std::to_string(version)});
  }
}

TEST(DatasetStore, a_changed_value_fails_the_checksum) {
  const ScratchFolder folder;
  Dataset data = tiny_dataset();
  write_dataset(folder / "a.h5", data);
  std::string bytes = read_bytes(folder / "a.h5");
  const std::size_t at = bytes.find("Toy Story");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'R';
  folder.write("changed.h5", bytes);
  expect_error<DataError>([&] { read_dataset(folder / "changed.h5"); }, {"changed.h5", "checksum"});
  // Somebody who writes HDF5 properly is noticed as well.
  Hdf5File file = Hdf5File::open_to_append(folder / "a.h5");
  file.write_attribute("/meta", "content_sha256", std::string_view("another one"));
  file.close();
  expect_error<DataError>([&] { read_dataset(folder / "a.h5"); }, {"a.h5 is damaged", "checksum"});
}

TEST(DatasetStore, the_checksum_sees_every_value_and_not_the_meta_data) {
  const std::string original = content_checksum(tiny_dataset());
  Dataset data = tiny_dataset();
  data.meta.name = "other";
  EXPECT_EQ(content_checksum(data), original);
  const auto differs = [&](auto change) {
    Dataset changed = tiny_dataset();
    change(changed);
    EXPECT_NE(content_checksum(changed), original);
  };
  differs([](Dataset& d) { d.users.ids[0] += "x"; });
  differs([](Dataset& d) { d.users.columns[0].numbers[0] = 25; });
  differs([](Dataset& d) { d.users.columns[1].kind = AttributeKind::text; });
  differs([](Dataset& d) { d.items.columns[0].name = "name"; });
  differs([](Dataset& d) { d.items.columns[1].values[0] = {"Comedy Children's"}; });
  differs([](Dataset& d) { d.items.columns[1].values[3] = {"a", "b,c"}; });
  differs([](Dataset& d) { d.item_available_to[0] = 7; });
  differs([](Dataset& d) { d.interactions.rating[0] += 1; });
  differs([](Dataset& d) { d.interactions.timestamp.back() += 1; });
}

TEST(Dataset, the_order_of_interactions_does_not_depend_on_the_order_of_rows) {
  const Dataset data = testing::regular_dataset(5, 40, 20);
  Dataset tied = data;
  for (auto& time : tied.interactions.timestamp) time = 7;
  Dataset reversed = tied;
  std::reverse(reversed.interactions.user.begin(), reversed.interactions.user.end());
  std::reverse(reversed.interactions.item.begin(), reversed.interactions.item.end());
  std::reverse(reversed.interactions.rating.begin(), reversed.interactions.rating.end());
  sort_interactions(tied);
  sort_interactions(reversed);
  EXPECT_EQ(tied.interactions.item, reversed.interactions.item);
  EXPECT_EQ(tied.interactions.rating, reversed.interactions.rating);
  EXPECT_NE(tied.interactions.item, data.interactions.item);
}

TEST(Dataset, cells_are_shown_in_their_shortest_form) {
  const Dataset data = tiny_dataset();
  EXPECT_EQ(data.users.find("age")->cell(0), "24");
  EXPECT_EQ(data.users.find("age")->cell(1), "");
  EXPECT_EQ(data.users.find("age")->cell(2), "31.5");
  EXPECT_EQ(data.items.find("genres")->cell(0, ", "), "Comedy, Children's");
  EXPECT_TRUE(data.items.find("genres")->missing(1));
  EXPECT_EQ(data.items.find("absent"), nullptr);
}

}  // namespace
}  // namespace coldframe
