#pragma once

#include <fmt/format.h>

#include "framework/core/atomic_file.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {

namespace fs = std::filesystem;

inline constexpr const char* k_short = "--schedule.steps=2 --training.validate_every=0 --schedule.warmup=1";

/// A short run, a population and a simulation with logs, made once: no test changes them.
class SimulatedLogTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    job_ = new TrainingJob;
    const Outcome trained = job_->train(0, "runs", k_short);
    ASSERT_EQ(trained.code, 0) << trained.errors;
    const Outcome made = run_program(fmt::format("population {}", settings()));
    ASSERT_EQ(made.code, 0) << made.errors;
    const Outcome simulated = run_program(fmt::format(
        "simulate {} --run {} --output {} --log {} --log-csv --simulation.given_likes=1 "
        "--simulation.policies=random,popularity,epsilon=0.3:popularity,softmax:popularity,epsilon=0.2:softmax:encoder",
        settings(), run(), file("sim.h5").string(), file("logs").string()));
    ASSERT_EQ(simulated.code, 0) << simulated.errors;
    // Item 3 first, for everybody: a list that another program made.
    std::string list = "item,position\n";
    for (int i = 0; i < 40; ++i) list += fmt::format("i{},{}\n", i, (i + 37) % 40);
    write_file_atomically(file("list.csv"), list);
  }
  static void TearDownTestSuite() {
    delete job_;
    job_ = nullptr;
  }

  static fs::path file(const std::string& name) { return job_->folder() / name; }
  static fs::path log(const std::string& name) { return job_->folder() / "logs" / (name + ".h5"); }
  static std::string run() { return job_->run("runs", "lora").string(); }
  static std::string settings(int users = 400, const std::string& population = "pop.h5") {
    return fmt::format(
        "--config {} --population.path={} --population.profile_pool=16 "
        "--simulation.popular_click_rate=0.14 --simulation.users={} --simulation.pages=3 "
        "--simulation.slate_size=3 --simulation.calibration_users=32",
        file("job.ini").string(), file(population).string(), users);
  }
  static inline TrainingJob* job_ = nullptr;
};

}  // namespace coldframe::testing
