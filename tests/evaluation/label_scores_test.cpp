#include "framework/evaluation/label_scores.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using Labels = std::vector<std::uint32_t>;
using Classifiers = std::vector<std::vector<LabelPrediction>>;

std::vector<UserKey> keys_of(std::size_t rows) {
  std::vector<UserKey> keys;
  for (std::size_t r = 0; r < rows; ++r) keys.emplace_back(r + 1000);
  return keys;
}

/// Rows whose predictions are right with probability .7 in each of `classes` classes.
std::vector<LabelPrediction> drawn(const Labels& labels, std::uint32_t classes, std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::population);
  std::vector<LabelPrediction> rows;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    const PhiloxBlock words = random.block(UserKey(r));
    const bool right = uniform_double(words[0]) < 0.7;
    rows.push_back({right ? labels[r] : (labels[r] + 1) % classes, 0.7, right ? 0.3 : 1.5, right ? 0.1 : 1.0});
  }
  return rows;
}

Labels in_turn(std::size_t rows, std::uint32_t classes) {
  Labels labels;
  for (std::uint32_t r = 0; r < rows; ++r) labels.push_back(r % classes);
  return labels;
}

TEST(LabelScores, worked_by_hand) {
  // Row 0 is class 0 with P = (.8, .2); row 1 is class 1 with P = (.6, .4): wrong.
  const std::vector<LabelPrediction> rows = label_predictions(std::vector<double>{0.8, 0.2, 0.6, 0.4}, Labels{0, 1});
  EXPECT_EQ(rows[0].predicted, 0u);
  EXPECT_EQ(rows[1].predicted, 0u);
  EXPECT_NEAR(rows[0].log_loss, -std::log(0.8), 1e-15);
  EXPECT_NEAR(rows[1].log_loss, -std::log(0.4), 1e-15);
  EXPECT_NEAR(rows[0].brier, 0.04 + 0.04, 1e-15);
  EXPECT_NEAR(rows[1].brier, 0.36 + 0.36, 1e-15);
  const LabelBootstrap found(keys_of(2), Labels{0, 1}, 2, Classifiers{rows}, {.replicates = 100});
  EXPECT_DOUBLE_EQ(found.score(0, LabelScore::accuracy).value, 0.5);
  EXPECT_DOUBLE_EQ(found.score(0, LabelScore::macro_precision).value, 0.25);  // 1/2, and 0/0 = 0
  EXPECT_DOUBLE_EQ(found.score(0, LabelScore::macro_f1).value, (2.0 / 3.0) / 2.0);
  EXPECT_NEAR(found.score(0, LabelScore::confidence_gap).value, 0.7 - 0.5, 1e-15);
  EXPECT_NEAR(label_predictions(std::vector<double>{1, 0}, Labels{1})[0].log_loss, -std::log(1e-15), 1e-12);
}

TEST(LabelScores, agree_with_scikit_learn) {
  const auto golden = testing::golden("labels")["measures"];
  const auto labels = golden["labels"].get<Labels>();
  const std::vector<LabelPrediction> rows =
      label_predictions(golden["probabilities"].get<std::vector<double>>(), labels);
  const LabelBootstrap found(keys_of(labels.size()), labels, 4, Classifiers{rows}, {.replicates = 100});
  const auto value = [&](LabelScore score) { return found.score(0, score).value; };
  EXPECT_NEAR(value(LabelScore::accuracy), golden["accuracy"].get<double>(), 1e-12);
  EXPECT_NEAR(value(LabelScore::macro_precision), golden["macro"][0].get<double>(), 1e-12);
  EXPECT_NEAR(value(LabelScore::macro_recall), golden["macro"][1].get<double>(), 1e-12);
  EXPECT_NEAR(value(LabelScore::macro_f1), golden["macro"][2].get<double>(), 1e-12);
  EXPECT_NEAR(value(LabelScore::log_loss), golden["log_loss"].get<double>(), 1e-12);
  EXPECT_NEAR(value(LabelScore::brier), golden["brier"].get<double>(), 1e-12);
  EXPECT_NEAR(value(LabelScore::confidence_gap), golden["gap"].get<double>(), 1e-12);
  const TopLabelCalibration calibration = top_label_calibration(rows, labels, keys_of(labels.size()), 1);
  EXPECT_NEAR(calibration.error.expected, golden["ece"].get<double>(), 1e-12);
  EXPECT_NEAR(calibration.error.maximum, golden["ece_max"].get<double>(), 1e-12);
  EXPECT_GT(calibration.null_error, 0.0);
}

