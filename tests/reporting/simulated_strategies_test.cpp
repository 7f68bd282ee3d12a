#include "framework/reporting/simulated_strategies.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/reporting/tiny_records.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

/// `lora` is better than popularity by 0.1, and by something of its own in every seed, world and both together.
NamedSimulation record(const std::string& kind, int world, int seed, double spread = 0.02) {
  NamedSimulation simulation{fmt::format("{}-{}-s{}.h5", kind, world, seed), testing::tiny_simulation({"lora"}, 20)};
  SimulationRecord& made = simulation.record;
  made.summary["world"] = fmt::format("{}-{}", kind, world);
  made.summary["runs"] = {{{"variant", "lora"}, {"fold", 0}, {"seed", seed}}};
  const auto wave = [](int at) { return std::sin(static_cast<double>(3 * at)); };
  const double gain = 0.1 + spread * (wave(seed) + wave(world + 10) + wave(7 * seed + world));
  const SimulatedPolicy reference = *made.find("popularity");
  for (SimulatedPolicy& policy : made.policies) {
    if (policy.name != "lora") continue;
    for (std::size_t u = 0; u < policy.users.size(); ++u) {
      policy.pages[u] = reference.pages[u];
      policy.expected[u] = (reference.expected_rate(u) + gain) * static_cast<double>(policy.pages[u]);
    }
  }
  return simulation;
}

std::vector<NamedSimulation> study(int seeds, int worlds, double spread = 0.02) {
  std::vector<NamedSimulation> records;
  for (int world = 0; world < worlds; ++world) {
    for (int seed = 1; seed <= seeds; ++seed) records.push_back(record("softmax", world, seed, spread));
  }
  return records;
}

TEST(SimulatedStrategies, are_judged_over_seeds_and_worlds) {
  const std::vector<SimulatedStrategyVerdict> verdicts = judge_simulated_strategies(study(5, 10), {});
  ASSERT_EQ(verdicts.size(), 1u);
  const SimulatedStrategyVerdict& verdict = verdicts.front();
  EXPECT_EQ(verdict.condition, "softmax worlds, lambda 1.0, mnl");
  EXPECT_EQ(verdict.seeds, 5u);
  EXPECT_EQ(verdict.worlds, 10u);
  EXPECT_EQ(verdict.judged.verdict, Verdict::better);
  double mean = 0;
  for (const NamedSimulation& simulation : study(5, 10)) {
    const SimulatedPolicy &lora = *simulation.record.find("lora"), &popularity = *simulation.record.find("popularity");
    mean += (lora.expected_rate(0) - popularity.expected_rate(0)) / 50.0;
  }
  EXPECT_NEAR(verdict.judged.difference.value, mean, 1e-12);
  // One standard deviation of 0.02 / sqrt(2) between seeds: five of them leave about 0.006 to the mean.
  EXPECT_GT(verdict.judged.difference.interval->high - verdict.judged.difference.interval->low, 0.01);
  EXPECT_THAT(simulated_strategy_summary(verdicts, {}).front(),
              AllOf(HasSubstr("5 seeds x 10 worlds"), HasSubstr("lora is better than popularity")));
  nlohmann::json tables = nlohmann::json::array();
  add_simulated_strategies(tables, verdicts);
  EXPECT_EQ(tables[0].at("id"), "verdict-simulated-strategies");
  EXPECT_EQ(tables[0].at("rows")[0].at("verdict"), "better");
}

TEST(SimulatedStrategies, that_vary_more_than_they_differ_stay_undecided) {
  EXPECT_EQ(judge_simulated_strategies(study(5, 10, 0.4), {}).front().judged.verdict, Verdict::undecided);
}

TEST(SimulatedStrategies, with_too_few_seeds_or_worlds_are_not_claimed) {
  const auto reason = [](const std::vector<NamedSimulation>& records) {
    const std::vector<SimulatedStrategyVerdict> verdicts = judge_simulated_strategies(records, {});
    EXPECT_EQ(verdicts.front().judged.verdict, Verdict::not_claimed);
    return verdicts.front().judged.reason;
  };
  EXPECT_THAT(reason(study(4, 10)), HasSubstr("4 training seeds"));
  EXPECT_THAT(reason(study(5, 9)), HasSubstr("9 worlds"));
  EXPECT_THAT(reason(study(1, 10)), HasSubstr("1 training seed"));
  std::vector<NamedSimulation> uneven = study(5, 10);
  uneven.pop_back();
  EXPECT_THAT(reason(uneven), HasSubstr("the same seeds"));
}

TEST(SimulatedStrategies, kinds_of_taste_and_conditions_stay_apart) {
  std::vector<NamedSimulation> records = study(5, 10);
  for (int seed = 1; seed <= 5; ++seed) records.push_back(record("topics", 0, seed));
  records.push_back(record("chain", 0, 1));
  const std::vector<SimulatedStrategyVerdict> verdicts = judge_simulated_strategies(records, {});
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].judged.verdict, Verdict::better);
  EXPECT_EQ(verdicts[1].condition, "topics worlds, lambda 1.0, mnl");
  EXPECT_EQ(verdicts[1].judged.verdict, Verdict::not_claimed);
  EXPECT_TRUE(judge_simulated_strategies(std::vector{record("softmax", 0, 1)}, {}).empty());
  nlohmann::json tables = nlohmann::json::array();
  add_simulated_strategies(tables, {});
  EXPECT_TRUE(tables.empty());
}

}  // namespace
}  // namespace coldframe
