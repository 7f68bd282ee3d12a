#include "framework/simulation/ad_layout.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/page_parts.h"

namespace coldframe {
namespace {

constexpr int k_most_rounds = 50;

double objective(const UserModel& model, const AdPage& page, std::span<const std::size_t> ads) {
  const AdOutcome outcome = ad_outcome(model, page, ads);
  return outcome.revenue + page.click_value * outcome.clicks;
}

double worth(const AdPage& page, std::size_t ad) { return page.prices[ad] + page.click_value; }

/// The `count` ads of the largest scores, largest first, earlier ones first among equals.
std::vector<std::size_t> largest(std::span<const double> scores, std::size_t count) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
      [&](std::size_t a, std::size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  order.resize(count);
  return order;
}

std::vector<std::size_t> independent_ads(const PageParts& parts, const AdPage& page) {
  std::vector<double> scores(page.prices.size());
  for (std::size_t ad = 0; ad < scores.size(); ++ad) scores[ad] = parts.weight(page.utilities[ad]) * worth(page, ad);
  std::vector<double> looks;
  for (const std::size_t place : page.sold) looks.push_back(parts.examined(place));
  const std::vector<std::size_t> best = largest(scores, page.sold.size()), places = largest(looks, looks.size());
  std::vector<std::size_t> ads(best.size());
  for (std::size_t k = 0; k < best.size(); ++k) ads[places[k]] = best[k];
  return ads;
}

/// maximise (A + sum w (p + c)) / (B + sum w): a ratio r can be beaten where sum w (p + c - r) > r B - A.
std::vector<std::size_t> shared_ads(const PageParts& parts, const AdPage& page) {
  double organic = 0;
  for (const double utility : page.organic) organic += parts.weight(utility);
  std::vector<double> weights, scores(page.prices.size());
  for (const double utility : page.utilities) weights.push_back(parts.weight(utility));
  std::vector<std::size_t> ads;
  double ratio = -1;
  for (int round = 0; round < k_most_rounds; ++round) {
    for (std::size_t ad = 0; ad < scores.size(); ++ad) {
      scores[ad] = weights[ad] * (worth(page, ad) - std::max(ratio, 0.0));
    }
    std::vector<std::size_t> next = largest(scores, page.sold.size());
    double above = page.click_value * organic, below = 1 + organic;
    for (const std::size_t ad : next) {
      above += weights[ad] * worth(page, ad);
      below += weights[ad];
    }
    if (!(above / below > ratio)) break;
    ratio = above / below;
    ads = std::move(next);
  }
  return ads;
}

/// Tries, from the bottom up, what the argument of best_ads() leaves.
class TopDownSearch {
 public:
  TopDownSearch(const PageParts& parts, const AdPage& page)
      : parts_(parts), page_(page), places_(page.organic.size() + page.sold.size()), ads_(page.sold.size()) {
    for (const double utility : page.utilities) weights_.push_back(parts.weight(utility));
    used_.assign(weights_.size(), 0);
  }

  std::vector<std::size_t> best() {
    go_up(places_, page_.sold.size(), page_.organic.size(), 0.0);
    return best_;
  }

 private:
  /// Places [0, place) are open, `sold` and `organic` of them; value: of the places below, once they are looked at.
  void go_up(std::size_t place, std::size_t sold, std::size_t organic, double value) {
    while (place > 0 && (sold == 0 || page_.sold[sold - 1] != place - 1)) {
      --place;
      const double utility = page_.organic[--organic];
      value = parts_.weight(utility) * page_.click_value + parts_.passes(utility, place) * value;
    }
    if (place == 0) {
      if (!best_.empty() && !(value > best_value_)) return;
      best_ = ads_;
      best_value_ = value;
      return;
    }
    std::vector<double> values(weights_.size(), -std::numeric_limits<double>::infinity());
    for (std::size_t ad = 0; ad < values.size(); ++ad) {
      if (used_[ad] != 0) continue;
      values[ad] = weights_[ad] * worth(page_, ad) + parts_.passes(page_.utilities[ad], place - 1) * value;
    }
    for (const std::size_t ad : largest(values, sold)) {
      used_[ad] = 1;
      ads_[sold - 1] = ad;
      go_up(place - 1, sold - 1, organic, values[ad]);
      used_[ad] = 0;
    }
  }

