#include "framework/simulation/click_laws.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "framework/simulation/page_parts.h"

namespace coldframe {
namespace {

constexpr double k_added_up = 1e-9;  // of probability that may be missing
constexpr std::size_t k_most_positions = 63;

/// All sets of `clicks` places among `positions`, as bits, in ascending order: Gosper's rule.
std::uint64_t next_of_same_size(std::uint64_t bits) {
  const std::uint64_t lowest = bits & (~bits + 1), ripple = bits + lowest;
  return ripple | (((bits ^ ripple) >> 2) / lowest);
}

class UserModelLaw final : public ClickLaw {
 public:
  UserModelLaw(std::unique_ptr<const UserModel> model, std::size_t most_outcomes)
      : model_(std::move(model)), most_outcomes_(most_outcomes), kind_(model_->parts().kind) {}

  double log_likelihood(const JudgedPage& page) const override {
    return model_->log_likelihood(page.seen.utilities, page.seen.clicks);
  }
  void expected(const JudgedPage& page, std::span<double> p) const override {
    model_->expected_clicks(page.seen.utilities, p);
  }
  bool given_above(const JudgedPage& page, std::span<double> p) const override {
    const bool blind = kind_ == PageParts::Kind::independent || kind_ == PageParts::Kind::top_down;
    const std::vector<double> beginnings = blind ? shorter_pages(page) : sums(page);
    if (beginnings.empty()) return false;
    for (std::size_t k = 0; k < p.size(); ++k) {
      p[k] = beginnings[k + 1] == 0 ? 0.0 : std::min(1.0, beginnings[k + 1] / beginnings[k]);
    }
    return true;
  }
  void redraw(const SimulationRandom& random, const JudgedPage& page, std::span<std::uint8_t> clicks) const override {
    std::vector<std::uint32_t> slots;
    for (const ItemId item : page.items) slots.push_back(item.value());
    model_->sample(random, {page.user, page.number, 0, page.seen.utilities, slots}, clicks);
  }

 private:
  /// P(first k clicks) for k = 0 .. S, of a law in which what is below a place changes nothing there.
  std::vector<double> shorter_pages(const JudgedPage& page) const {
    std::vector<double> out = {1.0};
    const std::span<const double> utilities = page.seen.utilities;
    const std::span<const std::uint8_t> clicks = page.seen.clicks;
    for (std::size_t k = 1; k <= clicks.size(); ++k) {
      out.push_back(std::exp(model_->log_likelihood(utilities.first(k), clicks.first(k))));
    }
    return out;
  }

  /// The same for any law; empty when there are too many outcomes.
  std::vector<double> sums(const JudgedPage& page) const {
    const std::size_t positions = page.seen.clicks.size();
    if (positions > k_most_positions) return {};
    std::uint64_t happened = 0;
    for (std::size_t k = 0; k < positions; ++k) happened |= std::uint64_t{page.seen.clicks[k] != 0} << k;
    const auto clicked = static_cast<std::size_t>(std::popcount(happened));
    std::vector<double> out(positions + 1, 0.0);
    std::vector<std::uint8_t> clicks(positions);
    std::size_t outcomes = 0;
    for (std::size_t size = 0; size <= positions; ++size) {
      if (size > clicked && out[0] > 1.0 - k_added_up) break;
      const std::uint64_t end = std::uint64_t{1} << positions;
      for (std::uint64_t bits = (std::uint64_t{1} << size) - 1; bits < end; bits = next_of_same_size(bits)) {
        if (++outcomes > most_outcomes_) return {};
        for (std::size_t k = 0; k < positions; ++k) clicks[k] = bits >> k & 1;
        const double p = std::exp(model_->log_likelihood(page.seen.utilities, clicks));
        const auto alike = static_cast<std::size_t>(std::countr_zero((bits ^ happened) | end));
        for (std::size_t k = 0; k <= alike; ++k) out[k] += p;
        if (size == 0) break;
      }
    }
    return out;
  }

