// Pages with ads, placed and lived.

#include "framework/simulation/sponsored_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <set>

#include "framework/simulation/ad_layout.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/onboarded_policy.h"
#include "framework/simulation/page_relevance.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 30;

class SponsoredTest : public ::testing::Test {
 protected:
  SponsoredTest()
      : source_(invented_dataset(5, k_items, 1)),
        population_(small_population(k_items, 2, 1.5)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(source_) {
    options_.slate_size = 5;
    options_.pages = 3;
    options_.clicked_items = "stay";
    options_.threads = 2;
    options_.block_users = 16;
    ads_.positions = {1, 3};
    ads_.inventory = 8;
    make();
  }

  void make() {
    model_ = make_user_model(options_, {1.0, 1.2});
    market_ = std::make_unique<AdMarket>(ads_, source_, 5);
    popularity_ = std::make_shared<FixedScorePolicy>("popularity", counts(), catalogue_.ties(1));
  }
  std::vector<float> counts() const {
    return {population_.world_popularity.begin(), population_.world_popularity.end()};
  }
  AdSetting setting() const {
    return {*market_, *model_, estimated_utilities(counts()), catalogue_.ties(1), 1, catalogue_};
  }
  ReplayResult run(std::uint64_t begin, std::uint64_t end, KeepLog keep = KeepLog::no) const {
    std::vector<std::unique_ptr<SponsoredPolicy>> policies;
    for (const auto& [name, rule] : {std::pair{"ads:random:popularity", AdRule::random},
                                     {"ads:price:popularity", AdRule::price},
                                     {"ads:revenue:popularity", AdRule::revenue},
                                     {"ads:optimal:popularity", AdRule::optimal}}) {
      policies.push_back(std::make_unique<SponsoredPolicy>(name, popularity_, rule, setting()));
    }
    const SponsoredOracle oracle("ads:oracle:popularity", popularity_, setting());
    std::vector<Contestant> contestants = {*popularity_};
    for (const auto& policy : policies) contestants.emplace_back(*policy);
    contestants.emplace_back(oracle);
    return replay({&newcomers_, &catalogue_, model_.get(), nullptr, nullptr, market_.get()}, contestants, options_,
                  {begin, end, keep, {}});
  }

  Dataset source_;
  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  SimulationOptions options_;
  AdsOptions ads_;
  std::unique_ptr<UserModel> model_;
  std::unique_ptr<AdMarket> market_;
  std::shared_ptr<const FixedScorePolicy> popularity_;
};

TEST_F(SponsoredTest, ads_stand_on_sold_places_and_the_rest_of_the_page_keeps_its_order) {
  const ReplayResult result = run(0, 40, KeepLog::trace);
  for (std::size_t p = 1; p < result.policies.size(); ++p) {
    std::set<std::vector<ItemId>> pages;
    for (std::size_t row = 0; row < result.policies[p].log.size(); ++row) {
      const PageRow &with = result.policies[p].log[row], &without = result.policies[0].log[row];
      ASSERT_EQ(with.items.size(), 5u);
      std::vector<ItemId> organic;
      for (std::size_t k = 0; k < 5; ++k) {
        const bool sold = k == 0 || k == 2;
        EXPECT_EQ(with.prices[k], sold ? market_->price(with.items[k]) : 0.0);
        EXPECT_EQ(with.prices[k] > 0, sold);
        if (!sold) organic.push_back(with.items[k]);
      }
      EXPECT_THAT(organic, ::testing::ElementsAreArray(without.items.begin(), without.items.begin() + 3));
      pages.insert(with.items);
    }
    const bool same_for_all = p == 2 || p == 3 || p == 4;  // price, revenue, optimal know nobody
    EXPECT_EQ(pages.size() == 1, same_for_all) << result.policies[p].policy;
  }
  EXPECT_TRUE(result.policies[0].log[0].prices.empty());
}

TEST_F(SponsoredTest, rows_bring_their_prices_along_between_ranks) {
  const ReplayResult result = run(0, 5, KeepLog::yes), sent = unpack_replay_result(pack(result));
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    for (std::size_t row = 0; row < result.policies[p].log.size(); ++row) {
      EXPECT_EQ(sent.policies[p].log[row].prices, result.policies[p].log[row].prices);
      EXPECT_EQ(sent.policies[p].log[row].prices.empty(), p == 0);
    }
  }
}

