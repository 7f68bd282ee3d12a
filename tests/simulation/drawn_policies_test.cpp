// Policies that draw their pages: what they say about the probability of a page against how often they show it, and
// against the sum over all pages of a small catalogue.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "framework/core/error.h"
#include "framework/simulation/reserved_places.h"
#include "framework/simulation/softmax_policy.h"
#include "framework/simulation/uniform_mixture.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 6, k_slate = 3;
constexpr float k_never = -std::numeric_limits<float>::infinity();

class DrawnPoliciesTest : public ::testing::Test {
 protected:
  DrawnPoliciesTest() : catalogue_(small_catalogue(k_items)) {
    for (const std::uint32_t i : {0, 1, 2, 4, 5}) candidates_.emplace_back(i);  // item 3 was clicked already
  }

  PolicyRequest request(std::uint64_t user) const {
    PolicyRequest r;
    r.user = UserKey(user);
    r.profile = &profile_;
    r.history = &history_;
    r.candidates = candidates_;
    r.slate_size = k_slate;
    return r;
  }

  std::shared_ptr<const ScoredPolicy> scores(std::vector<float> values) const {
    return std::make_shared<FixedScorePolicy>("scores", std::move(values), catalogue_.ties(1));
  }
  std::shared_ptr<const Policy> softmax(std::vector<float> values, double temperature) const {
    return std::make_shared<SoftmaxPolicy>("softmax", scores(std::move(values)), temperature, 4, catalogue_);
  }
  std::shared_ptr<const Policy> mixture(std::shared_ptr<const Policy> inner, double epsilon) const {
    return std::make_shared<UniformMixture>("mixture", std::move(inner), epsilon, 9, catalogue_);
  }

  std::shared_ptr<const Policy> exploring(std::shared_ptr<const Policy> inner, double share) const {
    return std::make_shared<ReservedPlaces>("exploring", std::move(inner), ReservedFor::exploration, share, 7,
                                            catalogue_);
  }

  static Slate ask(const Policy& policy, const PolicyRequest& r) {
    Slate slate;
    policy.rank({&r, 1}, {&slate, 1});
    return slate;
  }
  static Slate weigh(const Policy& policy, const PolicyRequest& r, std::vector<ItemId> items) {
    Slate slate;
    slate.items = std::move(items);
    policy.weigh({&r, 1}, {&slate, 1});
    return slate;
  }

  /// All 60 ordered pages of three of the five candidates.
  std::vector<std::vector<ItemId>> pages() const {
    std::vector<std::vector<ItemId>> all;
    for (const ItemId a : candidates_) {
      for (const ItemId b : candidates_) {
        for (const ItemId c : candidates_) {
          if (a != b && a != c && b != c) all.push_back({a, b, c});
        }
      }
    }
    return all;
  }

  /// Probabilities add up to 1, also those of each position given what is above it; where there are marginals they are
  /// the sums over pages.
  void expect_a_law(const Policy& policy) const {
    double total = 0;
    std::map<std::vector<ItemId>, double> prefix;
    std::map<std::pair<std::size_t, ItemId>, double> marginal, claimed;
    for (const std::vector<ItemId>& page : pages()) {
      const Slate slate = weigh(policy, request(1), page);
      const double p = std::exp(slate.log_propensity);
      double log_prefix = 0;
      for (std::size_t k = 0; k < k_slate; ++k) {
        log_prefix += slate.position_log_propensity[k];
        prefix[{page.begin(), page.begin() + static_cast<std::ptrdiff_t>(k + 1)}] = std::exp(log_prefix);
        marginal[{k, page[k]}] += p;
        if (!slate.position_log_marginal.empty()) {
          claimed[{k, page[k]}] = std::exp(slate.position_log_marginal[k]);
        }
      }
      EXPECT_NEAR(std::exp(log_prefix), p, 1e-12);
      total += p;
    }
    EXPECT_NEAR(total, 1.0, 1e-12);
    std::map<std::size_t, double> by_length;
    for (const auto& [items, p] : prefix) by_length[items.size()] += p;
    for (const auto& [length, sum] : by_length) EXPECT_NEAR(sum, 1.0, 1e-12) << length;
    for (const auto& [key, p] : claimed) EXPECT_NEAR(p, marginal[key], 1e-12) << key.first;
  }

