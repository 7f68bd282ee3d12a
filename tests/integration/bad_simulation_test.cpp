// Populations and simulations that cannot be: one clear error, the documented exit code, nothing half-written.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/json.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_short = "--schedule.steps=2 --training.validate_every=0 --schedule.warmup=1";

/// A short run, and a population of the same roles, made once: no test changes them.
class BadSimulationTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    job_ = new TrainingJob;
    const Outcome trained = job_->train(0, "runs", k_short);
    ASSERT_EQ(trained.code, 0) << trained.errors;
    const Outcome made = run_program(fmt::format("population {}", settings("pop.h5")));
    ASSERT_EQ(made.code, 0) << made.errors;
  }
  static void TearDownTestSuite() {
    delete job_;
    job_ = nullptr;
  }

  static fs::path file(const std::string& name) { return job_->folder() / name; }
  static std::string run() { return job_->run("runs", "lora").string(); }
  static std::string settings(const std::string& population) {
    return fmt::format(
        "--config {} --population.path={} --population.profile_pool=16 --simulation.popular_click_rate=0.14 "
        "--simulation.users=8 --simulation.oracle_draws=16 --simulation.calibration_users=32",
        file("job.ini").string(), file(population).string());
  }
  static Outcome simulate(const std::string& population, const std::string& arguments, int ranks = 0) {
    return run_command(fmt::format("{} {} simulate {} --run {} --output {} {}",
                                   ranks > 0 ? fmt::format("mpirun -n {}", ranks) : "", program_path().string(),
                                   settings(population), run(), file("sim.h5").string(), arguments));
  }
  static void expect_nothing(const Outcome& outcome, int code, const std::vector<std::string>& words) {
    expect_refused(outcome, code, words);
    EXPECT_FALSE(fs::exists(file("sim.h5")));
  }
  static TrainingJob* job_;
};

TrainingJob* BadSimulationTest::job_ = nullptr;

TEST_F(BadSimulationTest, a_run_whose_people_the_world_was_fitted_on_is_refused_unless_the_world_is_closed) {
  const Outcome made = run_program(fmt::format("population {} --data.fold=2", settings("other.h5")));
  ASSERT_EQ(made.code, 0) << made.errors;
  for (const int ranks : {0, 2}) {
    expect_nothing(simulate("other.h5", "", ranks), k_data,
                   {"learned from", "the ground truth would know the answer", "closed_world"});
  }
  const Outcome closed = simulate("other.h5", "--simulation.roles=closed_world");
  EXPECT_EQ(closed.code, 0);
  EXPECT_THAT(closed.errors, ::testing::HasSubstr("what it remembers of them counts in its favour"));
  fs::remove(file("sim.h5"));
}

TEST_F(BadSimulationTest, a_population_that_nobody_named) {
  const std::string config = file("job.ini").string();
  for (const std::string& command : {fmt::format("simulate --config {} --output {}", config, file("sim.h5").string()),
                                     fmt::format("realism --config {}", config)}) {
    expect_nothing(run_program(command), k_config, {"population.path is missing", "`coldframe population`"});
  }
}

TEST_F(BadSimulationTest, a_population_that_is_cut_off_or_damaged) {
  const std::uintmax_t whole = fs::file_size(file("pop.h5"));
  for (const std::uintmax_t bytes : {whole - 1, whole / 2, std::uintmax_t{100}, std::uintmax_t{0}}) {
    fs::copy_file(file("pop.h5"), file("cut.h5"), fs::copy_options::overwrite_existing);
    keep_first(file("cut.h5"), bytes);
    expect_nothing(simulate("cut.h5", ""), k_data, {file("cut.h5").string()});
  }
  fs::copy_file(file("pop.h5"), file("cut.h5"), fs::copy_options::overwrite_existing);
  damage(file("cut.h5"));
  expect_nothing(simulate("cut.h5", ""), k_data, {file("cut.h5").string()});
  expect_nothing(simulate("missing.h5", ""), k_data, {"missing.h5"});
  expect_nothing(simulate("data.h5", ""), k_data, {"data.h5", "population"});
  ASSERT_EQ(simulate("pop.h5", "").code, 0);
  fs::rename(file("sim.h5"), file("record.h5"));
  expect_nothing(simulate("record.h5", ""), k_data, {"record.h5 is not a population"});
}

TEST_F(BadSimulationTest, a_setting_that_no_world_can_meet_is_said_once_by_several_ranks) {
  expect_nothing(simulate("pop.h5", "--simulation.random_click_rate=0.001", 2), k_config,
                 {"simulation.popular_click_rate = 0.14"});
  expect_nothing(simulate("pop.h5", "--simulation.world=softmax-7", 2), k_config, {"simulation.world = softmax-7"});
  expect_nothing(simulate("pop.h5", "--world_drift.kind=sudden --world_drift.to=topics-7", 2), k_config,
                 {"world_drift.to = topics-7", "it has softmax-0"});
  expect_nothing(simulate("pop.h5",
                          "--vocabulary_drift.kind=sudden --vocabulary_drift.synonym_share=0.5 "
                          "--vocabulary_drift.synonyms=/no/such.csv",
                          2),
                 k_data, {"/no/such.csv"});
}

