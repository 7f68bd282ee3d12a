// `classify` through the program itself: invented questions, the same numbers on any ranks, bounds and refusals, and
// the bank's customers where that data set is there.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/core/json.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

std::string tiny_encoder() { return std::string(std::getenv("COLDFRAME_SOURCE_DIR")) + "/tests/golden/tiny_encoder"; }

/// Questions of three kinds that share most of their words.
std::string questions(std::size_t rows, std::size_t first = 0) {
  const std::pair<const char*, const char*> kinds[] = {
      {"card", "red king"}, {"fee", "lost city"}, {"pin", "night war"}};
  const char* others[] = {"blue", "stone", "love", "drama", "old", "man"};
  std::string csv = "id,text,intent\n";
  for (std::size_t r = first; r < first + rows; ++r) {
    const auto& [name, words] = kinds[r % 3];
    csv += fmt::format("{},\"{} {}, {} {}\",{}\n", r, others[r % 5], words, others[r / 5 % 6], r, name);
  }
  return csv;
}

class ClassifyTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return (job_.folder() / name).string(); }
  Outcome classify(const std::string& arguments, int ranks = 0) const {
    const std::string start = ranks > 0 ? fmt::format("mpirun -n {} ", ranks) : "";
    return run_command(fmt::format("{}'{}' classify {}", start, program_path().string(), arguments));
  }
  TrainingJob job_;
};

TEST_F(ClassifyTest, heads_beat_the_class_frequencies_and_encoders_are_paired) {
  const std::string all = write("all.csv", questions(300));
  const Outcome trained = job_.train(0, "runs", "--config " + job_.short_config().string());
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const std::string run = job_.run("runs", "lora").string();
  const std::string arguments = fmt::format(
      "--encoder {} --run {} --train {} --label intent --ridge 1e-2,1e-3 --evaluation.replicates=200 "
      "--expect.classify.strategy.linear.accuracy.low='> 0.5' --measures {}",
      tiny_encoder(), run, all, path("measures.json"));
  const Outcome alone = classify(arguments + " --output " + path("labels.json"));
  ASSERT_EQ(alone.code, 0) << alone.errors << alone.output;
  EXPECT_THAT(alone.output, HasSubstr("180 texts to fit heads, 60 to choose ridge and temperature, 60 to test"));
  const Json rows = read_json(path("labels.json")).at("tables").at(0).at("rows");
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows[0].at("scorer"), "class frequencies");
  EXPECT_NEAR(rows[0].at("accuracy").at("value").get<double>(), 1.0 / 3.0, 1e-9);
  EXPECT_NEAR(rows[0].at("log_loss").at("value").get<double>(), std::log(3.0), 1e-9);
  EXPECT_EQ(rows[1].at("scorer"), "tiny_encoder");
  EXPECT_EQ(rows[3].at("scorer"), "lora");
  EXPECT_GT(rows[3].at("accuracy").at("value").get<double>(), 0.7);
  EXPECT_LT(rows[3].at("log_loss").at("value").get<double>(), std::log(3.0));
  EXPECT_TRUE(std::filesystem::exists(path("labels-classify-classes.csv")));
  const Outcome shared = classify(arguments + " --distributed.threads=1", 2);
  ASSERT_EQ(shared.code, 0) << shared.errors;
  EXPECT_EQ(shared.output, alone.output) << "the same bits on any ranks and threads";
  EXPECT_EQ(classify(arguments + " --expect.classify.strategy.linear.log_loss='< 0'").code, 4);
}

TEST_F(ClassifyTest, a_frozen_run_is_its_pretrained_encoder) {
  const Outcome trained = job_.train(0, "runs", "--strategy.use=frozen --config " + job_.short_config().string());
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const Outcome outcome = classify(fmt::format(
      "--encoder {} --run {} --train {} --test {} --label intent --ridge 1e-2 --evaluation.replicates=100 --output {}",
      tiny_encoder(), job_.run("runs", "frozen").string(), write("train.csv", questions(120)),
      write("test.csv", questions(60, 200)), path("same.json")));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const Json difference = read_json(path("same.json")).at("tables").at(1).at("rows").at(0);
  EXPECT_EQ(difference.at("scorer"), "frozen");
  EXPECT_EQ(difference.at("accuracy").at("value"), 0.0);
  EXPECT_EQ(difference.at("log_loss").at("high"), 0.0);
}

TEST_F(ClassifyTest, mistakes_are_told_before_anything_is_encoded) {
  const std::string good = write("good.csv", questions(60));
  const auto refused = [&](const std::string& arguments, int code, const std::vector<std::string>& words) {
    expect_refused(classify(fmt::format("--encoder {} {}", tiny_encoder(), arguments)), code, words);
  };
  refused("--train " + good + " --label intnet", k_data, {"has no column intnet", "did you mean intent?"});
  refused("--label intent --train " + good + " --test " + write("new.csv", "text,intent\nhello,loan\n"), k_data,
          {"\"loan\"", "new.csv:2", "no text of role T"});
  refused("--label intent --train " + write("one.csv", "text,intent\na,x\nb,x\nc,x\n"), k_data,
          {"nothing to tell apart"});
  refused("--label intent --train " + write("empty.csv", ""), k_data, {"empty.csv is empty"});
  refused("--label intent", k_config, {"train", "is missing"});
  refused("--label intent --ridge=0 --train " + good, k_config, {"ridge", "must be > 0"});
  refused("--label intent --output x.txt --train " + good, k_config, {"output", ".json"});
  expect_refused(classify("--label intent --train " + good), k_config, {"--encoder"});
}

TEST_F(ClassifyTest, questions_to_a_bank_are_told_apart) {
  const char* extra = std::getenv("COLDFRAME_EXTRA_DATA");
  if (extra == nullptr) GTEST_SKIP() << "COLDFRAME_EXTRA_DATA is not set";
  const std::filesystem::path bank = std::filesystem::path(extra) / "banking77";
  if (!std::filesystem::exists(bank / "test.csv")) GTEST_SKIP() << bank << " is not there";
  const Outcome outcome = classify(
      fmt::format("--encoder {} --train {} --test {} --label category --ridge 1e-2 --evaluation.replicates=100 "
                  "--output {}",
                  tiny_encoder(), (bank / "train.csv").string(), (bank / "test.csv").string(), path("bank.json")));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("77 classes of 3080 texts"));
  const Json rows = read_json(path("bank.json")).at("tables").at(0).at("rows");
  EXPECT_NEAR(rows[0].at("accuracy").at("value").get<double>(), 1.0 / 77, 1e-9) << "40 of each class";
  EXPECT_GT(rows[1].at("accuracy").at("value").get<double>(), 5.0 / 77) << "even random vectors of words know some";
}

}  // namespace
}  // namespace coldframe::testing