TEST(LabelScores, the_interval_of_a_mean_is_that_of_the_paired_bootstrap) {
  const Labels labels = in_turn(120, 3);
  const std::vector<LabelPrediction> rows = drawn(labels, 3, 5);
  const std::vector<UserKey> keys = keys_of(120);
  const BootstrapOptions options{.replicates = 500};
  const LabelBootstrap found(keys, labels, 3, Classifiers{rows}, options);
  PairedBootstrap means(1, options);
  for (std::size_t r = 0; r < rows.size(); ++r) means.add(keys[r], {&rows[r].log_loss, 1});
  EXPECT_EQ(found.score(0, LabelScore::log_loss).interval->low, means.mean(0).interval->low);
}

TEST(LabelScores, macro_recall_of_equal_classes_varies_as_accuracy_does) {
  // With as many rows of every class macro recall is accuracy; in a replicate only nearly so.
  const Labels labels = in_turn(600, 3);
  const LabelBootstrap found(keys_of(600), labels, 3, Classifiers{drawn(labels, 3, 9)}, {.replicates = 1000});
  const Estimate recall = found.score(0, LabelScore::macro_recall), accuracy = found.score(0, LabelScore::accuracy);
  EXPECT_NEAR(recall.value, accuracy.value, 1e-12);
  EXPECT_NEAR(recall.standard_error / accuracy.standard_error, 1.0, 0.1);
}

TEST(LabelScores, intervals_of_macro_f1_cover_the_truth) {
  // Every class is predicted right with .7, mistakes go to the next class: P = R = F1 = .7 for each.
  int covered = 0;
  constexpr int samples = 300;
  const Labels labels = in_turn(300, 3);
  for (std::uint64_t seed = 0; seed < samples; ++seed) {
    const LabelBootstrap found(keys_of(300), labels, 3, Classifiers{drawn(labels, 3, seed)},
                               {.replicates = 200, .seed = seed});
    covered += found.score(0, LabelScore::macro_f1).interval->contains(0.7);
  }
  EXPECT_GE(covered, samples * 91 / 100);
  EXPECT_LE(covered, samples * 98 / 100);
}

TEST(LabelScores, equal_classifiers_differ_by_exactly_nothing_and_pairing_narrows) {
  const Labels labels = in_turn(200, 4);
  const std::vector<LabelPrediction> rows = drawn(labels, 4, 3);
  std::vector<LabelPrediction> better = rows;
  for (std::size_t r = 0; r < 200; r += 20) better[r].predicted = labels[r];
  const LabelBootstrap found(keys_of(200), labels, 4, Classifiers{rows, rows, better}, {.replicates = 400});
  for (const LabelScore score : {LabelScore::accuracy, LabelScore::macro_f1, LabelScore::confidence_gap}) {
    EXPECT_EQ(found.difference(0, 1, score).interval->low, 0.0);
    EXPECT_EQ(found.difference(0, 1, score).interval->high, 0.0);
  }
  const Estimate gain = found.difference(2, 0, LabelScore::macro_f1);
  EXPECT_GT(gain.value, 0.0);
  EXPECT_LT(gain.standard_error, found.score(0, LabelScore::macro_f1).standard_error);
  EXPECT_NEAR(gain.value, found.score(2, LabelScore::macro_f1).value - found.score(0, LabelScore::macro_f1).value,
              1e-12);
}

TEST(LabelScores, refuse_what_does_not_fit) {
  EXPECT_THROW(label_predictions(std::vector<double>{0.5, 0.5}, {}), DataError);
  EXPECT_THROW(label_predictions(std::vector<double>{0.5, 0.5}, Labels{2}), DataError);
  EXPECT_THROW(label_predictions(std::vector<double>{0.5, 1.5}, Labels{0}), NumericError);
  const std::vector<std::vector<LabelPrediction>> one(1, std::vector<LabelPrediction>(1));
  EXPECT_THROW(LabelBootstrap(keys_of(2), Labels{0, 1}, 2, one, {}), DataError);
}

}  // namespace
}  // namespace coldframe
