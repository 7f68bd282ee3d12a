// What people get wrong, through the program itself: one clear error, the documented exit code, nothing half-written.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/distributed/checkpoint_files.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path state_of(const fs::path& run, int step) {
  return run / "checkpoints" / fmt::format("step-{}", step) / "state.safetensors";
}

fs::path tiny_encoder() { return fs::path(std::getenv("COLDFRAME_SOURCE_DIR")) / "tests/golden/tiny_encoder"; }

class BadImportTest : public ::testing::Test {
 protected:
  BadImportTest() {
    fs::create_directory(folder());
    for (const char* file : {"users.csv", "items.csv", "ratings.csv", "mapping.ini"})
      fs::copy(job_.folder() / file, folder());
  }
  fs::path folder() const { return job_.folder() / "sources"; }

  void expect_refused(const std::vector<std::string>& words) const {
    const std::vector<std::string> before = names_in(folder());
    const Outcome outcome =
        run_program(fmt::format("import --source {0}/mapping.ini --input {0} --output {0}/out.h5", folder().string()));
    testing::expect_refused(outcome, k_data, words);
    EXPECT_EQ(names_in(folder()), before) << "something half-written is left";
  }
  TrainingJob job_;
};

TEST_F(BadImportTest, missing_file) {
  fs::remove(folder() / "items.csv");
  expect_refused({"there is no", "items.csv"});
}

TEST_F(BadImportTest, wrong_delimiter) {
  std::string text = read_file(folder() / "ratings.csv");
  std::ranges::replace(text, ',', ';');
  std::ofstream(folder() / "ratings.csv") << text;
  expect_refused({"ratings.csv:1", "no column 'user'", "delimiter"});
}

TEST_F(BadImportTest, line_ends_of_another_age) {
  std::string text = read_file(folder() / "ratings.csv");
  std::ranges::replace(text, '\n', '\r');
  std::ofstream(folder() / "ratings.csv") << text;
  expect_refused({"ratings.csv", "carriage return alone", "LF"});
}

TEST_F(BadImportTest, truncated_gzip) {
  ASSERT_EQ(run_command(fmt::format("gzip {}/ratings.csv", folder().string())).code, 0);
  keep_first(folder() / "ratings.csv.gz", 1000);
  expect_refused({"ratings.csv.gz", "truncated"});
}

TEST_F(BadImportTest, empty_file) {
  std::ofstream(folder() / "ratings.csv", std::ios::trunc).close();
  expect_refused({"ratings.csv is empty"});
}

TEST_F(BadImportTest, invalid_utf8) {
  append(folder() / "items.csv", "i99,bad \xff title,1990,Drama\n");
  expect_refused({"invalid UTF-8", "items.csv:42", "0xFF"});
}

TEST_F(BadImportTest, repeated_user) {
  append(folder() / "users.csv", "u3,44,M,writer\n");
  expect_refused({"'u3'", "users.csv:62", "line 5"});
}

TEST_F(BadImportTest, repeated_item) {
  append(folder() / "items.csv", "i3,other,1990,Drama\n");
  expect_refused({"'i3'", "items.csv:42", "line 5"});
}

class BadTrainingTest : public ::testing::Test {
 protected:
  Outcome train(const std::string& arguments, int ranks = 0) const {
    return job_.train(ranks, "runs", fmt::format("--config {} {}", job_.short_config().string(), arguments));
  }
  /// Refused before anything is written.
  void expect_nothing(int code, const std::string& arguments, const std::vector<std::string>& words,
                      int ranks = 0) const {
    const std::vector<std::string> before = names_in(job_.folder());
    expect_refused(train(arguments, ranks), code, words);
    EXPECT_EQ(names_in(job_.folder()), before) << "something half-written is left";
  }
  fs::path copy_of_encoder() const {
    const fs::path copy = job_.folder() / "encoder";
    fs::copy(tiny_encoder(), copy, fs::copy_options::recursive);
    return copy;
  }
  void import_again() const {
    ASSERT_EQ(run_program(fmt::format("import --source {0}/mapping.ini --input {0} --output {1} --overwrite",
                                      job_.folder().string(), job_.store().string()))
                  .code,
              0);
  }
  fs::path run() const { return job_.run("runs", "lora"); }
  TrainingJob job_;
};

