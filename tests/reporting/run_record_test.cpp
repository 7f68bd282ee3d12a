#include "framework/reporting/run_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"
#include "tests/reporting/outside_program.h"
#include "tests/reporting/tiny_records.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using testing::TemporaryFolder;
using testing::tiny_run;

void expect_same_column(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])));
}

TEST(RunRecord, comes_back_as_it_was_written) {
  TemporaryFolder folder;
  RunRecord record = tiny_run({});
  record.calibrated = {{"base rate", 3, {UserKey(5), UserKey(~0ull)}, {0.25, 0.5}}};
  write_run_record(folder / "run.h5", record);
  const RunRecord back = read_run_record(folder / "run.h5");
  EXPECT_EQ(back.summary, record.summary);
  EXPECT_EQ(back.config, record.config);
  EXPECT_EQ(back.metrics.steps, record.metrics.steps);
  EXPECT_EQ(back.metrics.kinds, record.metrics.kinds);
  ASSERT_EQ(back.metrics.columns.size(), record.metrics.columns.size());
  for (std::size_t c = 0; c < back.metrics.columns.size(); ++c) {
    EXPECT_EQ(back.metrics.columns[c].first, record.metrics.columns[c].first);
    expect_same_column(back.metrics.columns[c].second, record.metrics.columns[c].second);
  }
  EXPECT_EQ(back.train_users, record.train_users);
  EXPECT_EQ(back.validate_users, record.validate_users);
  ASSERT_EQ(back.newcomers.size(), record.newcomers.size());
  for (std::size_t i = 0; i < back.newcomers.size(); ++i) {
    const NewcomerRow &a = back.newcomers[i], &b = record.newcomers[i];
    EXPECT_EQ(std::tie(a.name, a.role, a.table.users, a.table.metrics, a.table.left_out),
              std::tie(b.name, b.role, b.table.users, b.table.metrics, b.table.left_out));
    ASSERT_EQ(a.table.rows.size(), b.table.rows.size());
    for (std::size_t k = 0; k < a.table.rows.size(); ++k) {
      EXPECT_EQ(a.table.rows[k].shots, b.table.rows[k].shots);
      EXPECT_EQ(a.table.rows[k].values, b.table.rows[k].values);
      EXPECT_EQ(a.table.rows[k].exposure.counts(), b.table.rows[k].exposure.counts());
      ASSERT_EQ(a.table.rows[k].by_cell.size(), 2u);
      for (std::size_t c = 0; c < 2; ++c) expect_same_column(a.table.rows[k].by_cell[c], b.table.rows[k].by_cell[c]);
    }
    EXPECT_EQ(a.table.cells, b.table.cells);
  }
  ASSERT_EQ(back.groups.size(), 2u);
  EXPECT_EQ(back.groups[1].name, "age:25:45");
  EXPECT_EQ(back.groups[0].labels, record.groups[0].labels);
  ASSERT_EQ(back.calibrated.size(), 1u);
  EXPECT_EQ(back.calibrated[0].name, "base rate");
  EXPECT_EQ(back.calibrated[0].shots, 3u);
  EXPECT_EQ(back.calibrated[0].users, record.calibrated[0].users);
  EXPECT_EQ(back.calibrated[0].log_loss, record.calibrated[0].log_loss);
}

TEST(RunRecord, may_come_from_before_slices_were_kept) {
  TemporaryFolder folder;
  RunRecord record = tiny_run({});
  record.groups.clear();
  for (NewcomerRow& row : record.newcomers) {
    row.table.cells.clear();
    for (ShotRow& shot : row.table.rows) shot.by_cell.clear();
  }
  write_run_record(folder / "run.h5", record);
  const RunRecord back = read_run_record(folder / "run.h5");
  EXPECT_TRUE(back.groups.empty());
  EXPECT_TRUE(back.newcomers.front().table.cells.empty());
  EXPECT_TRUE(back.newcomers.front().table.rows.front().by_cell.empty());
}

TEST(RunRecord, may_be_without_metrics_and_evaluation) {
  TemporaryFolder folder;
  write_run_record(folder / "run.h5", RunRecord{{{"variant", "x"}}, nlohmann::json::object(), {}, {}, {}, {}});
  const RunRecord back = read_run_record(folder / "run.h5");
  EXPECT_TRUE(back.newcomers.empty());
  EXPECT_TRUE(back.metrics.steps.empty());
}

