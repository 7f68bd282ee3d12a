#include "framework/reporting/label_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/reporting/measures.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

/// A head that is sure of 8 in 10 texts and right about all but every `wrong`th.
LabelClassifier head(const std::string& name, const std::string& kind, const std::vector<std::uint32_t>& labels,
                     std::size_t wrong) {
  LabelClassifier one{name, kind, name != "MiniLM", {}, kind == "linear" ? std::optional(0.001) : std::nullopt, 1.5};
  for (std::size_t r = 0; r < labels.size(); ++r) {
    const bool right = r % wrong != 0;
    one.rows.push_back({right ? labels[r] : (labels[r] + 1) % 3, 0.8, right ? 0.2 : 1.6, right ? 0.1 : 1.3});
  }
  return one;
}

LabelInput input_of(std::size_t texts) {
  LabelInput input;
  input.task = "test.csv, column intent";
  input.classes = {"card arrival", "fee", "pin"};
  input.trained = 900;
  input.validated = 100;
  for (std::uint32_t r = 0; r < texts; ++r) {
    input.texts.emplace_back(r);
    input.labels.push_back(r / 2 % 3);
  }
  input.classifiers = {head("MiniLM", "linear", input.labels, 4), head("MiniLM", "centroid", input.labels, 3),
                       head("lora", "linear", input.labels, 20), head("lora", "centroid", input.labels, 3)};
  return input;
}

TEST(LabelReport, sets_heads_side_by_side_and_pairs_encoders_with_the_first) {
  const Json report = label_report(input_of(600), {});
  const Json& rows = report["tables"][0]["rows"];
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_NEAR(rows[0]["accuracy"]["value"].get<double>(), 0.75, 1e-12);
  EXPECT_NEAR(rows[2]["confidence_gap"]["value"].get<double>(), 0.8 - 0.95, 1e-12);
  EXPECT_NEAR(rows[2]["ece"].get<double>(), 0.15, 1e-12) << "all confidences are equal: one bin";
  EXPECT_TRUE(rows[1]["ridge"].is_null());
  const Json& differences = report["tables"][1]["rows"];
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0]["scorer"], "lora");
  EXPECT_EQ(differences[0]["against"], "MiniLM");
  EXPECT_NEAR(differences[0]["accuracy"]["value"].get<double>(), 0.2, 1e-12);
  EXPECT_EQ(differences[0]["verdict"], "better");
  EXPECT_EQ(differences[1]["accuracy"]["value"], 0.0) << "the same predictions";
  EXPECT_EQ(differences[1]["verdict"], "undecided");
}

TEST(LabelReport, every_number_can_be_bounded_by_name) {
  const Measures measures = report_measures("classify", label_report(input_of(600), {}));
  EXPECT_NEAR(*measures.find("classify.strategy.linear.accuracy").value, 0.95, 1e-12);
  EXPECT_NEAR(*measures.find("classify.MiniLM.centroid.macro_f1").value, 2.0 / 3.0, 0.02);
  EXPECT_TRUE(measures.find("classify.differences.strategy.linear.MiniLM.accuracy").interval);
  EXPECT_TRUE(measures.contains("classify.classes.lora.linear.card_arrival.recall"));
}

TEST(LabelReport, names_what_a_class_is_taken_for) {
  const Json report = label_report(input_of(600), {});
  const Json& row = report["tables"][2]["rows"][0];
  EXPECT_EQ(row["class"], "card arrival");
  EXPECT_EQ(row["texts"], 200);
  EXPECT_THAT(row["mistaken"].get<std::string>(), HasSubstr("fee ("));
  EXPECT_EQ(report["tables"][2]["rows"].size(), 6u) << "linear heads alone";
  EXPECT_THAT(label_report_text(report), HasSubstr("900 texts to fit heads, 100 to choose"));
}

TEST(LabelReport, says_what_few_texts_and_absent_classes_leave_open) {
  LabelInput few = input_of(12);
  few.classes.emplace_back("never asked");
  few.limits = {"told by the caller"};
  const std::string limits = label_report(few, {})["limits"].dump();
  EXPECT_THAT(limits, HasSubstr("12 texts: too few"));
  EXPECT_THAT(limits, HasSubstr("1 classes have no text"));
  EXPECT_THAT(limits, HasSubstr("told by the caller"));
  few.classifiers[0].rows.pop_back();
  EXPECT_THROW(label_report(few, {}), DataError);
}

}  // namespace
}  // namespace coldframe
