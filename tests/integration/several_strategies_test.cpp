// Several strategies in one run: trained, killed, resumed, saved side by side and opened again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <vector>

#include "tests/integration/training_job.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::TrainingJob;

std::string use(const std::string& strategies) { return fmt::format("'--strategy.use={}'", strategies); }

TEST(SeveralStrategiesTest, lora_and_biases_have_the_same_bits_on_any_ranks_and_after_a_resume) {
  const TrainingJob job;
  const std::string arguments = fmt::format("--config {} {}", job.short_config().string(), use("lora bitfit"));
  const Outcome one = job.train(1, "one", arguments);
  ASSERT_EQ(one.code, 0) << one.errors;
  ASSERT_EQ(job.train(3, "three", arguments).code, 0);
  EXPECT_EQ(testing::difference_between(job.run("one", "lora+bitfit"), job.run("three", "lora+bitfit")), "");
  // Fewer steps first, so that there is a checkpoint to go on from, on another number of ranks.
  ASSERT_EQ(job.train(2, "parts", arguments).code, 0);
  fs::remove_all(job.run("parts", "lora+bitfit") / "checkpoints/step-24");
  fs::remove_all(job.run("parts", "lora+bitfit") / "model");
  ASSERT_EQ(job.train(1, "parts", arguments + " --resume").code, 0);
  EXPECT_EQ(testing::difference_between(job.run("one", "lora+bitfit"), job.run("parts", "lora+bitfit")), "");
  const fs::path model = job.run("parts", "lora+bitfit") / "model";
  EXPECT_TRUE(fs::exists(model / "lora/adapter_model.safetensors"));
  EXPECT_TRUE(fs::exists(model / "bitfit/changed_weights.safetensors"));
}

TEST(SeveralStrategiesTest, what_was_saved_is_what_evaluate_and_encode_open) {
  const TrainingJob job;
  const std::string arguments = fmt::format("--config {} {}", job.short_config().string(), use("houlsby bitfit lora"));
  const Outcome trained = job.train(2, "run", arguments);
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const std::string run = job.run("run", "houlsby+bitfit+lora").string();
  const Outcome evaluated = testing::run_program("evaluate --run " + run);
  EXPECT_EQ(evaluated.code, 0) << evaluated.errors;
  fs::remove(fs::path(run) / "model/bitfit/changed_weights.json");
  const Outcome broken = testing::run_program("evaluate --run " + run);
  EXPECT_EQ(broken.code, 3);
  EXPECT_THAT(broken.errors, HasSubstr("changed_weights.json"));
}

/// Lines of a table of `evaluate` that begin so.
std::vector<std::string> rows(const std::string& output, const std::string& begin) {
  std::vector<std::string> found;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(begin)) found.push_back(line);
  }
  return found;
}

TEST(SeveralStrategiesTest, an_adapter_beside_a_prefix_and_a_prompt_are_trained_and_opened_again) {
  const TrainingJob job;
  const std::string config = fmt::format("--config {} ", job.short_config().string());
  std::string together = "evaluate", apart;
  for (const auto& [strategies, name] :
       {std::pair("parallel prefix", "parallel+prefix"), std::pair("prompt", "prompt")}) {
    const Outcome trained = job.train(2, "run", config + use(strategies));
    ASSERT_EQ(trained.code, 0) << trained.errors;
    const std::string run = job.run("run", name).string();
    together += " --run " + run;
    const Outcome evaluated = testing::run_program("evaluate --run " + run);
    EXPECT_EQ(evaluated.code, 0) << evaluated.errors;
    apart += evaluated.output;
    const Outcome merged = testing::run_program(fmt::format("merge --run {} --output {}/merged", run, run));
    EXPECT_EQ(merged.code, 2) << "nothing of these can be folded into the encoder: " << merged.errors;
    EXPECT_FALSE(fs::exists(fs::path(run) / "merged"));
  }
  // Rows that do not depend on what was learned are computed once for both.
  const std::string both = testing::run_program(together).output;
  for (const char* begin : {"popularity", "EASE", "frozen encoder", "parallel", "prompt"}) {
    ASSERT_FALSE(rows(apart, begin).empty()) << apart;
    EXPECT_EQ(rows(both, begin), rows(apart, begin));
  }
}

TEST(SeveralStrategiesTest, company_that_makes_no_sense_is_a_mistake_in_the_configuration) {
  const TrainingJob job;
  const Outcome outcome =
      job.train(2, "run", fmt::format("--config {} {}", job.short_config().string(), use("frozen lora")));
  EXPECT_EQ(outcome.code, 2) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("strategy.use names frozen beside others (it trains nothing) leave it out"));
  EXPECT_FALSE(fs::exists(job.folder() / "run"));
}

}  // namespace
}  // namespace coldframe