TEST_F(BadTrainingTest, mistakes_in_the_configuration) {
  expect_nothing(k_config, "--optimizer.learning_rat=1", {"optimizer.learning_rat", "did you mean learning_rate?"});
  expect_nothing(k_config, "--batch.lanes=3", {"batch.lanes = 3", "power of two"});
  expect_nothing(k_config, "--optimizer.learning_rate=-1", {"optimizer.learning_rate = -1", "must be > 0"});
  expect_nothing(k_config, "--batch.pairs=abc", {"batch.pairs = abc", "not a whole number"});
  expect_nothing(k_config, "--strategy.use=lorra", {"lorra", "did you mean lora?"});
  expect_nothing(k_config, "--experiment.name=../elsewhere", {"experiment.name", "below experiment.root"});
  expect_nothing(k_config, "--experiment.name=", {"experiment.name", "must not be empty"});
  expect_nothing(k_config, "--batch.pairs=100000000000", {"batch.pairs = 100000000000", "1048576"});
  expect_nothing(k_config, "--strategy.lora.targets=no.such.site", {"no.such.site"});
}

TEST_F(BadTrainingTest, two_mistakes_are_told_at_once_with_their_lines) {
  std::ofstream(job_.folder() / "more.ini") << "[optimizer]\nlearning_rat = 1\n[batch]\nlanes = many\n";
  expect_nothing(
      k_config, "--config " + (job_.folder() / "more.ini").string(),
      {"2 problems", "more.ini:2 (unknown key) did you mean learning_rate?", "more.ini:4 (not a whole number)"});
}

TEST_F(BadTrainingTest, a_key_that_moved_is_told_where_it_went) {
  expect_nothing(k_config, "--simulation.user_vector=recompose", {"did you mean evaluation.user_vector?"});
  expect_nothing(k_config, "--learning_rate=1", {"did you mean --optimizer.learning_rate?"});
}

TEST_F(BadTrainingTest, nobody_to_learn_from_or_to_validate_on) {
  expect_nothing(k_data, "--data.like_threshold=99", {"no training pairs", "data.like_threshold"}, 2);
  expect_nothing(k_data, "--training.validate_every=4 --evaluation.masked=999", {"nobody is left to validate on"}, 2);
}

TEST_F(BadTrainingTest, two_strategies_of_one_run_are_both_exported) {
  ASSERT_EQ(train("--strategy.use=lora,pfeiffer").code, 0);
  const fs::path both = job_.run("runs", "lora+pfeiffer");
  EXPECT_TRUE(fs::exists(both / "model" / "lora" / "adapter_config.json"));
  EXPECT_TRUE(fs::exists(both / "model" / "pfeiffer" / "adapter_config.json"));
  EXPECT_EQ(run_program("evaluate --run " + both.string()).code, 0);
}

TEST_F(BadTrainingTest, more_ranks_than_lanes) { expect_nothing(k_config, "", {"5 ranks for batch.lanes = 4"}, 5); }

TEST_F(BadTrainingTest, missing_data_on_several_ranks_is_said_once) {
  fs::remove(job_.store());
  expect_nothing(k_data, "", {job_.store().string()}, 2);
}

TEST_F(BadTrainingTest, missing_encoder) {
  expect_nothing(k_data, "--encoder.folder=/no/such/encoder", {"encoder.folder = /no/such/encoder"});
}

TEST_F(BadTrainingTest, truncated_encoder) {
  const fs::path encoder = copy_of_encoder();
  keep_first(encoder / "model.safetensors", 20000);
  expect_nothing(k_data, "--encoder.folder=" + encoder.string(), {"model.safetensors"});
}