  /// Chi-square of pages drawn for 20,000 users against the probabilities claimed beforehand.
  void expect_frequencies(const Policy& policy) const {
    constexpr int users = 20000;
    std::map<std::vector<ItemId>, double> expected, seen;
    for (const std::vector<ItemId>& page : pages()) {
      expected[page] = users * std::exp(weigh(policy, request(1), page).log_propensity);
    }
    for (std::uint64_t user = 0; user < users; ++user) {
      const Slate slate = ask(policy, request(user));
      ASSERT_EQ(slate.items.size(), k_slate);
      const Slate again = weigh(policy, request(user), slate.items);
      EXPECT_EQ(again.position_log_propensity, slate.position_log_propensity);
      EXPECT_EQ(again.position_log_marginal, slate.position_log_marginal);
      EXPECT_EQ(again.log_propensity, slate.log_propensity);
      seen[slate.items] += 1;
    }
    double chi_square = 0, rare_seen = 0, rare_expected = 0;
    std::size_t cells = 0;
    for (const auto& [page, count] : expected) {
      if (count < 10) {
        rare_seen += seen[page];
        rare_expected += count;
        continue;
      }
      chi_square += (seen[page] - count) * (seen[page] - count) / count;
      ++cells;
    }
    EXPECT_NEAR(rare_seen, rare_expected, 5 * std::sqrt(rare_expected) + 1);
    // Mean d, variance 2 d: five standard deviations above.
    const auto degrees = static_cast<double>(cells);
    EXPECT_LT(chi_square, degrees + 5 * std::sqrt(2 * degrees));
  }

  Catalogue catalogue_;
  Profile profile_;
  History history_;
  std::vector<ItemId> candidates_;
};

TEST_F(DrawnPoliciesTest, probabilities_are_a_law_and_the_frequencies_of_what_is_shown) {
  const std::vector<float> values = {5, 4, 3, 100, 2, 1};  // 100: no candidate, so it must not matter
  const std::shared_ptr<const Policy> policies[] = {
      softmax(values, 1.0),
      softmax(values, 0.4),
      mixture(scores(values), 0.4),
      mixture(softmax(values, 0.7), 0.3),
      mixture(std::make_shared<RandomPolicy>("random", 3, catalogue_), 0.5),
      exploring(scores(values), 0.1),
      exploring(scores(values), 0.6),
      exploring(scores(values), 1.0),
      mixture(exploring(scores(values), 0.3), 0.25),
  };
  for (const auto& policy : policies) {
    EXPECT_EQ(policy->kind(), PolicyKind::stochastic);
    expect_a_law(*policy);
    expect_frequencies(*policy);
  }
  expect_a_law(*scores(values));
  expect_a_law(RandomPolicy("random", 3, catalogue_));
}

TEST_F(DrawnPoliciesTest, one_kept_place_by_hand) {
  // Two places show 0 and 1; the last one any of 2, 4, 5.
  const auto policy = exploring(scores({5, 4, 3, 100, 2, 1}), 1.0 / 3);
  const Slate shown = ask(*policy, request(1));
  EXPECT_EQ(shown.items[0], ItemId(0));
  EXPECT_EQ(shown.items[1], ItemId(1));
  EXPECT_NEAR(shown.log_propensity, -std::log(3.0), 1e-12);
  EXPECT_EQ(weigh(*policy, request(1), {ItemId(0), ItemId(2), ItemId(1)}).log_propensity,
            -std::numeric_limits<double>::infinity());
  // On ten places two are kept, the fifth and the tenth.
  std::vector<std::size_t> kept;
  for (std::size_t p = 0; p < 10; ++p) {
    if (ReservedPlaces::is_kept(p, 10, 2)) kept.push_back(p);
  }
  EXPECT_EQ(kept, (std::vector<std::size_t>{4, 9}));
}

/// Items 1 and 4 are new.
class NewItemPlacesTest : public DrawnPoliciesTest {
 protected:
  NewItemPlacesTest()
      : some_new_(catalogue_.keys(), catalogue_.from(), catalogue_.to(), {false, true, false, false, true, false}) {}
  std::vector<ItemId> page(double share, std::vector<std::uint32_t> candidates) const {
    const ReservedPlaces policy("fresh", scores({5, 4, 3, 100, 2, 1}), ReservedFor::new_items, share, 7, some_new_);
    EXPECT_EQ(policy.kind(), PolicyKind::deterministic);
    PolicyRequest asked = request(1);
    const std::vector<ItemId> items(candidates.begin(), candidates.end());
    asked.candidates = items;
    const Slate slate = ask(policy, asked);
    EXPECT_EQ(slate.log_propensity, 0.0);
    EXPECT_EQ(weigh(policy, asked, slate.items).log_propensity, 0.0);
    return slate.items;
  }
  Catalogue some_new_;
};

