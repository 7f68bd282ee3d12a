// Random streams of search sessions, ads and new words against draws by an implementation of their own
// (tests/golden/make_stream_goldens.py): whoever moves a draw changes every published result.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/search_law.h"
#include "framework/simulation/simulation_options.h"
#include "framework/simulation/sponsored_policy.h"
#include "framework/simulation/word_shift.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

UserKey user_in(const nlohmann::json& row) { return UserKey(std::stoull(row.at("user").get<std::string>())); }

TEST(FrozenStreams, sessions_begin_with_these_queries) {
  const nlohmann::json golden = testing::golden("streams").at("search");
  EntityTable items;
  AttributeColumn kind{"kind", AttributeKind::multi, {}, {}, golden.at("kinds")};
  for (std::size_t i = 0; i < kind.values.size(); ++i) items.ids.push_back(fmt::format("i{}", i));
  items.columns = {kind};
  SearchOptions options;
  options.attribute = "kind";
  options.minimum_items = 1;
  options.share = golden.at("share");
  options.typo_share = golden.at("typo_share");
  const SearchLaw law(options, items, golden.at("seed"));
  const auto taste = golden.at("taste").get<std::vector<double>>();
  std::size_t searched = 0;
  for (const nlohmann::json& row : golden.at("sessions")) {
    const auto search = law.begin(user_in(row), row.at("session"), taste);
    ASSERT_EQ(search.has_value(), row.contains("text")) << row;
    if (!search) continue;
    EXPECT_EQ(law.intents()[search->intent].value, row.at("intent")) << row;
    EXPECT_EQ(search->query->text, row.at("text")) << row;
    ++searched;
  }
  EXPECT_GT(searched, 20u);
}

TEST(FrozenStreams, these_words_give_way_to_these_synonyms) {
  const nlohmann::json golden = testing::golden("streams").at("words");
  const auto synonyms = golden.at("synonyms").get<std::vector<std::string>>();
  const WordShift shift([&](const std::string&) { return synonyms; }, golden.at("share"), golden.at("seed"));
  for (const nlohmann::json& row : golden.at("words")) {
    EXPECT_EQ(shift.replacement(row.at("word").get<std::string>()), row.at("now")) << row;
  }
}

class FrozenAdsTest : public ::testing::Test {
 protected:
  FrozenAdsTest() : golden_(testing::golden("streams").at("ads")) {
    for (int i = 0; i < golden_.at("items").get<int>(); ++i) {
      data_.items.ids.push_back(fmt::format("i{}", i));
      data_.item_available_from.push_back(Dataset::k_always);
      data_.item_available_to.push_back(Dataset::k_forever);
    }
    AdsOptions options;
    options.positions = golden_.at("positions").get<std::vector<std::int64_t>>();
    options.inventory = static_cast<std::int64_t>(golden_.at("inventory").size());
    options.median_price = golden_.at("median_price");
    options.price_sigma = golden_.at("price_sigma");
    market_ = std::make_unique<AdMarket>(options, data_, golden_.at("seed"));
  }
  nlohmann::json golden_;
  Dataset data_;
  std::unique_ptr<AdMarket> market_;
};

TEST_F(FrozenAdsTest, these_items_are_for_sale_at_these_prices) {
  ASSERT_EQ(market_->inventory().size(), golden_.at("inventory").size());
  for (std::size_t k = 0; k < market_->inventory().size(); ++k) {
    const ItemId item = market_->inventory()[k];
    EXPECT_EQ(item.value(), golden_.at("inventory")[k].at("item").get<std::uint32_t>());
    EXPECT_NEAR(market_->price(item), golden_.at("inventory")[k].at("price").get<double>(), 1e-12);
  }
}

TEST_F(FrozenAdsTest, drawn_ads_stand_on_these_pages) {
  const Catalogue catalogue(data_);
  const std::uint64_t seed = golden_.at("seed");
  std::vector<float> scores;
  std::vector<ItemId> candidates;
  for (std::uint32_t i = 0; i < catalogue.size(); ++i) {
    scores.push_back(-static_cast<float>(i));
    candidates.emplace_back(i);
  }
  const auto inner = std::make_shared<FixedScorePolicy>("first", scores, catalogue.ties(1));
  const std::unique_ptr<UserModel> model = make_user_model(SimulationOptions(), {1.0, 1.0});
  const SponsoredPolicy policy(
      "ads", inner, AdRule::random,
      {*market_, *model, std::vector<double>(catalogue.size(), 0.0), catalogue.ties(1), seed, catalogue});
  const History nothing;
  for (const nlohmann::json& row : golden_.at("pages")) {
    PolicyRequest request;
    request.user = user_in(row);
    request.history = &nothing;
    request.time.session = row.at("session");
    request.time.page = row.at("page");
    request.candidates = candidates;
    request.slate_size = golden_.at("slate_size");
    Slate slate;
    policy.rank({&request, 1}, {&slate, 1});
    std::vector<std::uint32_t> ads;
    for (std::size_t k = 0; k < slate.items.size(); ++k) {
      if (slate.prices[k] > 0) ads.push_back(slate.items[k].value());
    }
    EXPECT_EQ(ads, row.at("ads").get<std::vector<std::uint32_t>>()) << row;
  }
}

}  // namespace
}  // namespace coldframe
