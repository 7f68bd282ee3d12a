#include "framework/reporting/simulation_record.h"

#include <gtest/gtest.h>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"
#include "tests/reporting/tiny_records.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using testing::TemporaryFolder;
using testing::tiny_simulation;

TEST(SimulationRecord, comes_back_as_it_was_written) {
  TemporaryFolder folder;
  const SimulationRecord record = tiny_simulation({"lora", "full"});
  write_simulation_record(folder / "simulation.h5", record);
  const SimulationRecord back = read_simulation_record(folder / "simulation.h5");
  EXPECT_EQ(back.summary, record.summary);
  EXPECT_EQ(back.config, record.config);
  ASSERT_EQ(back.policies.size(), record.policies.size());
  for (std::size_t p = 0; p < record.policies.size(); ++p) {
    const SimulatedPolicy &a = record.policies[p], &b = back.policies[p];
    EXPECT_EQ(std::tie(a.name, a.role, a.users, a.pages, a.clicks, a.expected, a.pages_by_step, a.clicks_by_step,
                       a.expected_by_step, a.shown),
              std::tie(b.name, b.role, b.users, b.pages, b.clicks, b.expected, b.pages_by_step, b.clicks_by_step,
                       b.expected_by_step, b.shown));
  }
}

TEST(SimulationRecord, has_the_same_bytes_for_the_same_content) {
  TemporaryFolder folder;
  write_simulation_record(folder / "a.h5", tiny_simulation({"lora"}));
  write_simulation_record(folder / "b.h5", tiny_simulation({"lora"}));
  EXPECT_EQ(read_file(folder / "a.h5"), read_file(folder / "b.h5"));
}

TEST(SimulationRecord, refuses_policies_that_are_not_paired) {
  TemporaryFolder folder;
  SimulationRecord record = tiny_simulation({"lora"});
  record.policies.back().users.front() = 1000;
  EXPECT_THROW(write_simulation_record(folder / "simulation.h5", record), DataError);
  record = tiny_simulation({"lora"});
  record.policies.back().clicks.pop_back();
  EXPECT_THROW(write_simulation_record(folder / "simulation.h5", record), DataError);
  EXPECT_FALSE(std::filesystem::exists(folder / "simulation.h5"));
}

TEST(SimulationRecord, refuses_a_file_of_another_kind) {
  TemporaryFolder folder;
  write_run_record(folder / "run.h5", testing::tiny_run({}));
  EXPECT_THROW(read_simulation_record(folder / "run.h5"), DataError);
  EXPECT_THROW(read_simulation_record(folder / "absent.h5"), IoError);
}

TEST(SimulationRecord, gives_no_rate_to_a_user_without_pages) {
  SimulatedPolicy policy;
  policy.pages = {0, 4};
  policy.expected = {0.0, 1.0};
  EXPECT_EQ(policy.expected_rate(0), 0.0);
  EXPECT_EQ(policy.expected_rate(1), 0.25);
}

}  // namespace
}  // namespace coldframe
