#include "framework/simulation/ad_market.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "synthetic_world.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

AdsOptions options_of(std::int64_t inventory, double sigma = 1) {
  AdsOptions options;
  options.positions = {5, 2};
  options.inventory = inventory;
  options.median_price = 0.4;
  options.price_sigma = sigma;
  return options;
}

TEST(AdMarket, draws_items_and_prices_by_key) {
  const Dataset data = invented_dataset(3, 400, 1);
  const AdMarket all(options_of(400), data, 5), some(options_of(50), data, 5), calm(options_of(50, 0), data, 5);
  EXPECT_THAT(std::vector<std::size_t>(some.places().begin(), some.places().end()), ::testing::ElementsAre(1, 4));
  EXPECT_EQ(some.inventory().size(), 50u);
  EXPECT_TRUE(std::ranges::is_sorted(some.inventory()));
  EXPECT_TRUE(std::ranges::equal(some.inventory(), calm.inventory())) << "the spread moves nobody in or out";
  double sum = 0, squares = 0;
  for (std::uint32_t i = 0; i < 400; ++i) {
    const double price = all.price(ItemId(i));
    sum += std::log(price / 0.4);
    squares += std::log(price / 0.4) * std::log(price / 0.4);
    if (some.price(ItemId(i)) == 0) continue;
    EXPECT_EQ(some.price(ItemId(i)), price) << "a smaller inventory is a part";
    EXPECT_DOUBLE_EQ(calm.price(ItemId(i)), 0.4);
  }
  EXPECT_NEAR(sum / 400, 0, 4 / 20.0);
  EXPECT_NEAR(squares / 400, 1, 4 * std::sqrt(2.0 / 400));
  EXPECT_THROW(AdMarket(options_of(401), data, 5), ConfigError);
}

class PriceFileTest : public ::testing::Test {
 protected:
  AdMarket read(const std::string& text) const {
    write_file_atomically(folder_.path() / "prices.csv", text);
    AdsOptions options = options_of(50);
    options.prices = (folder_.path() / "prices.csv").string();
    return AdMarket(options, data_, 5);
  }
  std::string why(const std::string& text) const {
    try {
      read(text);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }
  testing::TemporaryFolder folder_;
  Dataset data_ = invented_dataset(3, 9, 1);
};

TEST_F(PriceFileTest, gives_the_inventory) {
  const AdMarket market = read("price,item\n1.5,i7\n0.25,i2\n");
  EXPECT_THAT(std::vector<ItemId>(market.inventory().begin(), market.inventory().end()),
              ::testing::ElementsAre(ItemId(2), ItemId(7)));
  EXPECT_EQ(market.price(ItemId(7)), 1.5);
  EXPECT_EQ(market.price(ItemId(0)), 0.0);
}

TEST_F(PriceFileTest, mistakes_name_the_line) {
  EXPECT_THAT(why("item,cost\ni1,2\n"), HasSubstr("price is missing"));
  EXPECT_THAT(why("item,price\ni1,2\ni99,2\n"), ::testing::AllOf(HasSubstr("prices.csv:3"), HasSubstr("'i99'")));
  EXPECT_THAT(why("item,price\ni1,0\n"), HasSubstr("no number above 0"));
  EXPECT_THAT(why("item,price\ni1,-2\n"), HasSubstr("no number above 0"));
  EXPECT_THAT(why("item,price\ni1,cheap\n"), HasSubstr("no number above 0"));
  EXPECT_THAT(why("item,price\ni1,nan\n"), HasSubstr("no number above 0"));
  EXPECT_THAT(why("item,price\ni1,1e308\n"), HasSubstr("is above"));
  EXPECT_THAT(why("item,price\ni1,1\ni1,2\n"), HasSubstr("a price already"));
  EXPECT_THAT(why("item,price\ni1\n"), HasSubstr("1 fields, the header has 2"));
  EXPECT_THAT(why("item,price\n"), HasSubstr("names no item"));
  EXPECT_THAT(why(""), HasSubstr("is empty"));
}

TEST(AdsOptions, places_are_named_once_and_count_from_one) {
  EXPECT_TRUE(AdsOptions().validate().empty());
  AdsOptions options = options_of(3);
  EXPECT_TRUE(options.validate().empty());
  options.positions = {3, 1, 3};
  EXPECT_THAT(options.validate().front().text, HasSubstr("3 twice"));
  options.positions = {0};
  EXPECT_THAT(options.validate().front().text, HasSubstr("count from 1"));
}

}  // namespace
}  // namespace coldframe
