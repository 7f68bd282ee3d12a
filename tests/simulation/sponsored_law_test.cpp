// How probable the places beside ads are: what slates say against how often they are shown.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/softmax_policy.h"
#include "framework/simulation/sponsored_policy.h"
#include "framework/simulation/uniform_mixture.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 7;
constexpr int k_users = 20000;

class SponsoredLawTest : public ::testing::Test {
 protected:
  SponsoredLawTest() : source_(invented_dataset(5, k_items, 1)), catalogue_(source_), model_(make_model()) {
    for (std::uint32_t i = 0; i < k_items; ++i) candidates_.emplace_back(i);
    ads_.positions = {1, 3};
  }
  static std::unique_ptr<UserModel> make_model() {
    SimulationOptions options;
    options.user_model = "dbn";
    return make_user_model(options, {1.0, 0.7});
  }

  PolicyRequest request(std::uint64_t user, std::size_t places) const {
    PolicyRequest r;
    r.user = UserKey(user);
    r.history = &history_;
    r.candidates = candidates_;
    r.slate_size = places;
    return r;
  }
  std::shared_ptr<const ScoredPolicy> scores() const {
    return std::make_shared<FixedScorePolicy>("scores", std::vector<float>{5, 4, 3, 2.5f, 2, 1, 0}, catalogue_.ties(1));
  }
  std::shared_ptr<const Policy> softmax() const {
    return std::make_shared<SoftmaxPolicy>("softmax", scores(), 0.7, 4, catalogue_);
  }
  std::shared_ptr<const Policy> mixture(std::shared_ptr<const Policy> inner) const {
    return std::make_shared<UniformMixture>("mixture", std::move(inner), 0.4, 9, catalogue_);
  }
  Slate page(const Policy& policy, std::uint64_t user) const {
    const PolicyRequest asked = request(user, 5);
    Slate slate;
    policy.rank({&asked, 1}, {&slate, 1});
    return slate;
  }
  /// What the inner policy thinks of the beginning of a page of so many places.
  Slate weighed(const Policy& inner, std::vector<ItemId> items) const {
    const PolicyRequest asked = request(1, items.size());
    Slate slate;
    slate.items = std::move(items);
    inner.weigh({&asked, 1}, {&slate, 1});
    return slate;
  }

  /// The same page for everybody by chance alone: its items beside ads, how often, how probable.
  struct Seen {
    double count = 0, probability = 0;
  };
  using Law = std::map<std::vector<ItemId>, Seen>;

  Law expect_beginnings_of(const std::shared_ptr<const Policy>& inner, AdRule rule, const AdMarket& market) const {
    const SponsoredPolicy policy("ads", inner, rule,
                                 {market, *model_, estimated_utilities(std::vector<float>{9, 1, 4, 2, 7, 3, 5}),
                                  catalogue_.ties(1), 1, catalogue_});
    EXPECT_EQ(policy.kind(), inner->kind());
    Law law;
    for (std::uint64_t user = 0; user < k_users; ++user) {
      const Slate slate = page(policy, user);
      EXPECT_EQ(slate.items.size(), 5u);
      std::vector<ItemId> own;
      std::vector<double> propensity, marginal;
      for (std::size_t k = 0; k < slate.items.size(); ++k) {
        EXPECT_EQ(std::isnan(slate.position_log_propensity[k]), slate.prices[k] > 0);
        if (slate.prices[k] > 0) continue;
        own.push_back(slate.items[k]);
        propensity.push_back(slate.position_log_propensity[k]);
        if (!slate.position_log_marginal.empty()) marginal.push_back(slate.position_log_marginal[k]);
      }
      Seen& seen = law[own];
      seen.count += 1;
      if (seen.count > 1) {
        EXPECT_NEAR(seen.probability, std::exp(slate.log_propensity), 1e-12);
        continue;
      }
      seen.probability = std::exp(slate.log_propensity);
      const Slate claimed = weighed(*inner, own);
      EXPECT_NEAR(slate.log_propensity, claimed.log_propensity, 1e-9);
      for (std::size_t k = 0; k < own.size(); ++k) {
        EXPECT_NEAR(propensity[k], claimed.position_log_propensity[k], 1e-9);
        if (!marginal.empty()) {
          EXPECT_NEAR(marginal[k], claimed.position_log_marginal[k], 1e-9);
        }
      }
    }
    expect_frequencies(law);
    return law;
  }