TEST_F(BadTrainingTest, encoder_whose_configuration_has_other_shapes) {
  const fs::path encoder = copy_of_encoder();
  std::string text = read_file(encoder / "config.json");
  const std::size_t at = text.find_first_of("0123456789", text.find("\"intermediate_size\""));
  text.replace(at, text.find_first_not_of("0123456789", at) - at, "48");
  std::ofstream(encoder / "config.json") << text;
  expect_nothing(k_data, "--encoder.folder=" + encoder.string(), {"intermediate", "shape"});
}

TEST_F(BadTrainingTest, run_folder_that_exists) {
  ASSERT_EQ(train("").code, 0);
  expect_nothing(k_config, "", {"exists", "--resume", "--overwrite"});
  expect_nothing(k_config, "--optimizer.learning_rate=3e-3", {"exists", "another configuration"});
  expect_nothing(k_config, "--optimizer.learning_rate=3e-3 --resume", {"belongs to another configuration"});
  // Both decide what validation sees; what is only asked of a finished run may change.
  expect_nothing(k_config, "--evaluation.masked=4 --resume", {"belongs to another configuration"});
  expect_nothing(k_config, "--evaluation.tie_seed=4 --resume", {"belongs to another configuration"});
  EXPECT_EQ(train("--evaluation.alpha=0.1 --resume").code, 0);
  expect_nothing(k_config, "--resume --overwrite", {"contradicts"});
  fs::remove(job_.store());
  expect_nothing(k_data, "--overwrite", {job_.store().string()});
}

TEST_F(BadTrainingTest, run_folder_that_another_job_writes_to) {
  const pid_t job = job_.start(0, "runs", "--distributed.threads=1");
  ASSERT_TRUE(wait_for_records(run() / "metrics.log", 2, 120));
  for (const char* existing : {"--resume", "--overwrite"}) {
    expect_refused(job_.train(0, "runs", fmt::format("--distributed.threads=1 {}", existing)), k_data,
                   {run().string() + " is in use", "another job writes there"});
  }
  EXPECT_GE(read_metrics(run() / "metrics.log").size(), 2u);
  kill(job, SIGTERM);
  EXPECT_EQ(TrainingJob::wait(job, 120), 75);
  EXPECT_FALSE(list_checkpoints(run() / "checkpoints").empty());
}

TEST_F(BadTrainingTest, checkpoint_of_another_encoder) {
  const fs::path encoder = copy_of_encoder();
  const std::string arguments = "--encoder.folder=" + encoder.string();
  ASSERT_EQ(train(arguments).code, 0);
  // In the middle lie the weights of a layer; the header comes first, a pooler that is not used last.
  std::fstream weights(encoder / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  weights.seekp(static_cast<std::streamoff>(fs::file_size(encoder / "model.safetensors") / 2));
  weights.put('\x11');
  weights.close();
  expect_refused(train(arguments + " --resume"), k_data, {"step-24 belongs to another run", "encoder is"});
}

TEST_F(BadTrainingTest, data_changed_since_the_checkpoint) {
  ASSERT_EQ(train("").code, 0);
  append(job_.folder() / "ratings.csv", "u0,i0,5,1009999\n");
  import_again();
  expect_refused(train("--resume"), k_data, {"step-24 belongs to another run", "data is"});
  expect_refused(run_program("evaluate --run " + run().string()), k_data,
                 {"is not what", "was trained with", "data is"});
}

TEST_F(BadTrainingTest, damaged_newest_checkpoint_is_named_and_the_one_before_it_used) {
  ASSERT_EQ(train("").code, 0);
  ASSERT_EQ(job_.train(0, "whole", "--config " + job_.short_config().string()).code, 0);
  damage(state_of(run(), 24));
  const Outcome resumed = train("--resume");
  EXPECT_EQ(resumed.code, 0) << resumed.errors;
  EXPECT_THAT(resumed.errors, HasSubstr("passed over a checkpoint"));
  EXPECT_THAT(resumed.errors, HasSubstr(state_of(run(), 24).string() + " is damaged"));
  EXPECT_EQ(difference_between(job_.run("whole", "lora"), run()), "");
}

TEST_F(BadTrainingTest, no_intact_checkpoint) {
  ASSERT_EQ(train("").code, 0);
  for (const FoundCheckpoint& checkpoint : list_checkpoints(run() / "checkpoints")) {
    damage(checkpoint.folder / "state.safetensors");
  }
  expect_refused(train("--resume"), k_data, {"no intact checkpoint", "step-16", "step-24", "--overwrite"});
}

/// A folder that holds little. Unmounted at the end.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& path) : path_(path) {
    fs::create_directory(path);
    mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, "size=400k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path path_;
  bool mounted_ = false;
};