TEST_F(NewItemPlacesTest, a_fixed_share_of_the_page_and_no_more) {
  using Page = std::vector<ItemId>;
  // By score alone the page would be 0, 1, 2.
  EXPECT_EQ(page(0.1, {0, 1, 2, 4, 5}), (Page{ItemId(0), ItemId(2), ItemId(1)}));
  EXPECT_EQ(page(0.6, {0, 1, 2, 4, 5}), (Page{ItemId(0), ItemId(1), ItemId(4)}));
  // Too few new items, and too few others.
  EXPECT_EQ(page(1.0, {0, 1, 2, 5}), (Page{ItemId(1), ItemId(0), ItemId(2)}));
  EXPECT_EQ(page(0.1, {1, 2, 4}), (Page{ItemId(2), ItemId(1), ItemId(4)}));
  EXPECT_EQ(page(0.1, {1, 4}), (Page{ItemId(1), ItemId(4)}));
  EXPECT_EQ(page(0.5, {0, 2}), (Page{ItemId(0), ItemId(2)}));
}

TEST_F(NewItemPlacesTest, what_cannot_be_is_refused) {
  const auto make = [&](std::shared_ptr<const Policy> inner, ReservedFor what, double share, const Catalogue& of) {
    return ReservedPlaces("p", std::move(inner), what, share, 1, of);
  };
  const auto drawn = std::make_shared<RandomPolicy>("random", 3, catalogue_);
  EXPECT_THROW(make(drawn, ReservedFor::exploration, 0.1, catalogue_), ConfigError);
  EXPECT_THROW(make(scores({1, 2, 3, 4, 5, 6}), ReservedFor::new_items, 0.1, catalogue_), ConfigError);
  for (const double share : {0.0, 1.5, -1.0, std::nan("")}) {
    EXPECT_THROW(make(scores({1, 2, 3, 4, 5, 6}), ReservedFor::exploration, share, catalogue_), ConfigError) << share;
  }
}

TEST_F(DrawnPoliciesTest, softmax_by_hand) {
  // Scores 1, 3, 5 and 7, 9 of the candidates: mean 5, sd sqrt(8). Temperature 1 / sqrt(8) leaves logits as they are
  // shown here: differences of 2.
  const auto policy = softmax({1, 3, 5, 0, 7, 9}, 1.0 / std::sqrt(8.0));
  const double e = std::exp(2.0), all = 1 + e + e * e + e * e * e + e * e * e * e;
  const Slate slate = weigh(*policy, request(1), {ItemId(5), ItemId(0), ItemId(4)});
  EXPECT_NEAR(slate.position_log_propensity[0], std::log(e * e * e * e / all), 1e-12);
  EXPECT_NEAR(slate.position_log_propensity[1], std::log(1 / (all - e * e * e * e)), 1e-12);
  EXPECT_NEAR(slate.position_log_propensity[2], std::log(e * e * e / (all - e * e * e * e - 1)), 1e-12);
  EXPECT_TRUE(slate.position_log_marginal.empty());
  // One temperature means the same whatever the unit and the origin of scores.
  const Slate other = weigh(*softmax({-3010, -3030, -3050, 0, -3070, -3090}, 1.0 / std::sqrt(8.0)), request(1),
                            {ItemId(0), ItemId(5), ItemId(1)});
  EXPECT_NEAR(other.position_log_propensity[0], std::log(e * e * e * e / all), 1e-9);
}

TEST_F(DrawnPoliciesTest, softmax_keeps_its_precision_where_one_item_outweighs_all_others) {
  // At temperature .005 the best item takes all but e^-141; below it the same holds again: nothing may be lost by
  // subtracting.
  const auto policy = softmax({1, 2, 3, 0, 4, 5}, 0.005);
  const Slate slate = weigh(*policy, request(1), {ItemId(5), ItemId(4), ItemId(0)});
  EXPECT_NEAR(slate.position_log_propensity[0], 0.0, 1e-12);
  EXPECT_NEAR(slate.position_log_propensity[1], 0.0, 1e-12);
  EXPECT_NEAR(slate.position_log_propensity[2], -2.0 / std::sqrt(2.0) / 0.005, 1e-6);
}

TEST_F(DrawnPoliciesTest, equal_scores_are_drawn_uniformly_and_forbidden_items_never) {
  EXPECT_NEAR(weigh(*softmax({2, 2, 2, 9, 2, 2}, 1.0), request(1), {ItemId(0), ItemId(1), ItemId(2)}).log_propensity,
              -std::log(60.0), 1e-12);
  const auto three = softmax({1, k_never, 2, 9, k_never, 3}, 1.0);
  expect_a_law(*three);
  for (std::uint64_t user = 0; user < 100; ++user) {
    for (const ItemId item : ask(*three, request(user)).items) {
      EXPECT_TRUE(item == ItemId(0) || item == ItemId(2) || item == ItemId(5));
    }
  }
  EXPECT_THROW(ask(*softmax({1, k_never, 2, 9, k_never, k_never}, 1.0), request(1)), DataError);
  EXPECT_THROW(ask(*softmax({1, std::numeric_limits<float>::quiet_NaN(), 2, 9, 1, 1}, 1.0), request(1)), NumericError);
  EXPECT_THROW(ask(*softmax({1, -k_never, 2, 9, 1, 1}, 1.0), request(1)), NumericError);
}