TEST_F(SponsoredTest, who_is_asked_at_sign_up_meets_ads_too) {
  const AnswerLaw answers(std::vector<double>(k_items, 3.0), {1.0, -1.0}, 9);
  const auto chooser = std::make_shared<ScoredQuestions>(std::vector<double>(k_items, 1.0), catalogue_.ties(1));
  const Interview interview{chooser, 3, &answers};
  const auto sponsored =
      std::make_shared<SponsoredPolicy>("ads:price:popularity", popularity_, AdRule::price, setting());
  const OnboardedPolicy asking("asking", sponsored, interview);
  const SponsoredOracle oracle("oracle", popularity_, setting());
  options_.clicked_items = "leave";
  const std::vector<Contestant> contestants = {asking, Contestant(oracle, &interview)};
  const ReplayResult result = replay({&newcomers_, &catalogue_, model_.get(), nullptr, nullptr, market_.get()},
                                     contestants, options_, {0, 30, KeepLog::trace, {}});
  for (const PolicyOutcome& outcome : result.policies) {
    EXPECT_EQ(outcome.answers[0] + outcome.answers[1] + outcome.answers[2], 90u);
    EXPECT_GT(outcome.places[0].ads, 80u);
    for (const PageRow& row : outcome.log) {
      for (const Answer& answer : row.answers) {
        const bool shown = std::ranges::find(row.items, answer.item) != row.items.end();
        EXPECT_FALSE(shown && answer.kind == AnswerKind::like) << "liked answers leave, for ads as for others";
      }
    }
  }
  EXPECT_EQ(result.policies[0].answers, result.policies[1].answers);
}

TEST_F(SponsoredTest, what_stands_there_anyway_is_not_sold_and_places_without_ads_go_back) {
  const std::vector<std::uint32_t>& likes = population_.world_popularity;
  std::vector<std::uint32_t> order(k_items);
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, std::greater<>(), [&](std::uint32_t i) { return likes[i]; });
  // For sale: the most popular item and the fourth, which falls off the page when two places are sold.
  std::vector<double> prices(k_items, 0.0);
  const auto with = [&](std::vector<std::uint32_t> sold) {
    std::string text = "item,price\n";
    for (const std::uint32_t item : sold) text += source_.items.ids[item] + ",1\n";
    const std::filesystem::path file = std::filesystem::path(::testing::TempDir()) / "coldframe_prices.csv";
    std::ofstream(file) << text;
    ads_.prices = file.string();
    make();
    std::filesystem::remove(file);
    const PageRow page = run(3, 4, KeepLog::trace).policies[2].log[0];
    std::vector<std::uint32_t> shown;
    for (std::size_t k = 0; k < page.items.size(); ++k) {
      shown.push_back(page.items[k].value() + (page.prices.empty() || page.prices[k] == 0 ? 0 : 100));
    }
    return shown;
  };
  // One ad only: the first place is sold; then popularity as it is, and the second place stays with it.
  EXPECT_THAT(with({order[0], order[4]}),
              ::testing::ElementsAre(order[4] + 100, order[0], order[1], order[2], order[3]));
  EXPECT_THAT(with({order[0]}), ::testing::ElementsAre(order[0], order[1], order[2], order[3], order[4]));
  EXPECT_THAT(with({order[7], order[9]}),
              ::testing::UnorderedElementsAre(order[0], order[1], order[2], order[7] + 100, order[9] + 100));
}