TEST_F(BadSimulationTest, outputs_that_cannot_be_or_would_replace_what_is_read_are_refused_at_once) {
  const auto attempt = [&](const std::string& arguments) {
    return run_program(
        fmt::format("simulate {} --simulation.policies=random,popularity {}", settings("pop.h5"), arguments));
  };
  fs::create_directory(file("folder"));
  expect_refused(attempt("--output " + file("folder").string()), k_data, {"cannot write", "it is a folder"});
  expect_refused(attempt("--output " + file("job.ini").string()), k_data, {"it exists and is no simulation record"});
  const std::string below = (file("job.ini") / "sim.h5").string();
  expect_refused(attempt("--output " + below), k_data, {"cannot write", "job.ini is not a folder"});
  for (const char* input : {"pop.h5", "data.h5"}) {
    const std::string before = read_file(file(input));
    expect_refused(run_program(fmt::format("population {} --overwrite --materialise 5 --newcomers {}",
                                           settings("pop.h5"), file(input).string())),
                   k_config, {"--newcomers", "it is read, too"});
    expect_refused(attempt("--output " + file(input).string()), k_config, {"the simulation reads it"});
    EXPECT_EQ(read_file(file(input)), before) << input;
  }
  const std::string output = "--output " + file("sim.h5").string();
  expect_refused(attempt(output + " --log " + file("job.ini").string()), k_data, {"job.ini is not a folder"});
  expect_refused(run_program(fmt::format("population {} --population.user_template={{nobody}}", settings("no.h5"))),
                 k_config, {"population.user_template names the field nobody"});
  expect_refused(run_program(fmt::format("population {} --overwrite", settings("data.h5"))), k_config,
                 {"population.path", "it is read, too"});
  fs::copy_file(file("data.h5"), file("random.h5"));
  expect_refused(
      attempt(fmt::format("{} --log {} --data.path={}", output, job_->folder().string(), file("random.h5").string())),
      k_config, {"random.h5 would replace what the simulation reads"});
  expect_refused(attempt(fmt::format("--output {} --log {}", file("popularity.h5").string(), job_->folder().string())),
                 k_config, {"popularity.h5 would replace the record"});
  EXPECT_FALSE(fs::exists(file("sim.h5")));
  fs::remove(file("random.h5"));
}

TEST_F(BadSimulationTest, newcomers_and_changes_that_no_clock_reaches) {
  const Outcome made = run_program(fmt::format("population {} --population.users_per_period=1", settings("clock.h5")));
  ASSERT_EQ(made.code, 0) << made.errors;
  expect_nothing(simulate("clock.h5", "--simulation.first_user=4294967296 --simulation.policies=random"), k_config,
                 {"period 4294967303", "users_per_period"});
  const Outcome late = simulate("pop.h5", "--world_drift.kind=sudden --world_drift.to=topics-0");
  EXPECT_EQ(late.code, 0) << late.errors;
  EXPECT_THAT(late.errors, ::testing::HasSubstr("world_drift.at_period = 1 (the last newcomer arrives in period 0"));
  fs::remove(file("sim.h5"));
  expect_nothing(simulate("pop.h5", "--world_drift.kind=sudden --world_drift.to=topics-9"), k_config,
                 {"world_drift.to = topics-9", "topics-0"});
  expect_refused(run_program(fmt::format("simulate {} --simulation.policies= --output {}", settings("pop.h5"),
                                         file("sim.h5").string())),
                 k_config, {"simulation.policies is empty"});
  expect_nothing(simulate("pop.h5", "--run " + run()), k_config, {"is named 'lora'", "one by one"});
}

TEST_F(BadSimulationTest, realism_ranks_an_encoder_beside_baselines_and_refuses_one_that_has_other_people) {
  const std::string some = "--replicates 20 --draws 16";
  const Outcome compared = run_program(fmt::format("realism {} --run {} --shots 1 {} --output {}", settings("pop.h5"),
                                                   run(), some, file("realism.json").string()));
  ASSERT_EQ(compared.code, 0) << compared.errors;
  EXPECT_NE(compared.output.find("not identifiable from this log"), std::string::npos);
  const nlohmann::json report = read_json(file("realism.json"));
  const auto policies = report.at("facts").at("policies").get<std::vector<std::string>>();
  EXPECT_GE(policies.size(), 10u);
  EXPECT_EQ(policies.back(), run());
  const nlohmann::json& worlds = report.at("tables")[0].at("rows");
  const nlohmann::json& orders = report.at("tables")[2].at("rows");
  ASSERT_EQ(worlds.size(), orders.size() + 1);  // of people, worlds, and the renamed one, which people have an order of
  for (std::size_t w = 1; w < worlds.size(); ++w) {
    EXPECT_EQ(worlds[w].at("world"), orders[w - 1].at("world"));
    EXPECT_LE(worlds[w].at("popularity").at("low"), worlds[w].at("popularity").at("value"));
    EXPECT_EQ(orders[w - 1].at("tau"), "too few users");
  }
  expect_refused(run_program(fmt::format("realism {} --shots 99 {}", settings("pop.h5"), some)), k_config,
                 {"--shots 99", "masked"});
  expect_refused(run_program(fmt::format("realism {} --evaluation.masked=1000 {}", settings("pop.h5"), some)), k_data,
                 {"more than 1000 likes", "--shots -1"});
  const Outcome made = run_program(fmt::format("population {} --data.fold=1", settings("fold1.h5")));
  ASSERT_EQ(made.code, 0) << made.errors;
  expect_refused(run_program(fmt::format("realism {} --data.fold=1 --run {} {}", settings("fold1.h5"), run(), some)),
                 k_data, {run(), "another role H"});
}

}  // namespace
}  // namespace coldframe::testing
