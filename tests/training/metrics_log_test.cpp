#include "framework/training/metrics_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

class MetricsLogTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder_ / "metrics.log"; }
  void write(std::int64_t first, std::int64_t last, std::int64_t keep) {
    MetricsLog log(path(), keep);
    for (std::int64_t step = first; step <= last; ++step) log.append({step, "step", {{"loss", 1.0 / 3.0 / static_cast<double>(step)}}});
  }
  testing::TemporaryFolder folder_;
};

TEST_F(MetricsLogTest, numbers_come_back_with_the_same_bits) {
  write(1, 3, 0);
  const std::vector<MetricsRecord> records = read_metrics(path());
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[2].values[0].second, 1.0 / 3.0 / 3.0);
  EXPECT_EQ(records[2].kind, "step");
}

TEST_F(MetricsLogTest, a_resume_cuts_back_to_the_checkpoint) {
  write(1, 10, 0);
  write(6, 7, 5);
  const std::vector<MetricsRecord> records = read_metrics(path());
  ASSERT_EQ(records.size(), 7u);
  EXPECT_EQ(records.back().step, 7);
}

TEST_F(MetricsLogTest, a_torn_last_line_is_dropped_and_damage_is_located) {
  write(1, 4, 0);
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 5);
  std::size_t damaged = 0;
  EXPECT_EQ(read_metrics(path(), &damaged).size(), 3u);
  EXPECT_EQ(damaged, 4u);
  write(4, 4, 3);
  EXPECT_EQ(read_metrics(path(), &damaged).size(), 4u);
  EXPECT_EQ(damaged, 0u);
}

}  // namespace
}  // namespace coldframe
