// The prefix cache and variants through the program itself: bits on ranks, after a kill, alone and together; refusals.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PrefixCacheJobTest : public ::testing::Test {
 protected:
  PrefixCacheJobTest() {
    write("cached.ini", R"([strategy]
frozen_dropout = false
[prefix_cache]
use = true
[strategy.lora]
kind = lora
targets = layer.1.attention.query layer.1.attention.value
[strategy.full]
kind = full
parameters = encoder.layer.1.*
[experiment]
variant = upper
[distributed]
threads = 1
)");
    write("lora.ini", "[experiment]\nvariant = upper\n[strategy]\nuse = lora\n");
    write("full.ini", "[experiment]\nvariant = upper_full\n[strategy]\nuse = full\n");
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(file(name)) << text; }
  fs::path file(const std::string& name) const { return job_.folder() / name; }
  std::string cached() const { return fmt::format("--config {} ", file("cached.ini").string()); }
  std::string short_run() const { return cached() + fmt::format("--config {} ", job_.short_config().string()); }
  std::string variants() const {
    return fmt::format("--variant {} --variant {} ", file("lora.ini").string(), file("full.ini").string());
  }
  std::string folder_option() const { return fmt::format("--prefix_cache.folder={} ", file("cache").string()); }
  void train(int ranks, const std::string& root, const std::string& arguments) const {
    const Outcome outcome = job_.train(ranks, root, arguments);
    ASSERT_EQ(outcome.code, 0) << root << ": " << outcome.errors;
  }
  TrainingJob job_;
};

TEST_F(PrefixCacheJobTest, a_run_has_the_same_bits_on_other_ranks_and_with_a_file_of_an_earlier_run) {
  train(0, "alone", short_run());
  for (const int ranks : {2, 3, 4}) {
    const std::string root = fmt::format("ranks{}", ranks);
    train(ranks, root, short_run() + folder_option());
    EXPECT_EQ(difference_between(job_.run("alone", "upper"), job_.run(root, "upper")), "") << ranks;
  }
  EXPECT_EQ(names_in(file("cache")).size(), 1u);
  const std::string log = read_file(job_.run("ranks4", "upper") / "log.txt");
  EXPECT_THAT(log, HasSubstr("100.0 % of")) << "everything that rank 0 needs was there";
}

TEST_F(PrefixCacheJobTest, a_killed_run_goes_on_with_the_same_bits) {
  train(0, "whole", cached());
  const pid_t job = job_.start(2, "killed", cached() + folder_option());
  ASSERT_TRUE(wait_for_records(job_.run("killed", "upper") / "metrics.log", 70, 120));
  const std::vector<pid_t> ranks = rank_processes((job_.folder() / "killed").string());
  ASSERT_EQ(ranks.size(), 2u);
  kill(ranks[1], SIGKILL);
  EXPECT_NE(TrainingJob::wait(job, 60), 0);
  train(3, "killed", cached() + folder_option() + "--resume");
  EXPECT_EQ(difference_between(job_.run("whole", "upper"), job_.run("killed", "upper")), "");
}

TEST_F(PrefixCacheJobTest, variants_of_one_job_end_like_jobs_of_their_own) {
  train(0, "together", short_run() + variants());
  for (const std::string variant : {"lora", "full"}) {
    train(2, variant, short_run() + fmt::format("--config {} ", file(variant + ".ini").string()));
  }
  EXPECT_EQ(difference_between(job_.run("together", "upper"), job_.run("lora", "upper")), "");
  EXPECT_EQ(difference_between(job_.run("together", "upper_full"), job_.run("full", "upper_full")), "");
  const std::string first = read_file(job_.run("together", "upper") / "log.txt");
  const std::string second = read_file(job_.run("together", "upper_full") / "log.txt");
  EXPECT_EQ(first.find("100.0 % of"), first.npos);
  EXPECT_THAT(second, HasSubstr("100.0 % of")) << "the second variant computes nothing below its layer";
  EXPECT_TRUE(fs::exists(job_.run("together", "upper") / "model/adapter_config.json"));
  EXPECT_TRUE(fs::exists(job_.run("together", "upper_full") / "run.h5"));
}

TEST_F(PrefixCacheJobTest, variants_go_on_after_a_stop) {
  train(0, "whole", cached() + variants());
  const pid_t job = job_.start(0, "stopped", cached() + variants());
  ASSERT_TRUE(wait_for_records(job_.run("stopped", "upper_full") / "metrics.log", 20, 120));
  kill(job, SIGTERM);
  EXPECT_EQ(TrainingJob::wait(job, 60), 75);
  train(2, "stopped", cached() + variants() + "--resume");
  for (const std::string variant : {"upper", "upper_full"}) {
    EXPECT_EQ(difference_between(job_.run("whole", variant), job_.run("stopped", variant)), "") << variant;
  }
}

TEST_F(PrefixCacheJobTest, a_dry_run_says_what_it_spares) {
  const std::string base = fmt::format("check --config {} ", (job_.folder() / "job.ini").string());
  const Outcome with = run_program(base + cached());
  EXPECT_EQ(with.code, 0) << with.errors;
  EXPECT_THAT(with.output, HasSubstr("prefix cache: 1 of 2 layers"));
  expect_refused(run_program(base + "--prefix_cache.use=true --strategy.frozen_dropout=false"), k_config,
                 {"nothing below"});
}

TEST_F(PrefixCacheJobTest, a_cache_that_cannot_help_is_refused) {
  expect_refused(job_.train(0, "refused", "--prefix_cache.use=true"), k_config,
                 {"prefix_cache.use", "layers with dropout", "frozen_dropout = false"});
  for (const std::string strategy : {"lora", "full", "pfeiffer"}) {
    expect_refused(
        job_.train(0, "refused", "--prefix_cache.use=true --strategy.frozen_dropout=false --strategy.use=" + strategy),
        k_config, {"prefix_cache.use = true with strategy.use = " + strategy, "nothing below", "upper layers"});
  }
  EXPECT_TRUE(names_in(job_.folder() / "refused").empty());
}

TEST_F(PrefixCacheJobTest, variants_with_one_folder_and_wrong_variants_are_refused_before_any_begins) {
  expect_refused(
      job_.train(0, "refused", short_run() + fmt::format("--variant {0} --variant {0}", file("lora.ini").string())),
      k_config, {"two variants go to", "experiment.variant"});
  write("wrong.ini", "[optimizer]\nlerning_rate = 1\n");
  expect_refused(job_.train(0, "refused", short_run() + variants() + "--variant " + file("wrong.ini").string()),
                 k_config, {"wrong.ini:2", "learning_rate"});
  EXPECT_TRUE(names_in(job_.folder() / "refused").empty());
}

}  // namespace
}  // namespace coldframe::testing
