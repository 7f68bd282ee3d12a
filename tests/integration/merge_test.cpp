// `coldframe merge`: one run folded into its encoder, several by weights, what cannot be folded, and bounds.
#include <ATen/TensorOperators.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/core/json.h"
#include "framework/model/weight_files.h"
#include "tests/integration/training_job.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::run_program;
using testing::TrainingJob;

class MergeTest : public ::testing::Test {
 protected:
  std::string train(const std::string& variant, const std::string& strategies, const std::string& more = {}) {
    const Outcome outcome = job_.train(0, "runs",
                                       fmt::format("--config {} '--strategy.use={}' --experiment.variant={} {}",
                                                   job_.short_config().string(), strategies, variant, more));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return job_.run("runs", variant).string();
  }
  fs::path output(const std::string& name) const { return job_.folder() / name; }

  TrainingJob job_;
};

/// The query matrix of layer 0 in an encoder folder.
at::Tensor query_of(const fs::path& folder) {
  return WeightFiles::of_encoder(folder).read("encoder.layer.0.attention.self.query.weight");
}

fs::path tiny_encoder() {
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  return fs::path(source == nullptr ? "." : source) / "tests/golden/tiny_encoder";
}

TEST_F(MergeTest, one_run_becomes_an_encoder_folder_that_gives_the_same_vectors) {
  const std::string run = train("both", "lora bitfit");
  const fs::path merged = output("merged");
  const Outcome outcome = run_program(fmt::format("merge --run {} --output {}", run, merged.string()));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const nlohmann::json facts = read_json(merged / "merge.json");
  EXPECT_LT(facts["largest_error"], 1e-5);
  EXPECT_EQ(facts["texts"], 40 + 60);
  EXPECT_EQ(facts["not_merged"], nlohmann::json::array());
  EXPECT_NE(facts["encoder_sha256"], facts["base_encoder_sha256"]);
  // By another way: vectors of a file from the run and from the folder.
  std::ofstream(output("texts.txt")) << "a blue river\nthe lost king\n";
  const auto encode = [&](const std::string& which, const std::string& file) {
    const Outcome done = run_program(
        fmt::format("encode {} --input {} --output {}", which, output("texts.txt").string(), output(file).string()));
    EXPECT_EQ(done.code, 0) << done.errors;
    return read_file(output(file));
  };
  const std::string theirs = encode("--run " + run, "run.npy");
  const std::string ours = encode("--encoder " + merged.string(), "merged.npy");
  ASSERT_EQ(theirs.size(), ours.size());
  const std::size_t count = 2 * 64;
  std::vector<float> a(count), b(count);
  std::memcpy(a.data(), theirs.data() + theirs.size() - count * 4, count * 4);
  std::memcpy(b.data(), ours.data() + ours.size() - count * 4, count * 4);
  for (std::size_t i = 0; i < count; ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
  EXPECT_NE(encode("--encoder " + tiny_encoder().string(), "plain.npy"), ours);
  const Outcome again = run_program(fmt::format("merge --run {} --output {}", run, merged.string()));
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.errors, HasSubstr("exists"));
}

TEST_F(MergeTest, what_does_not_merge_stands_beside_the_encoder_or_is_refused_alone) {
  const std::string mixed = train("mixed", "lora houlsby");
  const fs::path merged = output("merged");
  const Outcome outcome = run_program(fmt::format("merge --run {} --output {}", mixed, merged.string()));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("houlsby does not merge"));
  EXPECT_TRUE(fs::exists(merged / "adapters/houlsby/adapter_config.json"));
  EXPECT_LT(read_json(merged / "merge.json")["largest_error"], 1e-5);
  const std::string alone = train("alone", "houlsby");
  const Outcome refused = run_program(fmt::format("merge --run {} --output {}", alone, output("none").string()));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("houlsby cannot be written as weights of the encoder"));
  EXPECT_FALSE(fs::exists(output("none")));
}

TEST_F(MergeTest, a_merge_beyond_the_bound_leaves_nothing_behind) {
  const std::string run = train("lora", "lora");
  const fs::path merged = output("merged");
  const Outcome outcome =
      run_program(fmt::format("merge --run {} --output {} --largest-error 1e-12", run, merged.string()));
  EXPECT_EQ(outcome.code, 7) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("changes its vectors by up to"));
  for (const fs::directory_entry& entry : fs::directory_iterator(job_.folder())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("merged")) << entry.path();
  }
}

TEST_F(MergeTest, several_runs_are_added_by_weights) {
  const std::string one = train("one", "lora", "--encoder.precision=bf16"),
                    other = train("other", "lora", "--experiment.seed=2");
  const fs::path other_run = fs::path(other).parent_path() / "seed-2";
  const auto merge = [&](const std::string& runs, const std::string& more, const std::string& name) {
    const Outcome outcome = run_program(fmt::format("merge {} {} --output {}", runs, more, output(name).string()));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return query_of(output(name));
  };
  const at::Tensor base = query_of(tiny_encoder());
  const at::Tensor first = merge("--run " + one, "", "first") - base;
  const at::Tensor second = merge("--run " + other_run.string(), "", "second") - base;
  EXPECT_GT((first - second).abs().max().item<double>(), 1e-4);
  const std::string both = fmt::format("--run {} --run {}", one, other_run.string());
  const at::Tensor sum = merge(both, "--weights=0.75,-0.5", "sum") - base;
  EXPECT_LT((sum - (0.75 * first - 0.5 * second)).abs().max().item<double>(), 1e-6);
  const at::Tensor ties = merge(both, "--weights 1,1 --method ties --density 0.2", "ties") - base;
  EXPECT_NEAR((ties != 0).to(at::kDouble).mean().item<double>(), 0.3, 0.11) << "a fifth of each is kept";
  const nlohmann::json facts = read_json(output("ties") / "merge.json");
  EXPECT_EQ(facts["method"], "ties");
  EXPECT_EQ(facts["runs"].size(), 2u);
  EXPECT_EQ(run_program(fmt::format("merge {} --output {}", both, output("x").string())).code, 2) << "no weights";
}

}  // namespace
}  // namespace coldframe
