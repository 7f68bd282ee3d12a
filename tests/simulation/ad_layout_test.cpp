#include "framework/simulation/ad_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "framework/core/philox.h"
#include "framework/simulation/cascade.h"
#include "framework/simulation/dependent_click.h"
#include "framework/simulation/dynamic_bayesian.h"
#include "framework/simulation/iterated_logit.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/page_relevance.h"
#include "framework/simulation/position_based.h"

namespace coldframe {
namespace {

/// A model from outside, of which nothing is known but what it does: a cascade that skips every other place.
class OwnModel final : public UserModel {
 public:
  explicit OwnModel(const ChoiceScale& scale) : inner_(scale) {}
  std::string_view name() const override { return "own"; }
  void sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const override {
    inner_.sample(random, page, clicks);
  }
  double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const override {
    return inner_.log_likelihood(utilities, clicks);
  }
  void expected_clicks(std::span<const double> utilities, std::span<double> expected) const override {
    inner_.expected_clicks(utilities, expected);
    for (std::size_t k = 1; k < expected.size(); k += 2) expected[k] *= 0.5;
  }
  BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                       std::size_t n) const override {
    return inner_.best_slate(utilities, tie_orders, n);
  }
  std::unique_ptr<PageBelief> belief(std::size_t draws) const override { return inner_.belief(draws); }

 private:
  Cascade inner_;
};

std::vector<std::unique_ptr<UserModel>> models() {
  std::vector<std::unique_ptr<UserModel>> all;
  all.push_back(std::make_unique<MultinomialLogit>(ChoiceScale{1.0, 0.7}));
  all.push_back(std::make_unique<MultinomialLogit>(ChoiceScale{1.5, -2.0}));
  all.push_back(std::make_unique<IteratedLogit>(ChoiceScale{1.0, 0.7}, 3));
  for (const double decay : {0.0, 1.0}) all.push_back(std::make_unique<PositionBased>(ChoiceScale{0.8, 0.5}, decay));
  all.push_back(std::make_unique<Cascade>(ChoiceScale{1.0, 0.5}));
  for (const DependentClickOptions& options : {DependentClickOptions{0.6, 0.9}, DependentClickOptions{0.9, 0.3},
                                               DependentClickOptions{0.0, 1.0}, DependentClickOptions{1.0, 1.0}}) {
    all.push_back(std::make_unique<DependentClick>(ChoiceScale{1.0, 0.5}, options));
  }
  for (const DynamicBayesianOptions& options :
       {DynamicBayesianOptions{0.9, 0.3, 0.5}, DynamicBayesianOptions{0.5, 0.0, 1.0},
        DynamicBayesianOptions{0.0, 0.3, 0.5}}) {
    all.push_back(std::make_unique<DynamicBayesian>(ChoiceScale{1.0, 0.5}, options));
  }
  all.push_back(std::make_unique<OwnModel>(ChoiceScale{1.0, 0.5}));
  return all;
}

struct Case {
  std::vector<std::size_t> sold;
  std::vector<double> organic, utilities, prices;
  double click_value = 0;
  AdPage page() const { return {sold, organic, utilities, prices, click_value}; }
};

/// Ads of every kind: dear and dull, cheap and attractive, and everything in between.
Case drawn_case(std::uint64_t number, std::vector<std::size_t> sold, std::size_t length, std::size_t ads) {
  const KeyedRandom random(number, Purpose::data_order);
  Case drawn;
  drawn.sold = std::move(sold);
  const auto normal = [&](std::uint32_t row, std::uint32_t slot) {
    const PhiloxBlock words = random.block(UserKey(row), 0, 0, slot);
    return standard_normals(words[0], words[1])[0];
  };
  for (std::uint32_t k = 0; k < length - drawn.sold.size(); ++k) drawn.organic.push_back(1.5 * normal(0, k));
  for (std::uint32_t ad = 0; ad < ads; ++ad) {
    drawn.utilities.push_back(1.5 * normal(1, ad));
    drawn.prices.push_back(std::exp(normal(2, ad)));
  }
  const double values[] = {0.0, 0.7, 20.0};
  drawn.click_value = values[number % 3];
  return drawn;
}

double objective(const UserModel& model, const AdPage& page, std::span<const std::size_t> ads) {
  const AdOutcome outcome = ad_outcome(model, page, ads);
  return outcome.revenue + page.click_value * outcome.clicks;
}

/// The best objective of all ordered choices of ads.
double best_of_all(const UserModel& model, const AdPage& page) {
  std::vector<std::size_t> order(page.prices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  double best = -1;
  do {
    best = std::max(best, objective(model, page, std::span(order).first(page.sold.size())));
  } while (std::ranges::next_permutation(order).found);
  return best;
}

TEST(AdLayout, revenue_and_clicks_of_a_page_worked_by_hand) {
  // pbm: places are looked at with 1, 1/2, 1/3; attraction 1/2 at utility 0 and 3/4 at log 3.
  const PositionBased pbm({1.0, 0.0}, 1.0);
  const std::vector<std::size_t> sold = {0, 2};
  const std::vector<double> organic = {0}, utilities = {std::log(3.0), 0, 0}, prices = {2, 6, 1};
  const AdPage page{sold, organic, utilities, prices, 0.5};
  // Ad 0 on top and ad 1 at the end: 1 x 3/4 x 2 + 1/3 x 1/2 x 6 = 2.5; clicks 3/4 + 1/4 + 1/6.
  const AdOutcome outcome = ad_outcome(pbm, page, std::vector<std::size_t>{0, 1});
  EXPECT_NEAR(outcome.revenue, 2.5, 1e-12);
  EXPECT_NEAR(outcome.clicks, 0.75 + 0.25 + 1.0 / 6, 1e-12);
  // Better: ad 1 on top, 1/2 x 6 + 1/3 x 3/4 x 2 = 3.5, which beats every other choice.
  EXPECT_EQ(best_ads(pbm, page).ads, (std::vector<std::size_t>{1, 0}));

  // Cascade: who clicks stops. Ad 0 on top leaves 1/4 of the readers, of whom the organic item keeps half.
  const AdOutcome read = ad_outcome(Cascade({1.0, 0.0}), page, std::vector<std::size_t>{0, 1});
  EXPECT_NEAR(read.revenue, 0.75 * 2 + 0.25 * 0.5 * 0.5 * 6, 1e-12);
  EXPECT_NEAR(read.clicks, 1 - 0.25 * 0.5 * 0.5, 1e-12);
  // mnl: weights 3, 1, 1 against 1 of no click.
  EXPECT_NEAR(ad_outcome(MultinomialLogit({1.0, 0.0}), page, std::vector<std::size_t>{0, 1}).revenue,
              3.0 / 6 * 2 + 1.0 / 6 * 6, 1e-12);
}

TEST(AdLayout, no_layout_is_better_under_any_user_model) {
  const std::vector<std::vector<std::size_t>> places = {{0}, {4}, {1, 3}, {0, 1}, {2, 4}, {0, 2, 4}, {1, 2, 3}};
  for (const auto& model : models()) {
    for (std::uint64_t number = 0; number < 42; ++number) {
      const Case drawn = drawn_case(number, places[number % places.size()], 5, 6);
      const AdLayout layout = best_ads(*model, drawn.page());
      EXPECT_EQ(layout.optimality, SlateOptimality::exact) << model->name();
      ASSERT_EQ(layout.ads.size(), drawn.sold.size());
      const double best = best_of_all(*model, drawn.page());
      EXPECT_NEAR(objective(*model, drawn.page(), layout.ads), best, 1e-12 * (1 + best)) << model->name() << number;
    }
  }
}

TEST(AdLayout, parts_make_up_the_expected_clicks) {
  const std::vector<double> utilities = {0.4, -1.0, 2.0, 0.1};
  std::size_t known = 0;
  for (const auto& model : models()) {
    const PageParts parts = model->parts();
    std::vector<double> expected(4), made(4);
    model->expected_clicks(utilities, expected);
    double reach = 1, all = 1;
    if (parts.kind == PageParts::Kind::shared) {
      for (const double v : utilities) all += parts.weight(v);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const double weight = parts.weight ? parts.weight(utilities[k]) : 0;
      if (parts.kind == PageParts::Kind::independent) made[k] = parts.examined(k) * weight;
      if (parts.kind == PageParts::Kind::shared) made[k] = weight / all;
      if (parts.kind == PageParts::Kind::top_down) {
        made[k] = reach * weight;
        reach *= parts.passes(utilities[k], k);
      }
    }
    if (parts.kind == PageParts::Kind::other) continue;
    ++known;
    for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(made[k], expected[k], 1e-12) << model->name() << k;
  }
  EXPECT_EQ(known, models().size() - 2) << "all but iterated_logit and the one from outside";
}

TEST(AdLayout, too_many_layouts_are_searched_greedily_and_said_to_be) {
  const OwnModel model({1.0, 0.5});
  for (std::uint64_t number = 0; number < 9; ++number) {
    const Case drawn = drawn_case(number, {0, 2, 4}, 6, 40);
    const AdLayout layout = best_ads(model, drawn.page());
    EXPECT_EQ(layout.optimality, SlateOptimality::greedy);
    // No single ad and no exchange of two places makes it better.
    const double reached = objective(model, drawn.page(), layout.ads);
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t ad = 0; ad < 40; ++ad) {
        std::vector<std::size_t> other = layout.ads;
        const auto elsewhere = std::ranges::find(other, ad);
        if (elsewhere != other.end()) *elsewhere = other[k];
        other[k] = ad;
        EXPECT_LE(objective(model, drawn.page(), other), reached);
      }
    }
  }
  // Seven sold places, read from the top: more than are tried.
  EXPECT_EQ(best_ads(Cascade({1.0, 0.5}), drawn_case(1, {0, 1, 2, 3, 4, 5, 6}, 8, 9).page()).optimality,
            SlateOptimality::greedy);
}

