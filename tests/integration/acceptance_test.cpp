// Bounds of `[expect]` through the program itself: what each command can bound, margins to stored runs and simulations,
// exit codes, JUnit files, and what is refused.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/json.h"
#include "framework/reporting/simulation_record.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

using ::testing::HasSubstr;

/// Two runs of one recipe with other seeds, both evaluated; shared by all tests.
class AcceptanceGateTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    job_ = std::make_unique<TrainingJob>();
    for (const char* root : {"old", "new"}) {
      const Outcome outcome =
          job_->train(0, root,
                      fmt::format("--config {} --optimizer.learning_rate={}", job_->short_config().string(),
                                  std::string(root) == "old" ? "0.002" : "0.001"));
      ASSERT_EQ(outcome.code, 0) << outcome.errors;
    }
    ASSERT_EQ(run_program("evaluate --run " + run("old")).code, 0);
  }
  static void TearDownTestSuite() { job_.reset(); }

  static std::string run(const std::string& root) { return job_->run(root, "lora").string(); }
  static std::string path(const std::string& name) { return (job_->folder() / name).string(); }
  static Outcome evaluate(const std::string& bounds) {
    return run_program(fmt::format("evaluate --run {} {}", run("new"), bounds));
  }

  static std::unique_ptr<TrainingJob> job_;
};
std::unique_ptr<TrainingJob> AcceptanceGateTest::job_;

TEST_F(AcceptanceGateTest, bounds_decide_the_exit_code_and_the_junit_file) {
  const Outcome met = evaluate(fmt::format(
      "'--expect.evaluation.ndcg@10.shot0.minus_random.high=> -1' '--expect.cost.trainable_parameters=>= 1' "
      "'--expect.robustness.lora.shot0.typos.0.1.loss=< 0.5' --junit {} --measures {}",
      path("met.xml"), path("m.json")));
  EXPECT_EQ(met.code, 0) << met.output << met.errors;
  EXPECT_THAT(met.output, HasSubstr("bounds: 2 met, 0 missed, 0 undecided"));
  EXPECT_THAT(read_file(path("met.xml")), HasSubstr("tests=\"2\" failures=\"0\" errors=\"0\""));
  const nlohmann::json measures = read_json(path("m.json")).at(run("new"));
  EXPECT_TRUE(measures.contains("evaluation.ndcg@10.shot0.over_popularity"));
  EXPECT_GT(measures.at("cost.serving.encode_ms.p99").at("value").get<double>(), 0.0);
  EXPECT_GE(measures.at("cost.serving.rank_ms.p99").at("value"), measures.at("cost.serving.rank_ms.p50").at("value"));

  const Outcome missed = evaluate(
      fmt::format("'--expect.evaluation.ndcg@10.shot0=> 1' '--expect.evaluation.recall@20.shot0=within 0.01 of {}' "
                  "--junit {}",
                  run("old"), path("missed.xml")));
  EXPECT_EQ(missed.code, 4) << missed.output << missed.errors;
  EXPECT_THAT(missed.output, HasSubstr("MISSED"));
  EXPECT_THAT(read_file(path("missed.xml")), HasSubstr("<failure type=\"missed\""));
}

TEST_F(AcceptanceGateTest, of_several_ranks_is_that_of_the_first) {
  const Outcome missed =
      run_command(fmt::format("mpirun -n 2 '{}' evaluate --run {} '--expect.evaluation.ndcg@10.shot0=> 1'",
                              program_path().string(), run("new")));
  EXPECT_EQ(missed.code, 4) << missed.output << missed.errors;
  EXPECT_EQ(count(missed.output, "bounds: 0 met, 1 missed"), 1) << missed.output;
}

TEST_F(AcceptanceGateTest, a_margin_to_a_stored_run_is_met_missed_or_undecided) {
  const std::string bound = "'--expect.evaluation.ndcg@10.shot0=within {} of baseline' --baseline {} {}";
  const auto gate = [&](const std::string& margin, const std::string& more) {
    return evaluate(fmt::format(fmt::runtime(bound), margin, run("old"), more));
  };
  const Outcome few = gate("1", "");
  EXPECT_EQ(few.code, 6) << few.output;
  EXPECT_THAT(few.output, HasSubstr("12 users, at least 30 are needed"));
  EXPECT_EQ(gate("1", "--evaluation.minimum_users=2").code, 0);
  const Outcome itself = run_program(
      fmt::format("evaluate --run {0} '--expect.evaluation.ndcg@10.shot0=within 0 of {0}' --evaluation.minimum_users=2",
                  run("old")));
  EXPECT_EQ(itself.code, 0) << itself.output << itself.errors;
}

