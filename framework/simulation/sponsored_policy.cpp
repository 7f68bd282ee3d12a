#include "framework/simulation/sponsored_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/ad_layout.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr double k_no_propensity = std::numeric_limits<double>::quiet_NaN();

/// A page on which ads have not been placed yet.
struct Offer {
  Slate organic;                  // cut to the places that are not sold
  std::vector<std::size_t> sold;  // places
  std::vector<ItemId> ads;        // by tie order
};

std::vector<ItemId> ads_among(std::span<const ItemId> candidates, const AdMarket& market) {
  std::vector<ItemId> ads;
  std::ranges::set_intersection(market.inventory(), candidates, std::back_inserter(ads));
  return ads;
}

void cut(Slate& page, std::size_t places) {
  page.items.resize(places);
  if (!page.position_log_propensity.empty()) page.position_log_propensity.resize(places);
  if (!page.position_log_marginal.empty()) page.position_log_marginal.resize(places);
}

/// page: what the policy would show without ads.
Offer offer_of(const PolicyRequest& request, Slate page, const AdMarket& market, const TieBreak& ties) {
  Offer offer;
  const std::span<const ItemId> items = page.items;
  for (const std::size_t place : market.places()) {
    if (place < items.size()) offer.sold.push_back(place);
  }
  const std::vector<ItemId> all = ads_among(request.candidates, market);
  // Fewer sold places leave more to the policy, which may be what was for sale.
  for (bool enough = false; !enough;) {
    const std::span<const ItemId> organic = items.first(items.size() - offer.sold.size());
    offer.ads = all;
    std::erase_if(offer.ads, [&](ItemId item) { return std::ranges::find(organic, item) != organic.end(); });
    enough = offer.ads.size() >= offer.sold.size();
    if (!enough) offer.sold.pop_back();
  }
  // Where ads can run out, whether a place is sold depends on the others: nobody knows what stands there on its own.
  if (all.size() < items.size()) page.position_log_marginal.clear();
  cut(page, items.size() - offer.sold.size());
  offer.organic = std::move(page);
  std::ranges::sort(offer.ads, {}, [&](ItemId item) { return ties.order(request.user, item); });
  return offer;
}

/// ads: which of the offer stand on the sold places.
Slate slate_of(const Offer& offer, std::span<const std::size_t> ads, const AdMarket& market) {
  const Slate& organic = offer.organic;
  Slate slate;
  for (std::size_t place = 0, sold = 0; place < organic.items.size() + offer.sold.size(); ++place) {
    const std::size_t own = place - sold;
    const bool is_sold = sold < offer.sold.size() && offer.sold[sold] == place;
    slate.items.push_back(is_sold ? offer.ads[ads[sold++]] : organic.items[own]);
    slate.prices.push_back(is_sold ? market.price(slate.items.back()) : 0.0);
    if (!organic.position_log_propensity.empty()) {
      slate.position_log_propensity.push_back(is_sold ? k_no_propensity : organic.position_log_propensity[own]);
      if (!is_sold) slate.log_propensity += slate.position_log_propensity.back();
    }
    if (!organic.position_log_marginal.empty()) {
      slate.position_log_marginal.push_back(is_sold ? k_no_propensity : organic.position_log_marginal[own]);
    }
  }
  return slate;
}

/// The ads of the largest scores [N], from the top.
std::vector<std::size_t> first_ads(const Offer& offer, std::span<const double> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t ad) { return scores[ad]; });
  order.resize(offer.sold.size());
  return order;
}

template <class Score>
std::vector<double> scored(const Offer& offer, const Score& score) {
  std::vector<double> scores;
  scores.reserve(offer.ads.size());
  for (const ItemId item : offer.ads) scores.push_back(score(item));
  return scores;
}

/// utilities [I].
std::vector<std::size_t> best_of(const Offer& offer, const AdSetting& setting, std::span<const double> utilities) {
  const auto utility = [&](ItemId item) { return utilities[item.value()]; };
  std::vector<double> organic;
  for (const ItemId item : offer.organic.items) organic.push_back(utility(item));
  const std::vector<double> of_ads = scored(offer, utility);
  const std::vector<double> prices = scored(offer, [&](ItemId item) { return setting.market.price(item); });
  return best_ads(setting.model, {offer.sold, organic, of_ads, prices, setting.market.click_value()}).ads;
}

}  // namespace

std::vector<double> estimated_utilities(std::span<const float> likes) {
  double all = static_cast<double>(likes.size());
  for (const float count : likes) all += static_cast<double>(count);
  std::vector<double> utilities;
  for (const float count : likes) {
    utilities.push_back(std::log(static_cast<double>(likes.size()) * (static_cast<double>(count) + 1.0) / all));
  }
  return utilities;
}

SponsoredPolicy::SponsoredPolicy(std::string name, std::shared_ptr<const Policy> inner, AdRule rule,
                                 const AdSetting& setting)
    : name_(std::move(name)),
      inner_(std::move(inner)),
      rule_(rule),
      setting_(setting),
      random_(derived_seed(setting.seed, "ads on places"), Purpose::exploration) {
  for (const double utility : setting_.utilities) alone_.push_back(expected_reward(setting_.model, {&utility, 1}));
}

void SponsoredPolicy::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  inner_->rank(requests, slates);
  const AdMarket& market = setting_.market;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    const Offer offer = offer_of(request, std::move(slates[r]), market, setting_.ties);
    std::vector<std::size_t> ads;
    if (rule_ == AdRule::optimal) {
      ads = best_of(offer, setting_, setting_.utilities);
    } else if (rule_ == AdRule::random) {
      ads = first_ads(offer, scored(offer, [&](ItemId item) {
                        return random_.uniform(request.user, request.time.session, request.time.page,
                                               setting_.catalogue.slot(item));
                      }));
    } else {
      const bool by_revenue = rule_ == AdRule::revenue;
      ads = first_ads(offer, scored(offer, [&](ItemId item) {
                        return market.price(item) * (by_revenue ? alone_[item.value()] : 1.0);
                      }));
    }
    slates[r] = slate_of(offer, ads, market);
  }
}

void SponsoredPolicy::weigh(std::span<const PolicyRequest>, std::span<Slate>) const {
  throw ConfigError(fmt::format("policy '{}' is asked how probable pages with ads are", name_),
                    "only places that are not sold have propensities", "ask about the policy that fills them");
}

SponsoredOracle::SponsoredOracle(std::string name, std::shared_ptr<const Policy> inner, const AdSetting& setting)
    : name_(std::move(name)), inner_(std::move(inner)), setting_(setting) {}

void SponsoredOracle::rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
                           std::span<Slate> slates) const {
  inner_->rank(requests, slates);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const Offer offer = offer_of(requests[r], std::move(slates[r]), setting_.market, setting_.ties);
    slates[r] = slate_of(offer, best_of(offer, setting_, latents[r]->utilities(LatentKey())), setting_.market);
  }
}

}  // namespace coldframe
