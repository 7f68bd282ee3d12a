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

TEST(SimulationRecord, is_the_same_written_through_to_the_disk_and_read_in_chunks) {
  TemporaryFolder folder;
  constexpr std::size_t k_users = 150'000;  // more than two chunks
  const SimulationRecord record = tiny_simulation({"lora"}, k_users);
  SimulationRecord head = record;
  for (SimulatedPolicy& policy : head.policies) {
    for (auto* column : {&policy.pages, &policy.clicks}) column->clear();
    policy.users.clear();
    policy.expected.clear();
  }
  for (const std::string name : {"a.h5", "b.h5"}) {
    SimulationRecordWriter writer(folder / name, head, k_users + 1000, /*most_in_memory=*/0);
    std::vector<SimulatedUser> outcomes(record.policies.size());
    for (std::size_t u = 0; u < k_users; ++u) {
      for (std::size_t p = 0; p < outcomes.size(); ++p) outcomes[p] = record.policies[p].user(u);
      writer.add(record.policies.front().users[u], outcomes);
    }
    EXPECT_FALSE(std::filesystem::exists(folder / name));
    writer.finish();
  }
  EXPECT_EQ(read_file(folder / "a.h5"), read_file(folder / "b.h5"));
  const SimulationRecord back = read_simulation_record(folder / "a.h5");
  EXPECT_EQ(back.summary, record.summary);
  for (std::size_t p = 0; p < record.policies.size(); ++p) {
    const SimulatedPolicy &a = record.policies[p], &b = back.policies[p];
    EXPECT_TRUE(std::tie(a.users, a.pages, a.clicks, a.expected, a.shown) ==
                std::tie(b.users, b.pages, b.clicks, b.expected, b.shown));
  }
  const SimulationRecordReader reader(folder / "a.h5");
  EXPECT_TRUE(reader.head().policies[1].users.empty());
  std::size_t at = 0;
  const std::size_t two[] = {2, 0};
  reader.each_user(two, [&](std::uint64_t user, std::span<const SimulatedUser> outcomes) {
    ASSERT_EQ(user, record.policies[0].users[at]);
    ASSERT_EQ(outcomes[0].expected, record.policies[2].expected[at]);
    ASSERT_EQ(outcomes[1].clicks, record.policies[0].clicks[at]);
    ++at;
  });
  EXPECT_EQ(at, k_users);
}

TEST(SimulationRecord, needs_users_in_order_and_finish) {
  TemporaryFolder folder;
  SimulationRecord head = {nlohmann::json::object(), nlohmann::json::object(), std::vector<SimulatedPolicy>(1)};
  head.policies[0].name = "a";
  {
    SimulationRecordWriter writer(folder / "simulation.h5", head, 2);
    const SimulatedUser user{1, 1, 0.5};
    writer.add(7, {&user, 1});
    EXPECT_THROW(writer.add(7, {&user, 1}), DataError);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
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
