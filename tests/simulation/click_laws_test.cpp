#include "framework/simulation/click_laws.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

const std::vector<std::string> k_models = {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"};

JudgedPage page(std::vector<double> utilities, std::vector<std::uint8_t> clicks, std::uint64_t user = 1) {
  JudgedPage page;
  page.user = UserKey(user);
  for (std::uint32_t k = 0; k < clicks.size(); ++k) page.items.emplace_back(k);
  page.seen = {std::move(utilities), std::move(clicks)};
  return page;
}

std::unique_ptr<UserModel> model(const std::string& name, ChoiceScale scale, std::int64_t picks = 3) {
  SimulationOptions options;
  options.user_model = name;
  options.iterated_picks = picks;
  return make_user_model(options, scale);
}

std::vector<double> given_above(const ClickLaw& law, const JudgedPage& page) {
  std::vector<double> p(page.items.size());
  EXPECT_TRUE(law.given_above(page, p));
  return p;
}

/// A user model that does not say how its pages fall apart.
class ClosedModel final : public UserModel {
 public:
  explicit ClosedModel(std::unique_ptr<UserModel> inner) : inner_(std::move(inner)) {}
  std::string_view name() const override { return "closed"; }
  void sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const override {
    inner_->sample(random, page, clicks);
  }
  double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const override {
    return inner_->log_likelihood(utilities, clicks);
  }
  void expected_clicks(std::span<const double> utilities, std::span<double> expected) const override {
    inner_->expected_clicks(utilities, expected);
  }
  BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> ties,
                       std::size_t n) const override {
    return inner_->best_slate(utilities, ties, n);
  }
  std::unique_ptr<PageBelief> belief(std::size_t draws) const override { return inner_->belief(draws); }

 private:
  std::unique_ptr<UserModel> inner_;
};

TEST(ClickLaws, clicks_given_those_above_as_worked_by_hand) {
  using Values = std::vector<double>;
  const auto expect = [](const std::string& name, std::vector<std::uint8_t> clicks, const Values& wanted) {
    const auto law = user_model_law(model(name, {1.0, 0.0}, 2));
    const Values p = given_above(*law, page({0, 0}, std::move(clicks)));
    for (std::size_t k = 0; k < wanted.size(); ++k) EXPECT_NEAR(p[k], wanted[k], 1e-12) << name << " " << k;
  };
  // First item, second item and nothing have 1/3 each.
  expect("mnl", {0, 1}, {2.0 / 3, 1.0 / 2});
  expect("mnl", {1, 0}, {1.0 / 3, 1.0});
  expect("mnl", {0, 0}, {2.0 / 3, 1.0 / 2});
  // Both 1/3 (in two orders), one alone 1/6 each, nothing 1/3.
  expect("iterated_logit", {1, 1}, {1.0 / 2, 2.0 / 3});
  expect("iterated_logit", {0, 1}, {1.0 / 2, 1.0 / 3});
  // Attractions 1/2; the second position of pbm is looked at by one half.
  expect("cascade", {0, 1}, {1.0 / 2, 1.0 / 2});
  expect("cascade", {1, 0}, {1.0 / 2, 1.0});
  expect("pbm", {1, 0}, {1.0 / 2, 3.0 / 4});
}

TEST(ClickLaws, beginnings_of_pages_agree_with_sums_over_all_outcomes) {
  const std::vector<double> utilities = {0.7, -0.4, 1.3, 0.1};
  for (const std::string& name : k_models) {
    const auto law = user_model_law(model(name, {0.9, 0.3}));
    const auto closed = user_model_law(std::make_unique<ClosedModel>(model(name, {0.9, 0.3})));
    for (std::uint8_t bits = 0; bits < 16; ++bits) {
      std::vector<std::uint8_t> clicks;
      for (int k = 0; k < 4; ++k) clicks.push_back(bits >> k & 1);
      const JudgedPage seen = page(utilities, clicks);
      const double log_p = law->log_likelihood(seen);
      if (!std::isfinite(log_p)) continue;
      const std::vector<double> p = given_above(*law, seen), summed = given_above(*closed, seen);
      double product = 1;
      for (std::size_t k = 0; k < 4; ++k) {
        product *= p[k];
        EXPECT_NEAR(p[k], summed[k], 1e-8) << name << " " << int{bits} << " " << k;
      }
      EXPECT_NEAR(product, std::exp(log_p), 1e-8) << name << " " << int{bits};
    }
  }
}