TEST(AdLayout, clicks_cost_revenue_at_the_rate_that_is_asked_for) {
  for (const auto& model : models()) {
    Case drawn = drawn_case(7, {0, 3}, 5, 12);
    double revenue = 1e9, clicks = -1;
    for (const double value : {0.0, 0.3, 1.0, 3.0, 30.0, 1e6}) {
      drawn.click_value = value;
      const AdOutcome outcome = ad_outcome(*model, drawn.page(), best_ads(*model, drawn.page()).ads);
      EXPECT_LE(outcome.revenue, revenue + 1e-9) << model->name();
      EXPECT_GE(outcome.clicks, clicks - 1e-9) << model->name();
      revenue = outcome.revenue;
      clicks = outcome.clicks;
    }
  }
}

TEST(PageRelevance, is_a_share_of_the_best_page) {
  // Alone, items are clicked with 3/4, 1/2 and 1/4.
  const Cascade model({1.0, 0.0});
  const double high = std::log(3.0), low = -high;
  const std::vector<double> candidates = {low, 0, high};
  EXPECT_NEAR(page_relevance(model, std::vector<double>{high, 0}, candidates), 1, 1e-12);
  const double best = 0.75 + 0.5 / std::log2(3.0), shown = 0.25 + 0.75 / std::log2(3.0);
  EXPECT_NEAR(page_relevance(model, std::vector<double>{low, high}, candidates), shown / best, 1e-12);
}

}  // namespace
}  // namespace coldframe