TEST_F(SponsoredTest, the_oracle_earns_most_under_every_user_model) {
  options_.pages = 1;
  for (const char* name : {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"}) {
    options_.user_model = name;
    for (const double value : {0.0, 2.0}) {
      ads_.click_value = value;
      make();
      const ReplayResult result = run(0, 120);
      const auto worth = [&](std::size_t p, std::size_t u) {
        return static_cast<double>(result.policies[p].ads[u].expected_revenue) * FixedSum::k_unit +
               value * static_cast<double>(result.policies[p].users[u].expected) * FixedSum::k_unit;
      };
      std::vector<double> sums(result.policies.size());
      for (std::size_t p = 0; p < result.policies.size(); ++p) {
        for (std::size_t u = 0; u < 120; ++u) {
          sums[p] += worth(p, u);
          if (p == 0) continue;
          EXPECT_LE(worth(p, u), worth(5, u) + 1e-4) << name << " " << result.policies[p].policy;
        }
      }
      EXPECT_GT(sums[5], sums[4]) << name << ": knowing tastes pays";
      EXPECT_GT(sums[4], sums[1]) << name << ": optimal above random";
    }
  }
}

TEST_F(SponsoredTest, counts_are_those_of_the_pages) {
  const ReplayResult result = run(0, 60, KeepLog::trace);
  for (const PolicyOutcome& outcome : result.policies) {
    std::vector<PlaceCounts> places(5);
    std::map<std::uint64_t, UserAds> users;
    double relevance = 0;
    for (const PageRow& row : outcome.log) {
      UserAds& user = users[row.user];
      user.user = row.user;
      const Latents latents = newcomers_.latents(newcomers_.newcomer(row.user));
      relevance += page_relevance(*model_, row.utilities, LatentsProbe::utilities(latents));
      for (std::size_t k = 0; k < 5; ++k) {
        const double price = row.prices.empty() ? 0 : row.prices[k];
        places[k].shown += 1;
        places[k].clicks += row.clicks[k];
        places[k].expected.add(row.click_probability[k]);
        if (price == 0) {
          user.organic += FixedSum::to_fixed(row.click_probability[k]);
          continue;
        }
        places[k].ads += 1;
        places[k].ad_clicks += row.clicks[k];
        places[k].ad_expected.add(row.click_probability[k]);
        places[k].revenue.add(row.clicks[k] * price);
        places[k].expected_revenue.add(row.click_probability[k] * price);
        user.revenue += FixedSum::to_fixed(row.clicks[k] * price);
        user.expected_revenue += FixedSum::to_fixed(row.click_probability[k] * price);
      }
    }
    EXPECT_EQ(outcome.places, places) << outcome.policy;
    EXPECT_NEAR(outcome.relevance.value(), relevance, 1e-3);
    EXPECT_EQ(outcome.ads.size(), 60u);
    for (const UserAds& row : outcome.ads) {
      EXPECT_EQ(row.organic, users[row.user].organic);
      EXPECT_EQ(row.revenue, users[row.user].revenue);
      EXPECT_EQ(row.expected_revenue, users[row.user].expected_revenue);
    }
  }
  EXPECT_EQ(result.policies[0].places[0].ads, 0u);
  EXPECT_GT(result.policies[5].places[0].ad_clicks, 0u);
}

TEST_F(SponsoredTest, sampled_revenue_is_the_expected_one_on_average) {
  options_.user_model = "dbn";
  make();
  const ReplayResult result = run(0, 2000);
  for (std::size_t p = 1; p < result.policies.size(); ++p) {
    double difference = 0, squares = 0;
    for (const UserAds& user : result.policies[p].ads) {
      const double d = static_cast<double>(user.revenue - user.expected_revenue) * FixedSum::k_unit;
      difference += d;
      squares += d * d;
    }
    EXPECT_LT(std::abs(difference), 4 * std::sqrt(squares)) << result.policies[p].policy;
    EXPECT_GT(squares, 1);
  }
}

TEST_F(SponsoredTest, same_bits_for_any_threads_blocks_and_splits_and_none_moved_without_ads) {
  options_.clicked_items = "leave";
  options_.leave_probability = 0.2;
  options_.sessions = 2;
  const std::vector<std::byte> whole = pack(run(10, 60));
  options_.threads = 1;
  options_.block_users = 7;
  EXPECT_EQ(pack(run(10, 60)), whole);
  ReplayResult two = unpack_replay_result(pack(run(33, 60)));
  two.merge(run(10, 33));
  EXPECT_EQ(pack(two), whole);
  // Who shows no ads is not touched by places that are sold to others.
  const std::vector<Contestant> alone = {*popularity_};
  const ReplayResult plain =
      replay({&newcomers_, &catalogue_, model_.get()}, alone, options_, {10, 60, KeepLog::no, {}});
  EXPECT_EQ(plain.policies[0].digest.hex(), two.policies[0].digest.hex());
  EXPECT_TRUE(plain.policies[0].places.empty());
}

TEST_F(SponsoredTest, the_platform_estimates_from_counts_alone) {
  // log(I (n + 1) / (sum n + I)): 3 items, 5 likes.
  const std::vector<double> utilities = estimated_utilities(std::vector<float>{4, 1, 0});
  EXPECT_NEAR(utilities[0], std::log(3 * 5.0 / 8), 1e-12);
  EXPECT_NEAR(utilities[2], std::log(3 * 1.0 / 8), 1e-12);
  double sum = 0;
  for (const double utility : utilities) sum += std::exp(utility) / 3;
  EXPECT_NEAR(sum, 1, 1e-12);
}

}  // namespace
}  // namespace coldframe
