// Everything that the simulator can do at once, on one rank and on several: one answer, byte by byte.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/reporting/simulation_record.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

namespace fs = std::filesystem;

constexpr int k_users = 90;

/// Some sessions begin with a query, places are sold, items come and go, tastes and people change, and some are asked
/// first.
constexpr const char* k_world =
    "--simulation.sessions=2 --simulation.pages=3 --simulation.slate_size=4 --simulation.leave_probability=0.2 "
    "--simulation.oracle_draws=32 --simulation.calibration_users=32 --simulation.popular_click_rate=0.14 "
    "--search.share=0.5 --search.attribute=genres --search.minimum_items=1 --search.typo_share=0.3 "
    "--ads.positions=1,3 --ads.inventory=7 --ads.click_value=0.5 "
    "--data.new_item_share=0.3 --catalogue_churn.arrive_at_period=1 --catalogue_churn.leave_share=0.2 "
    "--catalogue_churn.leave_at_period=2 --mix_drift.kind=gradual --mix_drift.weights=gender:F=0 "
    "--dynamics.taste_drift=0.1 --dynamics.satiation=0.2 --dynamics.leave_fatigue=0.1 "
    "--simulation.policies=random,popularity,match_popularity,ads:random:softmax:popularity,"
    "ads:optimal:epsilon=0.3:tfidf,onboard:entropy:2:ads:price:epsilon=0.3:item_knn,"
    "onboard:gain:2:ads:oracle:informed_oracle,onboard:classes:2:ease,oracle,informed_oracle";

class SimulatedRanksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Outcome made =
        run_program(fmt::format("population --config {} --population.path={} --population.profile_pool=16 "
                                "--population.users_per_period=20",
                                file("job.ini").string(), file("pop.h5").string()));
    ASSERT_EQ(made.code, 0) << made.errors;
  }
  fs::path file(const std::string& name) const { return job_.folder() / name; }

  struct Ending {
    std::string output;  // of the program
    SimulationRecord record;
    std::vector<std::pair<std::string, std::string>> logs;  // by name
  };
  /// ranks = 0: without a launcher.
  Ending simulate(int ranks, int threads, int block) const {
    const std::string record = fmt::format("r{}.h5", ranks), logs = fmt::format("logs{}", ranks);
    const Outcome outcome = run_command(fmt::format(
        "{} {} simulate --config {} --population.path={} --simulation.users={} {} --simulation.threads={} "
        "--simulation.block_users={} --output {} --log {} --log-csv",
        ranks > 0 ? fmt::format("mpirun -n {}", ranks) : "", program_path().string(), file("job.ini").string(),
        file("pop.h5").string(), k_users, k_world, threads, block, file(record).string(), file(logs).string()));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    Ending ending{outcome.output, read_simulation_record(file(record)), {}};
    for (const std::string& name : names_in(file(logs))) {
      ending.logs.emplace_back(name, read_file(file(logs) / name));
    }
    return ending;
  }

 private:
  TrainingJob job_;
};

TEST_F(SimulatedRanksTest, everything_at_once_has_the_same_bytes_on_any_ranks_threads_and_blocks) {
  const Ending alone = simulate(0, 1, 64);
  ASSERT_EQ(alone.record.policies.size(), 10u);
  ASSERT_EQ(alone.logs.size(), 20u);
  for (const char* words : {"search sessions", "clicks lost by ads", "share of places"}) {
    EXPECT_THAT(alone.output, ::testing::HasSubstr(words));
  }
  const std::tuple<int, int, int> cuts[] = {{2, 2, 7}, {3, 1, 1000}, {4, 2, 20}};
  for (const auto& [ranks, threads, block] : cuts) {
    const Ending shared = simulate(ranks, threads, block);
    EXPECT_EQ(shared.output, alone.output) << ranks << " ranks";
    EXPECT_EQ(shared.record.summary.at("digest"), alone.record.summary.at("digest"));
    for (const char* part : {"search_pages", "ad_results", "answers", "new_items", "word_shift"}) {
      EXPECT_EQ(shared.record.summary.value(part, nlohmann::json()), alone.record.summary.value(part, nlohmann::json()))
          << part;
    }
    for (std::size_t p = 0; p < alone.record.policies.size(); ++p) {
      const SimulatedPolicy &a = alone.record.policies[p], &b = shared.record.policies[p];
      EXPECT_EQ(a.users.size(), static_cast<std::size_t>(k_users));
      EXPECT_TRUE(std::tie(a.name, a.users, a.pages, a.clicks, a.expected, a.shown) ==
                  std::tie(b.name, b.users, b.pages, b.clicks, b.expected, b.shown))
          << a.name << " on " << ranks << " ranks";
    }
    EXPECT_TRUE(shared.logs == alone.logs) << "logs of " << ranks << " ranks";
  }
}

}  // namespace
}  // namespace coldframe::testing
