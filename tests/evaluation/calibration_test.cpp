#include "framework/evaluation/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using Outcomes = std::vector<std::uint8_t>;
using Probabilities = std::vector<double>;

TEST(Calibration, small_cases_by_hand) {
  const Probabilities p = {0.8, 0.4};
  const Outcomes y = {1, 1};
  EXPECT_DOUBLE_EQ(log_loss(p, y), -(std::log(0.8) + std::log(0.4)) / 2);
  EXPECT_DOUBLE_EQ(brier_score(p, y), (0.04 + 0.36) / 2);
  EXPECT_DOUBLE_EQ(*calibration_in_the_large(p, y), 0.6);
  EXPECT_NEAR(log_loss(Probabilities{1.0}, Outcomes{0}), -std::log(1e-15), 1e-2) << "clipped, not infinite";
  // One bin: |.6 - 1| = .4; two bins of one row each: .2 and .6.
  EXPECT_NEAR(calibration_error(p, y, 1).expected, 0.4, 1e-15);
  const CalibrationError two = calibration_error(p, y, 2);
  EXPECT_NEAR(two.expected, 0.4, 1e-15);
  EXPECT_NEAR(two.maximum, 0.6, 1e-15);
  EXPECT_NEAR(two.signed_sum, -0.4, 1e-15);
}

TEST(Calibration, agrees_with_scikit_learn_and_numpy) {
  const auto golden = testing::golden("evaluation")["calibration"];
  const auto p = golden["p"].get<Probabilities>();
  const auto y = golden["y"].get<Outcomes>();
  EXPECT_NEAR(log_loss(p, y), golden["log_loss"].get<double>(), 1e-12);
  EXPECT_NEAR(brier_score(p, y), golden["brier"].get<double>(), 1e-12);
  EXPECT_NEAR(*calibration_in_the_large(p, y), golden["in_the_large"].get<double>(), 1e-12);
  for (const auto& [name, binning] :
       {std::pair{"equal_mass", Binning::equal_mass}, {"equal_width", Binning::equal_width}}) {
    const CalibrationError error = calibration_error(p, y, 15, binning);
    EXPECT_NEAR(error.expected, golden[name][0].get<double>(), 1e-12) << name;
    EXPECT_NEAR(error.maximum, golden[name][1].get<double>(), 1e-12) << name;
    EXPECT_NEAR(error.signed_sum, golden["signed"].get<double>(), 1e-12) << name;
  }
  const auto line = calibration_line(p, y);
  ASSERT_TRUE(line);
  EXPECT_NEAR(line->intercept, golden["line"][0].get<double>(), 1e-5);
  EXPECT_NEAR(line->slope, golden["line"][1].get<double>(), 1e-5);
}

TEST(Calibration, equal_probabilities_share_a_bin_so_the_order_of_rows_changes_nothing) {
  const Probabilities p(30, 0.5);
  Outcomes y(30, 0);
  std::fill(y.begin(), y.begin() + 15, std::uint8_t{1});
  EXPECT_NEAR(calibration_error(p, y).expected, 0.0, 1e-15);
  EXPECT_NEAR(calibration_error(Probabilities{1.0, 1.0}, Outcomes{1, 1}, 15, Binning::equal_width).expected, 0.0,
              1e-15);
}

TEST(Calibration, perfect_predictions_look_like_their_own_null) {
  const KeyedRandom random(6, Purpose::population);
  Probabilities p;
  Outcomes y;
  std::vector<UserKey> rows;
  for (std::uint64_t r = 0; r < 3000; ++r) {
    const PhiloxBlock words = random.block(UserKey(r));
    rows.emplace_back(r);
    p.push_back(uniform_double(words[0]));
    y.push_back(uniform_double(words[1]) < p.back() ? 1 : 0);
  }
  const double null = calibration_error_null(p, rows, 1, 100);
  EXPECT_GT(null, 0.005) << "the ECE of perfect calibration is not 0";
  EXPECT_NEAR(calibration_error(p, y).expected, null, 0.012);
  EXPECT_NEAR(calibration_line(p, y)->slope, 1.0, 0.12);
}

TEST(Calibration, has_no_line_where_the_refit_runs_away) {
  EXPECT_FALSE(calibration_line(Probabilities{0.2, 0.8}, Outcomes{0, 1})) << "separated";
  EXPECT_FALSE(calibration_line(Probabilities{0.2, 0.8}, Outcomes{1, 1})) << "one class";
  EXPECT_FALSE(calibration_line(Probabilities{0.5, 0.5}, Outcomes{0, 1})) << "one probability";
  EXPECT_FALSE(calibration_in_the_large(Probabilities{0.5}, Outcomes{0}));
}

TEST(Calibration, refuses_what_is_no_probability) {
  EXPECT_THROW(log_loss({}, {}), DataError);
  EXPECT_THROW(log_loss(Probabilities{0.5}, Outcomes{0, 1}), DataError);
  EXPECT_THROW(brier_score(Probabilities{1.5}, Outcomes{0}), NumericError);
  EXPECT_THROW(brier_score(Probabilities{std::numeric_limits<double>::quiet_NaN()}, Outcomes{0}), NumericError);
  EXPECT_THROW(calibration_error(Probabilities{0.5}, Outcomes{0}, 0), ConfigError);
}

}  // namespace
}  // namespace coldframe