TEST_F(AcceptanceGateTest, every_command_with_numbers_checks_its_own) {
  const Outcome robust =
      run_program(fmt::format("robustness --run {} --noise typos --severity 0.5 --draws 1 --shots 0 "
                              "'--expect.robustness.strategy.shot0.typos.0.5."
                              "loss.high=< 2' '--expect.robustness.lora.shot0.typos.0.5.jaccard=> 1'",
                              run("old")));
  EXPECT_EQ(robust.code, 4) << robust.output << robust.errors;
  EXPECT_THAT(robust.output, HasSubstr("bounds: 1 met, 1 missed, 0 undecided"));
  const Outcome fair = run_program(
      fmt::format("fairness --run {} --group gender '--expect.fairness.gaps.strategy.gender.gap=< 1' --junit {}",
                  run("old"), path("f.xml")));
  EXPECT_EQ(fair.code, 6) << "12 users state no gap: " << fair.output << fair.errors;
  EXPECT_THAT(read_file(path("f.xml")), HasSubstr("<error type=\"undecided\""));
  const Outcome compare = run_program(fmt::format(
      "compare {} --output {} '--expect.compare.quality-ndcg@10.strategy.k0.low=> 2'", run("old"), path("r.html")));
  EXPECT_EQ(compare.code, 4) << compare.output << compare.errors;
}

TEST_F(AcceptanceGateTest, simulations_are_held_to_stored_ones) {
  const std::string settings = fmt::format(
      "--config {} --population.path={} --population.profile_pool=16 --simulation.popular_click_rate=0.14 "
      "--simulation.oracle_draws=16 --simulation.calibration_users=32 --simulation.pages=2",
      path("job.ini"), path("pop.h5"));
  ASSERT_EQ(run_program("population " + settings).code, 0);
  const auto simulate = [&](const std::string& output, const std::string& more) {
    return run_program(fmt::format("simulate {} --output {} {}", settings, path(output), more));
  };
  ASSERT_EQ(simulate("old.h5", "--simulation.users=40").code, 0);
  const std::string bound =
      fmt::format("'--expect.simulation.popularity.expected=within 1 % of baseline' --baseline {}", path("old.h5"));
  const Outcome same =
      simulate("new.h5", "--simulation.users=40 '--expect.simulation.random.minus_popularity.high=< 1' " + bound);
  EXPECT_EQ(same.code, 0) << same.output << same.errors;
  EXPECT_THAT(same.output, HasSubstr("bounds: 2 met, 0 missed, 0 undecided"));
  EXPECT_EQ(simulate("new.h5", "--simulation.users=40 '--expect.simulation.random.over_popularity=> 100'").code, 4);
  expect_refused(simulate("new.h5", "--simulation.users=40 --simulation.lambda=0.5 " + bound), k_data,
                 {"another lambda"});
  expect_refused(simulate("new.h5", "--simulation.users=41 " + bound), k_data, {"other users"});

  // A page of runs and simulations is about one training.
  ASSERT_EQ(simulate("met.h5", "--simulation.users=40 --run " + run("old")).code, 0);
  const std::string page =
      fmt::format("compare {} --simulation {} --output {}", run("old"), path("met.h5"), path("page.html"));
  const Outcome together = run_program(page);
  EXPECT_EQ(together.code, 0) << together.errors;
  SimulationRecord record = read_simulation_record(path("met.h5"));
  record.summary["runs"][0]["digest"] = "0123456789abcdef";
  write_simulation_record(path("met.h5"), record);
  expect_refused(run_program(page), k_data, {"other weights", "0123456789abcdef"});
  record.summary["runs"][0]["seed"] = 77;
  write_simulation_record(path("met.h5"), record);
  expect_refused(run_program(page), k_data, {"seed 77 of lora", "not among them"});
}

TEST_F(AcceptanceGateTest, wrong_bounds_and_other_tests_are_refused) {
  const auto refused = [&](const std::string& bounds, int code, const std::vector<std::string>& words) {
    expect_refused(evaluate(bounds), code, words);
  };
  refused("'--expect.evaluation.ndgc@10.shot0=> 0'", k_config, {"did you mean evaluation.ndcg@10.shot0?"});
  refused("'--expect.evalution.x=> 0'", k_config, {"evalution", "did you mean evaluation?"});
  refused("'--expect.evaluation.ndcg@10.shot0=0.3'", k_config, {"must be a comparison"});
  refused("'--expect.evaluation.ndcg@10.shot0=within 0.1 of baseline'", k_config, {"--baseline"});
  refused("'--expect.evaluation.ndcg@10.shot0=within 0.1 of /nowhere'", k_data, {"/nowhere does not exist"});
  refused("--junit bounds.txt", k_config, {"junit", ".xml"});
  const Outcome other =
      job_->train(0, "other", fmt::format("--config {} --data.fold=1", job_->short_config().string()));
  ASSERT_EQ(other.code, 0) << other.errors;
  const std::string fold = (job_->folder() / "other/job/lora/fold-1/seed-1").string();
  ASSERT_EQ(run_program("evaluate --run " + fold).code, 0);
  refused("'--expect.evaluation.ndcg@10.shot0=within 0.1 of " + fold + "'", k_data,
          {"cannot compare", "holds other users"});
}

}  // namespace
}  // namespace coldframe::testing
