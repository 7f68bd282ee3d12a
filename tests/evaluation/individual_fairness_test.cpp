#include "framework/evaluation/individual_fairness.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

std::vector<std::uint8_t> bytes(const nlohmann::json& values) { return values.get<std::vector<std::uint8_t>>(); }

TEST(IndividualFairness, agrees_with_aif360_digit_for_digit) {
  const nlohmann::json cases = testing::golden("fairness")["aif360"];
  ASSERT_FALSE(cases.empty());
  for (const auto& one : cases) {
    const auto y = bytes(one["positive"]), chosen = bytes(one["selected"]);
    const auto near = [&](const char* key, double found) { EXPECT_NEAR(found, one[key].get<double>(), 1e-12) << key; };
    for (const int alpha : {1, 2, 3}) {
      EXPECT_NEAR(generalised_entropy(y, chosen, alpha), one["gei"][std::to_string(alpha)].get<double>(), 1e-12);
    }
    near("coefficient_of_variation", coefficient_of_variation(y, chosen));
    near("consistency", consistency(one["features"].get<std::vector<double>>(), chosen));
    std::vector<std::uint8_t> kept_y, kept_chosen;
    for (std::size_t row = 0; row < y.size(); ++row) {
      if (one["kept"][row].get<int>() == 0) continue;
      kept_y.push_back(y[row]);
      kept_chosen.push_back(chosen[row]);
    }
    near("gei0", generalised_entropy(kept_y, kept_chosen, 0.0));
    near("gei0_aif360", gei0_aif360(kept_y, kept_chosen));
  }
}

TEST(IndividualFairness, refuses_empty_tables_and_more_neighbours_than_rows) {
  EXPECT_THROW(generalised_entropy({}, {}), DataError);
  EXPECT_THROW(consistency(std::vector<double>{1, 2}, std::vector<std::uint8_t>{1, 0}, 5), ConfigError);
}

}  // namespace
}  // namespace coldframe
