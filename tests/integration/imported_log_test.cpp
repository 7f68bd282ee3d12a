// A log that left the program as CSV and came back.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "framework/core/atomic_file.h"
#include "framework/data/dataset_store.h"
#include "tests/cli/program.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

namespace fs = std::filesystem;

TEST(ImportedLog, that_a_simulation_exported_says_what_it_said) {
  const TrainingJob job;
  const auto file = [&](const std::string& name) { return job.folder() / name; };
  const std::string settings = fmt::format(
      "--config {} --population.path={} --population.profile_pool=16 --simulation.popular_click_rate=0.14 "
      "--simulation.users=400 --simulation.pages=3 --simulation.slate_size=3 --simulation.calibration_users=32",
      file("job.ini").string(), file("pop.h5").string());
  const Outcome made = run_program("population " + settings);
  ASSERT_EQ(made.code, 0) << made.errors;
  const Outcome simulated =
      run_program(fmt::format("simulate {} --output {} --log {} --log-csv --simulation.policies=epsilon=0.3:popularity",
                              settings, file("x.h5").string(), file("xlogs").string()));
  ASSERT_EQ(simulated.code, 0) << simulated.errors;
  write_file_atomically(file("log.ini"), R"([source]
name = a log
[impressions]
file = epsilon_0.3_popularity.csv
page = page
position = position
session = session
period = period
log_propensity = log_propensity
log_marginal = log_marginal
timestamp = timestamp
timestamp_unit = seconds
policy = epsilon=0.3:popularity
logging = stochastic
clicked_items = leave
)");
  const Outcome imported =
      run_program(fmt::format("import --source {} --input {} --output {}", file("log.ini").string(),
                              file("xlogs").string(), file("imported.h5").string()));
  ASSERT_EQ(imported.code, 0) << imported.errors;
  const auto answer = [&](const fs::path& store) {
    const Outcome asked =
        run_program(fmt::format("offpolicy {} --log {} --policy popularity --policy random", settings, store.string()));
    EXPECT_EQ(asked.code, 0) << asked.errors;
    return asked.output.substr(asked.output.find('\n'));  // the first line names the file
  };
  EXPECT_NE(read_dataset(file("imported.h5")).items.ids, read_dataset(job.store()).items.ids) << "proves nothing";
  EXPECT_EQ(answer(file("imported.h5")), answer(file("xlogs") / "epsilon_0.3_popularity.h5"));
}

}  // namespace
}  // namespace coldframe::testing
