// `make demo` as a user runs it, and proof that its own acceptance bounds can fail.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/core/json.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

class DemoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
    source_ = source == nullptr ? "." : source;
    if (!std::filesystem::exists(source_ / ".deps/movielens-100k") || !std::filesystem::exists(source_ / ".deps/encoders")) {
      GTEST_SKIP() << "MovieLens-100K or the default encoder is not in .deps (cluster/setup.sh brings both)";
    }
  }
  std::filesystem::path source_;
  TemporaryFolder folder_;
};

TEST_F(DemoTest, trains_simulates_and_compares_within_its_bounds) {
  const Outcome demo = run_command(fmt::format("{}/experiments/demo/run.sh {} {}", source_.string(), program_path().string(), folder_.path().string()));
  ASSERT_EQ(demo.code, 0) << demo.output << demo.errors;
  const std::filesystem::path demo_folder = folder_ / "demo";
  EXPECT_GT(std::filesystem::file_size(demo_folder / "report.html"), 1'000'000u) << "plotly is not inside";
  const nlohmann::json report = read_json(demo_folder / "report.json");
  for (const char* strategy : {"lora", "pfeiffer", "full"}) {
    EXPECT_NE(report.dump().find(strategy), std::string::npos);
    EXPECT_NE(demo.output.find(fmt::format("{} / popularity at k = 0", strategy)), std::string::npos);
  }
}

TEST_F(DemoTest, an_optimizer_that_does_nothing_misses_the_bounds) {
  const std::string store = (folder_ / "ml.h5").string();
  ASSERT_EQ(run_program(fmt::format("import --source movielens-100k --input {}/.deps/movielens-100k --output {}", source_.string(), store)).code, 0);
  const Outcome trained = run_program(fmt::format(
      "train --config {0}/experiments/demo/base.ini --config {0}/experiments/demo/lora.ini --data.path={1} --experiment.root={2} "
      "--encoder.folder={0}/.deps/encoders/all-MiniLM-L6-v2 --optimizer.learning_rate=1e-30 --schedule.steps=2 --schedule.warmup=1",
      source_.string(), store, folder_.path().string()));
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const Outcome evaluated = run_program(fmt::format("evaluate --run {}", (folder_ / "demo/lora/fold-0/seed-1").string()));
  EXPECT_EQ(evaluated.code, 4) << evaluated.output;
  EXPECT_NE(evaluated.output.find("MISSED"), std::string::npos);
}

}  // namespace
}  // namespace coldframe::testing
