#include "framework/simulation/sponsored_policy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/simulation/ad_layout.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

/// A page on which ads have not been placed yet.
struct Offer {
  std::vector<ItemId> organic;
  std::vector<std::size_t> sold;  // places
  std::vector<ItemId> ads;        // by tie order
};

std::vector<ItemId> ads_beside(std::span<const ItemId> organic, const PolicyRequest& request, const AdMarket& market) {
  std::vector<ItemId> ads;
  std::ranges::set_intersection(market.inventory(), request.candidates, std::back_inserter(ads));
  std::erase_if(ads, [&](ItemId item) { return std::ranges::find(organic, item) != organic.end(); });
  return ads;
}

/// page: what the policy would show without ads.
Offer offer_of(const PolicyRequest& request, std::span<const ItemId> page, const AdMarket& market,
               const TieBreak& ties) {
  Offer offer;
  for (const std::size_t place : market.places()) {
    if (place < page.size()) offer.sold.push_back(place);
  }
  // Fewer sold places leave more to the policy, which may be what was for sale.
  while (true) {
    const std::span<const ItemId> organic = page.first(page.size() - offer.sold.size());
    offer.ads = ads_beside(organic, request, market);
    if (offer.ads.size() >= offer.sold.size()) {
      offer.organic.assign(organic.begin(), organic.end());
      break;
    }
    offer.sold.pop_back();
  }
  std::ranges::sort(offer.ads, {}, [&](ItemId item) { return ties.order(request.user, item); });
  return offer;
}

Slate slate_of(const Offer& offer, std::span<const std::size_t> ads, const AdMarket& market) {
  Slate slate;
  auto organic = offer.organic.begin();
  for (std::size_t place = 0, sold = 0; place < offer.organic.size() + offer.sold.size(); ++place) {
    const bool is_sold = sold < offer.sold.size() && offer.sold[sold] == place;
    slate.items.push_back(is_sold ? offer.ads[ads[sold++]] : *organic++);
    slate.prices.push_back(is_sold ? market.price(slate.items.back()) : 0.0);
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
  for (const ItemId item : offer.organic) organic.push_back(utility(item));
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
    const Offer offer = offer_of(request, slates[r].items, market, setting_.ties);
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

SponsoredOracle::SponsoredOracle(std::string name, std::shared_ptr<const Policy> inner, const AdSetting& setting)
    : name_(std::move(name)), inner_(std::move(inner)), setting_(setting) {}

void SponsoredOracle::rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
                           std::span<Slate> slates) const {
  inner_->rank(requests, slates);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const Offer offer = offer_of(requests[r], slates[r].items, setting_.market, setting_.ties);
    slates[r] = slate_of(offer, best_of(offer, setting_, latents[r]->utilities(LatentKey())), setting_.market);
  }
}

}  // namespace coldframe
