#include "framework/reporting/newcomer_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/reporting/tiny_records.h"

namespace coldframe {
namespace {

TEST(NewcomerText, says_so_when_there_is_no_evaluation) {
  EXPECT_EQ(newcomer_text(RunRecord{}, {}), "no evaluation yet\n");
}

TEST(NewcomerText, shows_every_scorer_at_every_k_and_the_ratio_to_popularity) {
  const RunRecord record = testing::tiny_run({});
  const std::string text = newcomer_text(record, {200, 0.95, 1});
  EXPECT_NE(text.find("40 newcomers"), std::string::npos) << text;
  EXPECT_NE(text.find("7 left out"), std::string::npos) << text;
  for (const NewcomerRow& row : record.newcomers)
    EXPECT_NE(text.find("\n" + row.name + " "), std::string::npos) << text;
  const ShotRow& popular = record.newcomers[1].table.rows[0];
  EXPECT_NE(text.find(fmt::format("{:.3f} / {:.3f}", popular.mean(0), popular.mean(1))), std::string::npos) << text;
  const std::size_t knn = text.find("item-kNN");
  EXPECT_EQ(text.substr(knn + 34, 16), fmt::format("{:>16}", "-")) << "no row at k = 0";
  const ShotRow& lora = record.newcomers[5].table.rows[0];
  ASSERT_EQ(record.newcomers[5].name, "lora");
  EXPECT_NE(text.find(fmt::format("lora / popularity at k = 0, ndcg@10: {:.2f} [", lora.mean(0) / popular.mean(0))),
            std::string::npos)
      << text;
}

TEST(NewcomerText, shows_what_serving_takes_once_it_was_measured_and_what_cosines_cannot_say) {
  RunRecord record = testing::tiny_run({});
  EXPECT_EQ(newcomer_text(record, {200, 0.95, 1}).find("one newcomer at a time"), std::string::npos);
  record.summary["cost"]["serving"] = {{"users", 40},
                                       {"shots", 3},
                                       {"encode_ms", {{"p50", 3.25}, {"p99", 4.5}}},
                                       {"rank_ms", {{"p50", 0.5}, {"p99", 0.75}}},
                                       {"peak_memory_bytes", 412000000}};
  const std::string text = newcomer_text(record, {200, 0.95, 1});
  EXPECT_NE(
      text.find(
          "k = 3: text to vector 3.25 ms (p50), 4.50 ms (p99); ranking 12 items 0.50 ms, 0.75 ms; peak memory 412 MB"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("calibration error: n/a"), std::string::npos) << text;
  const nlohmann::json column = {{"key", "scorer"}, {"title", "scorer"}};
  const nlohmann::json table = {{"id", "evaluation-calibration"},
                                {"title", "Calibration of the probability of a like"},
                                {"note", ""},
                                {"columns", {column}},
                                {"rows", {{{"scorer", "base rate"}}}}};
  record.summary["calibration"] = {{"tables", {table}}};
  const std::string calibrated = newcomer_text(record, {200, 0.95, 1});
  EXPECT_EQ(calibrated.find("calibration error: n/a"), std::string::npos) << calibrated;
  EXPECT_NE(calibrated.find("base rate"), std::string::npos) << calibrated;
  EXPECT_NE(calibrated.find("accuracy, F1: n/a"), std::string::npos) << calibrated;
}

}  // namespace
}  // namespace coldframe