/// Every cut either fails with one of our errors or the file is whole; nothing else may come out.
TEST(RunRecord, answers_every_truncation_with_one_clear_error) {
  TemporaryFolder folder;
  write_run_record(folder / "run.h5", tiny_run({}));
  const std::string whole = read_file(folder / "run.h5");
  for (std::size_t tenth = 0; tenth < 10; ++tenth) {
    write_file_atomically(folder / "cut.h5", whole.substr(0, whole.size() * tenth / 10));
    EXPECT_THROW(read_run_record(folder / "cut.h5"), Error) << tenth;
  }
}

TEST(RunRecord, refuses_foreign_files) {
  TemporaryFolder folder;
  write_file_atomically(folder / "text.h5", "this is no HDF5 file at all");
  EXPECT_THROW(read_run_record(folder / "text.h5"), Error);
  EXPECT_THROW(read_run_record(folder / "absent.h5"), IoError);
  write_simulation_record(folder / "simulation.h5", testing::tiny_simulation({"lora"}));
  EXPECT_THROW(read_run_record(folder / "simulation.h5"), DataError);
  Hdf5File::create(folder / "empty.h5").close();
  EXPECT_THROW(read_run_record(folder / "empty.h5"), DataError);
}

TEST(RunRecord, refuses_another_format_version_and_names_the_file) {
  TemporaryFolder folder;
  write_run_record(folder / "run.h5", tiny_run({}));
  {
    Hdf5File file = Hdf5File::open_to_append(folder / "run.h5");
    file.write_attribute("/", "format", 99);
    file.close();
  }
  try {
    read_run_record(folder / "run.h5");
    FAIL() << "read";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("run.h5"), std::string::npos) << error.what();
  }
}

TEST(RunRecord, refuses_columns_of_another_length) {
  TemporaryFolder folder;
  RunRecord record = tiny_run({});
  record.newcomers[1].table.rows[0].values[0].pop_back();
  write_run_record(folder / "run.h5", record);
  EXPECT_THROW(read_run_record(folder / "run.h5"), DataError);
  record = tiny_run({});
  record.metrics.columns[0].second.pop_back();
  write_run_record(folder / "run.h5", record);
  EXPECT_THROW(read_run_record(folder / "run.h5"), DataError);
}

TEST(RunRecord, is_read_by_h5dump) {
  const std::string h5dump = testing::find_program({"h5dump"});
  if (h5dump.empty()) GTEST_SKIP() << "no h5dump (Debian: hdf5-tools)";
  TemporaryFolder folder;
  RunRecord record = tiny_run({});
  record.newcomers[1].table.rows[0].values[0][0] = 0.375;
  write_run_record(folder / "run.h5", record);
  const testing::Finished values = testing::run_outside(
      {h5dump, "-d", "/newcomers/001/shots/000/ndcg@10", "-c", "1", "-s", "0", (folder / "run.h5").string()});
  EXPECT_EQ(values.status, 0) << values.output;
  EXPECT_NE(values.output.find("(0): 0.375"), std::string::npos) << values.output;
  const testing::Finished steps =
      testing::run_outside({h5dump, "-d", "/metrics/step", "-c", "2", "-s", "0", (folder / "run.h5").string()});
  EXPECT_NE(steps.output.find("(0): 1, 2"), std::string::npos) << steps.output;
}

/// The example of docs/guide/run-folder.md, as it stands there.
TEST(RunRecord, is_read_by_the_example_of_the_guide) {
  const std::string python = testing::report_python("h5py");
  if (python.empty())
    GTEST_SKIP() << "no Python with h5py (set COLDFRAME_REPORT_PYTHON, or run cluster/setup.sh interop)";
  const std::string guide =
      read_file(std::filesystem::path(std::getenv("COLDFRAME_SOURCE_DIR")) / "docs/guide/run-folder.md");
  const std::string opening = "```python\n";
  const std::size_t begin = guide.find(opening) + opening.size(), end = guide.find("```", begin);
  ASSERT_NE(end, std::string::npos);
  TemporaryFolder folder;
  RunRecord record = tiny_run({});
  write_run_record(folder / "run.h5", record);
  write_file_atomically(folder / "example.py", guide.substr(begin, end - begin));
  const testing::Finished finished =
      testing::run_outside({python, (folder / "example.py").string(), (folder / "run.h5").string()});
  ASSERT_EQ(finished.status, 0) << finished.output;
  EXPECT_NE(finished.output.find("lora 30 steps, last loss 0.1000\n"), std::string::npos) << finished.output;
  const NewcomerRow& popularity = record.newcomers[1];
  char line[100];
  std::snprintf(line, sizeof line, "popularity k=0 %.4f\n", popularity.table.rows[0].mean(0));
  EXPECT_NE(finished.output.find(line), std::string::npos) << finished.output;
}

}  // namespace
}  // namespace coldframe