TEST_F(DrawnPoliciesTest, mixture_by_hand) {
  const std::vector<float> values = {5, 4, 3, 100, 2, 1};
  const auto policy = mixture(scores(values), 0.4);
  // The certain page 0, 1, 2: .4 / 60 + .6; its first item .4 / 5 + .6; item 1 in the middle whatever is above the
  // same.
  const Slate certain = weigh(*policy, request(1), {ItemId(0), ItemId(1), ItemId(2)});
  EXPECT_NEAR(std::exp(certain.log_propensity), 0.4 / 60 + 0.6, 1e-12);
  EXPECT_NEAR(std::exp(certain.position_log_propensity[0]), 0.4 / 5 + 0.6, 1e-12);
  EXPECT_NEAR(std::exp(certain.position_log_propensity[1]), (0.4 / 20 + 0.6) / (0.4 / 5 + 0.6), 1e-12);
  EXPECT_NEAR(std::exp(certain.position_log_marginal[1]), 0.4 / 5 + 0.6, 1e-12);
  // A page that begins like it and goes another way.
  const Slate other = weigh(*policy, request(1), {ItemId(0), ItemId(5), ItemId(2)});
  EXPECT_NEAR(std::exp(other.log_propensity), 0.4 / 60, 1e-12);
  EXPECT_NEAR(std::exp(other.position_log_propensity[1]), 0.4 / 20 / (0.4 / 5 + 0.6), 1e-12);
  EXPECT_NEAR(std::exp(other.position_log_marginal[2]), 0.4 / 5 + 0.6, 1e-12);
  // Without exploration it is the inner policy, which never shows that page.
  const auto still = mixture(scores(values), 0.0);
  EXPECT_EQ(ask(*still, request(1)).log_propensity, 0.0);
  EXPECT_EQ(weigh(*still, request(1), other.items).log_propensity, -std::numeric_limits<double>::infinity());
}

TEST_F(DrawnPoliciesTest, long_pages_of_large_catalogues_do_not_underflow) {
  // 200 of 2,000: a uniform page has probability e^-1511, far below the smallest double.
  const Catalogue large = small_catalogue(2000);
  std::vector<ItemId> candidates;
  std::vector<float> values;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    candidates.emplace_back(i);
    values.push_back(static_cast<float>(i));
  }
  const auto inner = std::make_shared<FixedScorePolicy>("scores", values, large.ties(1));
  const UniformMixture policy("mixture", inner, 1.0, 9, large);
  PolicyRequest r = request(1);
  r.candidates = candidates;
  r.slate_size = 200;
  const Slate slate = ask(policy, r);
  EXPECT_NEAR(slate.log_propensity, std::lgamma(1801.0) - std::lgamma(2001.0), 1e-6);
  for (const double p : slate.position_log_propensity) EXPECT_TRUE(std::isfinite(p));
}

TEST_F(DrawnPoliciesTest, what_cannot_be_is_refused) {
  EXPECT_THROW(mixture(mixture(scores({1, 2, 3, 4, 5, 6}), 0.1), 0.1), ConfigError);
  EXPECT_THROW(mixture(scores({1, 2, 3, 4, 5, 6}), 1.1), ConfigError);
  EXPECT_THROW(softmax({1, 2, 3, 4, 5, 6}, 0.0), ConfigError);
  EXPECT_THROW(softmax({1, 2, 3, 4, 5, 6}, std::numeric_limits<double>::infinity()), ConfigError);
}

TEST_F(DrawnPoliciesTest, exploration_never_moves_the_draws_of_a_smaller_share) {
  // Who explores at .1 explores at .3 too, and sees the same page.
  const auto little = mixture(scores({5, 4, 3, 9, 2, 1}), 0.1), more = mixture(scores({5, 4, 3, 9, 2, 1}), 0.3);
  int moved = 0;
  for (std::uint64_t user = 0; user < 500; ++user) {
    const std::vector<ItemId> certain = {ItemId(0), ItemId(1), ItemId(2)};
    const Slate one = ask(*little, request(user));
    if (one.items == certain) continue;
    EXPECT_EQ(ask(*more, request(user)).items, one.items);
    ++moved;
  }
  EXPECT_GT(moved, 20);
}

}  // namespace
}  // namespace coldframe