  /// Chi-square against the probabilities that the pages claimed, which all together are 1.
  static void expect_frequencies(const Law& law) {
    double chi_square = 0, cells = 0, total = 0;
    for (const auto& [items, seen] : law) {
      const double expected = k_users * seen.probability;
      total += seen.probability;
      if (expected < 10) continue;
      chi_square += (seen.count - expected) * (seen.count - expected) / expected;
      cells += 1;
    }
    EXPECT_NEAR(total, 1.0, 0.01) << "pages that nobody saw have little probability";
    EXPECT_LT(total, 1.0 + 1e-9);
    EXPECT_GT(cells, 20);
    EXPECT_LT(chi_square, cells + 5 * std::sqrt(2 * cells));
  }

  Dataset source_;
  Catalogue catalogue_;
  std::unique_ptr<UserModel> model_;
  History history_;
  std::vector<ItemId> candidates_;
  AdsOptions ads_;
};

TEST_F(SponsoredLawTest, other_places_are_as_probable_as_the_beginning_of_the_page_without_ads) {
  ads_.inventory = 5;  // of 7 items, 5 places: always enough for two of them
  const AdMarket market(ads_, source_, 5);
  for (const AdRule rule : {AdRule::random, AdRule::price, AdRule::revenue, AdRule::optimal}) {
    const Law law = expect_beginnings_of(mixture(softmax()), rule, market);
    for (const auto& [items, seen] : law) EXPECT_EQ(items.size(), 3u);
  }
  // Where a position has a closed form whatever is above it, it keeps it.
  expect_beginnings_of(mixture(scores()), AdRule::optimal, market);
  expect_beginnings_of(std::make_shared<RandomPolicy>("random", 3, catalogue_), AdRule::price, market);
}

TEST_F(SponsoredLawTest, places_that_go_back_for_want_of_ads_leave_a_law) {
  ads_.inventory = 2;  // what the policy shows of them is not for sale
  const AdMarket market(ads_, source_, 5);
  std::map<std::size_t, double> lengths;
  const Law law = expect_beginnings_of(mixture(softmax()), AdRule::price, market);
  for (const auto& [items, seen] : law) lengths[items.size()] += seen.count;
  for (const std::size_t places : {3, 4, 5}) EXPECT_GT(lengths[places], 100) << places;
}

TEST_F(SponsoredLawTest, drawn_ads_are_uniform_given_the_rest_of_the_page) {
  ads_.positions = {2};
  ads_.inventory = 4;
  const AdMarket market(ads_, source_, 5);
  const SponsoredPolicy policy("ads", softmax(), AdRule::random,
                               {market, *model_, std::vector<double>(k_items, 0.0), catalogue_.ties(1), 1, catalogue_});
  std::map<std::vector<ItemId>, std::map<ItemId, double>> counts;
  for (std::uint64_t user = 0; user < k_users; ++user) {
    Slate slate = page(policy, user);
    if (slate.prices[1] == 0) continue;
    const ItemId ad = slate.items[1];
    slate.items.erase(slate.items.begin() + 1);
    counts[slate.items][ad] += 1;
  }
  double chi_square = 0, degrees = 0;
  for (auto& [own, ads] : counts) {
    std::vector<ItemId> possible(market.inventory().begin(), market.inventory().end());
    std::erase_if(possible, [&](ItemId item) { return std::ranges::find(own, item) != own.end(); });
    double all = 0;
    for (const auto& [ad, count] : ads) all += count;
    const double expected = all / static_cast<double>(possible.size());
    if (possible.size() < 2 || expected < 10) continue;
    for (const ItemId ad : possible) chi_square += (ads[ad] - expected) * (ads[ad] - expected) / expected;
    degrees += static_cast<double>(possible.size()) - 1;
  }
  EXPECT_GT(degrees, 20);
  EXPECT_LT(chi_square, degrees + 5 * std::sqrt(2 * degrees));
}

TEST_F(SponsoredLawTest, what_has_no_propensities_gets_none_and_whole_pages_are_not_weighed) {
  ads_.inventory = 5;
  const AdMarket market(ads_, source_, 5);
  const AdSetting setting{market, *model_, std::vector<double>(k_items, 0.0), catalogue_.ties(1), 1, catalogue_};
  const SponsoredPolicy certain("ads", scores(), AdRule::random, setting);
  EXPECT_EQ(certain.kind(), PolicyKind::deterministic) << "drawn ads make the other places no less certain";
  const Slate slate = page(certain, 3);
  EXPECT_EQ(slate.log_propensity, 0.0);
  const PolicyRequest asked = request(3, 5);
  Slate again = slate;
  EXPECT_THROW(certain.weigh({&asked, 1}, {&again, 1}), ConfigError);
  EXPECT_EQ(SponsoredOracle("oracle", softmax(), setting).kind(), PolicyKind::stochastic);
}

}  // namespace
}  // namespace coldframe