TEST_F(BadTrainingTest, disk_full_at_a_checkpoint_keeps_the_one_before) {
  const SmallDisk disk(job_.folder() / "runs");
  if (!disk.mounted()) GTEST_SKIP() << "only root can mount a small tmpfs";
  const Outcome outcome = job_.train(
      0, "runs", "--distributed.threads=1 --training.validate_every=0 --checkpoint.keep=1000 --checkpoint.every=2");
  expect_refused(outcome, k_data, {"No space left on device", (run() / "checkpoints" / "step-").string()});
  EXPECT_EQ(outcome.errors.find(".tmp-"), std::string::npos) << outcome.errors;
  const std::vector<FoundCheckpoint> kept = list_checkpoints(run() / "checkpoints");
  ASSERT_FALSE(kept.empty());
  for (const FoundCheckpoint& checkpoint : kept) EXPECT_NO_THROW(verify_checkpoint(checkpoint)) << checkpoint.folder;
  for (const std::string& name : names_in(run() / "checkpoints")) EXPECT_TRUE(name.starts_with("step-")) << name;
}

class BadRunTest : public BadTrainingTest {};

TEST_F(BadRunTest, folder_that_holds_no_run) {
  expect_refused(run_program("evaluate --run " + job_.folder().string()), k_data, {"is no run folder", "config.ini"});
  expect_refused(run_program("evaluate --run /no/such/run"), k_data, {"/no/such/run"});
}

TEST_F(BadRunTest, record_that_was_cut_off) {
  ASSERT_EQ(train("").code, 0);
  const std::uintmax_t whole = fs::file_size(run() / "run.h5");
  for (const std::uintmax_t bytes : {whole / 2, std::uintmax_t{100}, std::uintmax_t{0}}) {
    keep_first(run() / "run.h5", bytes);
    expect_refused(run_program("evaluate --run " + run().string()), k_data, {(run() / "run.h5").string()});
    EXPECT_EQ(fs::file_size(run() / "run.h5"), bytes);
  }
}

TEST_F(BadRunTest, what_makes_the_run_cannot_be_changed_by_its_evaluation) {
  ASSERT_EQ(train("").code, 0);
  const std::string evaluate = "evaluate --run " + run().string();
  expect_refused(run_program(evaluate + " --user-vector=recompose"), k_config, {"did you mean --evaluation.user_vector?"});
  expect_refused(run_program(evaluate + " --evaluation.user_vector=average"), k_config, {"reencode | recompose"});
  expect_refused(run_program(evaluate + " --strategy.lora.rank=4"), k_config, {"unknown section"});
  expect_refused(run_program(evaluate + " --evaluation.masked=40 --evaluation.shots=0"), k_data, {"nobody is left to be tested"});
}

TEST_F(BadRunTest, run_that_did_not_finish) {
  const pid_t job = job_.start(0, "runs", "--distributed.threads=1");
  ASSERT_TRUE(wait_for_records(run() / "metrics.log", 3, 120));
  kill(job, SIGTERM);
  ASSERT_EQ(TrainingJob::wait(job, 120), 75);
  expect_refused(run_program("evaluate --run " + run().string()), k_data, {"not finished", "--resume"});
}

}  // namespace
}  // namespace coldframe::testing