  std::unique_ptr<const UserModel> model_;
  std::size_t most_outcomes_;
  PageParts::Kind kind_;
};

struct Count {
  double clicks = 0;
  double impressions = 0;
  double rate(double prior, double strength) const { return (clicks + strength * prior) / (impressions + strength); }
};

/// log-likelihood of every impression, its rate made of all others under the same heading.
double left_out_log_likelihood(const std::map<std::uint32_t, Count>& counts, double prior, double strength) {
  double sum = 0;
  for (const auto& [name, count] : counts) {
    const double others = count.impressions - 1 + strength;
    const double clicked = (count.clicks - 1 + strength * prior) / others;
    const double passed = 1.0 - (count.clicks + strength * prior) / others;
    if (count.clicks > 0) sum += count.clicks * std::log(clicked);
    if (count.clicks < count.impressions) sum += (count.impressions - count.clicks) * std::log(passed);
  }
  return sum;
}

class ClickRateLaw final : public ClickLaw {
 public:
  ClickRateLaw(ClickRateKind kind, std::span<const JudgedPage> pages) : kind_(kind) {
    Count all{1.0, 2.0};  // a rate of 0 or 1 would be a certainty
    std::map<std::uint32_t, Count> counts;
    for (const JudgedPage& page : pages) {
      for (std::size_t k = 0; k < page.items.size(); ++k) {
        Count& count = counts[heading(page, k)];
        for (Count* to : {&count, &all}) {
          to->clicks += page.seen.clicks[k];
          to->impressions += 1;
        }
      }
    }
    prior_ = all.clicks / all.impressions;
    double strength = 1;
    if (kind == ClickRateKind::by_item) {
      double best = -std::numeric_limits<double>::infinity();
      for (const double candidate : {1.0, 3.0, 10.0, 30.0, 100.0}) {
        const double reached = left_out_log_likelihood(counts, prior_, candidate);
        if (reached > best) {
          best = reached;
          strength = candidate;
        }
      }
    }
    for (const auto& [name, count] : counts) rates_[name] = count.rate(prior_, strength);
  }

  double log_likelihood(const JudgedPage& page) const override {
    double sum = 0;
    for (std::size_t k = 0; k < page.items.size(); ++k) {
      const double p = rate(page, k);
      sum += page.seen.clicks[k] != 0 ? std::log(p) : std::log1p(-p);
    }
    return sum;
  }
  void expected(const JudgedPage& page, std::span<double> p) const override {
    for (std::size_t k = 0; k < p.size(); ++k) p[k] = rate(page, k);
  }
  bool given_above(const JudgedPage& page, std::span<double> p) const override {
    for (std::size_t k = 0; k < p.size(); ++k) p[k] = page.seen.clicks[k] != 0 ? rate(page, k) : 1.0 - rate(page, k);
    return true;
  }
  void redraw(const SimulationRandom& random, const JudgedPage& page, std::span<std::uint8_t> clicks) const override {
    for (std::size_t k = 0; k < clicks.size(); ++k) {
      clicks[k] = random.attraction(page.user, page.number, 0, page.items[k].value()) < rate(page, k) ? 1 : 0;
    }
  }

 private:
  std::uint32_t heading(const JudgedPage& page, std::size_t k) const {
    if (kind_ == ClickRateKind::one) return 0;
    return kind_ == ClickRateKind::by_position ? static_cast<std::uint32_t>(k) : page.items[k].value();
  }
  double rate(const JudgedPage& page, std::size_t k) const {
    const auto found = rates_.find(heading(page, k));
    return found == rates_.end() ? prior_ : found->second;
  }

  ClickRateKind kind_;
  double prior_ = 0;  // of what was never shown
  std::map<std::uint32_t, double> rates_;
};

}  // namespace

std::unique_ptr<ClickLaw> user_model_law(std::unique_ptr<const UserModel> model, std::size_t most_outcomes) {
  return std::make_unique<UserModelLaw>(std::move(model), most_outcomes);
}

std::unique_ptr<ClickLaw> click_rate_law(ClickRateKind kind, std::span<const JudgedPage> pages) {
  return std::make_unique<ClickRateLaw>(kind, pages);
}

}  // namespace coldframe
