#include "framework/cli/simulated_log_files.h"

#include <gtest/gtest.h>

#include "framework/core/atomic_file.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 40;

class SimulatedLogFilesTest : public ::testing::Test {
 protected:
  SimulatedLogFilesTest()
      : source_(invented_dataset(5, k_items, 1)),
        population_(small_population(k_items, 2)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(source_),
        model_(make_user_model(options_, {1.0, 0.5})),
        random_("random", 3, catalogue_) {
    // 78,000 impressions: written in two pieces.
    options_.pages = 13;
    options_.slate_size = 10;
    options_.threads = 2;
    const std::vector<Contestant> contestants = {random_};
    outcome_ =
        std::move(replay({&newcomers_, &catalogue_, model_.get()}, contestants, options_, {0, 600, KeepLog::yes, {}})
                      .policies[0]);
  }

  void write(const std::string& name, std::uint64_t most_in_memory) const {
    LogColumns columns;
    std::uint64_t impressions = 0;
    for (const PageRow& page : outcome_.log) {
      columns.add(page);
      impressions += page.items.size();
    }
    SimulatedLogFiles files(folder_.path() / name,
                            {source_, population_, "random", PolicyKind::stochastic, false, {}, columns}, impressions,
                            true, nullptr, most_in_memory);
    for (const PageRow& page : outcome_.log) files.add(page);
    EXPECT_FALSE(std::filesystem::exists(path(name))) << "before it is complete";
    files.finish();
  }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / (name + ".h5"); }

  testing::TemporaryFolder folder_;
  SimulationOptions options_;
  Dataset source_;
  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  std::unique_ptr<UserModel> model_;
  RandomPolicy random_;
  PolicyOutcome outcome_;
};

TEST_F(SimulatedLogFilesTest, hold_what_a_log_in_memory_holds) {
  const SimulatedLog whole = make_simulated_log(source_, population_, outcome_, PolicyKind::stochastic, options_);
  write_impression_csv(folder_.path() / "whole.csv", whole.data, whole.impressions);
  write("memory", std::uint64_t{1} << 30);
  write("disk", 0);
  for (const char* name : {"memory", "disk"}) {
    const ImpressionLog rows = *read_impression_log(path(name));
    EXPECT_GT(rows.size(), std::size_t{1} << 16);
    EXPECT_EQ(rows.digest(), whole.impressions.digest()) << name;
    EXPECT_EQ(rows.item, whole.impressions.item);
    EXPECT_EQ(rows.log_marginal, whole.impressions.log_marginal);
    EXPECT_EQ(rows.policy, "random");
    EXPECT_EQ(content_checksum(read_dataset(path(name))), content_checksum(whole.data)) << name;
    EXPECT_EQ(read_file(folder_.path() / (std::string(name) + ".csv")), read_file(folder_.path() / "whole.csv"));
  }
  EXPECT_GT(std::filesystem::file_size(path("disk")), std::filesystem::file_size(path("memory"))) << "deflated";
}

TEST_F(SimulatedLogFilesTest, a_policy_that_showed_nothing_leaves_an_empty_log) {
  outcome_.log.clear();
  write("nothing", 0);
  EXPECT_EQ(read_impression_log(path("nothing"))->size(), 0u);
}

}  // namespace
}  // namespace coldframe