TEST(ClickLaws, too_many_outcomes_are_not_added_up) {
  const JudgedPage seen = page({0, 0, 0, 0}, {1, 1, 0, 0});
  std::vector<double> p(4);
  EXPECT_FALSE(user_model_law(model("iterated_logit", {1, 0}), 10)->given_above(seen, p));
  EXPECT_TRUE(user_model_law(model("iterated_logit", {1, 0}), 15)->given_above(seen, p));  // 1 + 4 + 6 + 4
  EXPECT_TRUE(user_model_law(model("pbm", {1, 0}), 1)->given_above(seen, p));
}

TEST(ClickLaws, rates_are_counts_drawn_to_the_rate_of_all) {
  const std::vector<JudgedPage> pages = {page({0, 0}, {1, 0}), page({0, 0}, {1, 1}), page({0, 0}, {0, 0})};
  const double all = 4.0 / 8;  // 3 of 6, and one click of two beforehand
  std::vector<double> p(2);
  click_rate_law(ClickRateKind::one, pages)->expected(pages[0], p);
  EXPECT_NEAR(p[0], (3 + all) / 7, 1e-15);
  EXPECT_EQ(p[0], p[1]);
  const auto by_position = click_rate_law(ClickRateKind::by_position, pages);
  by_position->expected(pages[0], p);
  EXPECT_NEAR(p[0], (2 + all) / 4, 1e-15);
  EXPECT_NEAR(p[1], (1 + all) / 4, 1e-15);
  EXPECT_NEAR(by_position->log_likelihood(pages[0]), std::log(p[0]) + std::log(1 - p[1]), 1e-15);
  EXPECT_NEAR(given_above(*by_position, pages[0])[1], 1 - p[1], 1e-15);
  // What was never shown has the rate of all.
  JudgedPage unseen = page({0}, {0});
  unseen.items = {ItemId(9)};
  std::vector<double> one(1);
  click_rate_law(ClickRateKind::by_item, pages)->expected(unseen, one);
  EXPECT_NEAR(one[0], all, 1e-15);
}

TEST(ClickLaws, rates_of_items_are_drawn_to_each_other_as_far_as_that_predicts) {
  std::vector<JudgedPage> different, alike;
  for (std::uint64_t u = 0; u < 200; ++u) {
    different.push_back(page({0, 0}, {1, 0}, u));
    alike.push_back(page({0, 0}, {static_cast<std::uint8_t>(u % 2), static_cast<std::uint8_t>(u / 2 % 2)}, u));
  }
  std::vector<double> p(2);
  click_rate_law(ClickRateKind::by_item, different)->expected(different[0], p);
  EXPECT_NEAR(p[0], (200 + 0.5) / 201, 1e-12);
  EXPECT_NEAR(p[1], 0.5 / 201, 1e-12);
  // Half of the clicks on each: nothing to tell items apart by.
  click_rate_law(ClickRateKind::by_item, alike)->expected(alike[0], p);
  EXPECT_NEAR(p[0], 0.5, 1e-12);
}

TEST(ClickLaws, redraws_have_the_expected_clicks) {
  std::vector<std::unique_ptr<ClickLaw>> laws;
  for (const std::string& name : k_models) laws.push_back(user_model_law(model(name, {0.9, 0.3})));
  const std::vector<JudgedPage> counted = {page({0, 0, 0}, {1, 0, 0}), page({0, 0, 0}, {1, 1, 0})};
  laws.push_back(click_rate_law(ClickRateKind::by_position, counted));
  constexpr std::uint64_t k_pages = 20'000;
  const SimulationRandom random(3);
  for (std::size_t at = 0; at < laws.size(); ++at) {
    JudgedPage shown = page({0.7, -0.4, 1.3}, {0, 0, 0});
    std::vector<double> expected(3), clicks(3);
    std::vector<std::uint8_t> drawn(3);
    for (std::uint64_t user = 0; user < k_pages; ++user) {
      shown.user = UserKey(user);
      laws[at]->redraw(random, shown, drawn);
      for (std::size_t k = 0; k < 3; ++k) clicks[k] += drawn[k] / static_cast<double>(k_pages);
    }
    laws[at]->expected(shown, expected);
    for (std::size_t k = 0; k < 3; ++k) {
      const double deviation = std::sqrt(expected[k] * (1 - expected[k]) / static_cast<double>(k_pages));
      EXPECT_NEAR(clicks[k], expected[k], 4.5 * deviation) << at << " " << k;
    }
  }
}

}  // namespace
}  // namespace coldframe