  const PageParts& parts_;
  const AdPage& page_;
  std::size_t places_;
  std::vector<double> weights_;  // [N]
  std::vector<std::uint8_t> used_;
  std::vector<std::size_t> ads_, best_;
  double best_value_ = 0;
};

class AllLayouts {
 public:
  AllLayouts(const UserModel& model, const AdPage& page) : model_(model), page_(page), used_(page.prices.size(), 0) {}

  std::vector<std::size_t> best() {
    extend();
    return best_;
  }

 private:
  void extend() {
    if (ads_.size() == page_.sold.size()) {
      const double value = objective(model_, page_, ads_);
      if (!best_.empty() && !(value > best_value_)) return;
      best_ = ads_;
      best_value_ = value;
      return;
    }
    for (std::size_t ad = 0; ad < used_.size(); ++ad) {
      if (used_[ad] != 0) continue;
      used_[ad] = 1;
      ads_.push_back(ad);
      extend();
      ads_.pop_back();
      used_[ad] = 0;
    }
  }

  const UserModel& model_;
  const AdPage& page_;
  std::vector<std::uint8_t> used_;
  std::vector<std::size_t> ads_, best_;
  double best_value_ = 0;
};

/// One place after the other takes the ad that helps most, or changes with the place that has it, until nothing helps.
std::vector<std::size_t> climbed(const UserModel& model, const AdPage& page) {
  std::vector<double> scores(page.prices.size());
  for (std::size_t ad = 0; ad < scores.size(); ++ad) {
    scores[ad] = expected_reward(model, page.utilities.subspan(ad, 1)) * worth(page, ad);
  }
  std::vector<std::size_t> ads = largest(scores, page.sold.size());
  double value = objective(model, page, ads);
  for (bool helped = true; std::exchange(helped, false);) {
    for (std::size_t k = 0; k < ads.size(); ++k) {
      std::vector<std::size_t> best = ads;
      for (std::size_t ad = 0; ad < scores.size(); ++ad) {
        std::vector<std::size_t> other = ads;
        const auto elsewhere = std::ranges::find(other, ad);
        if (elsewhere != other.end()) *elsewhere = other[k];
        other[k] = ad;
        const double changed = objective(model, page, other);
        if (!(changed > value)) continue;
        value = changed;
        best = std::move(other);
        helped = true;
      }
      ads = std::move(best);
    }
  }
  return ads;
}

bool few_layouts(const AdPage& page) {
  std::size_t count = 1;
  for (std::size_t k = 0; k < page.sold.size() && count <= k_most_layouts; ++k) count *= page.prices.size() - k;
  return count <= k_most_layouts;
}

}  // namespace

AdOutcome ad_outcome(const UserModel& model, const AdPage& page, std::span<const std::size_t> ads) {
  std::vector<double> utilities, prices;
  auto organic = page.organic.begin();
  for (std::size_t k = 0, sold = 0; k < page.organic.size() + ads.size(); ++k) {
    const bool is_sold = sold < page.sold.size() && page.sold[sold] == k;
    utilities.push_back(is_sold ? page.utilities[ads[sold]] : *organic++);
    prices.push_back(is_sold ? page.prices[ads[sold]] : 0.0);
    sold += is_sold ? 1 : 0;
  }
  std::vector<double> expected(utilities.size());
  model.expected_clicks(utilities, expected);
  AdOutcome outcome;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    outcome.revenue += prices[k] * expected[k];
    outcome.clicks += expected[k];
  }
  return outcome;
}

AdLayout best_ads(const UserModel& model, const AdPage& page) {
  CF_EXPECTS(page.utilities.size() == page.prices.size() && page.prices.size() >= page.sold.size());
  CF_EXPECTS(page.sold.empty() || page.sold.back() < page.organic.size() + page.sold.size());
  if (page.sold.empty()) return {};
  const PageParts parts = model.parts();
  if (parts.kind == PageParts::Kind::independent) return {independent_ads(parts, page), SlateOptimality::exact};
  if (parts.kind == PageParts::Kind::shared) return {shared_ads(parts, page), SlateOptimality::exact};
  if (parts.kind == PageParts::Kind::top_down && page.sold.size() <= k_most_tried) {
    return {TopDownSearch(parts, page).best(), SlateOptimality::exact};
  }
  if (few_layouts(page)) return {AllLayouts(model, page).best(), SlateOptimality::exact};
  return {climbed(model, page), SlateOptimality::greedy};
}

}  // namespace coldframe
