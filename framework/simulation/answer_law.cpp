#include "framework/simulation/answer_law.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/detail/fast_math.h"
#include "framework/simulation/detail/lane_sum.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_first_user = std::uint64_t{1} << 63;  // numbers no replay reaches
constexpr std::uint64_t k_users = 128;
constexpr std::size_t k_most_items = 2048;
constexpr int k_bisections = 60;
constexpr double k_widest_bar = 700.0;
constexpr float k_widest_logit = 60.0f;  // beyond, an answer is certain within float

/// log(1 + e^l).
float softplus(float l) { return detail::fast_log(1.0f + detail::fast_exp(l)); }

/// Entropy in nats of a coin whose log-odds are l.
float coin_entropy(float l) {
  const float e = detail::fast_exp(l);
  return detail::fast_log(1.0f + e) - l * (e / (1.0f + e));
}

/// Items there at the start, thinned by keyed hash: never by row.
std::vector<ItemId> asked_items(const Catalogue& catalogue, std::int64_t start, std::uint64_t seed) {
  std::vector<ItemId> items;
  for (std::uint32_t i = 0; i < catalogue.size(); ++i) {
    if (catalogue.available(ItemId(i), start)) items.emplace_back(i);
  }
  if (items.empty()) {
    throw DataError("no item is available at population.start", "how newcomers answer cannot be solved",
                    "move population.start into the time of the catalogue");
  }
  const TieBreak ties = catalogue.ties(derived_seed(seed, "answer items"));
  std::ranges::sort(items, {}, [&](ItemId item) { return ties.order(UserKey(0), item); });
  items.resize(std::min(items.size(), k_most_items));
  return items;
}

}  // namespace

AnswerLaw::AnswerLaw(std::vector<double> known, const ChoiceScale& scale, std::uint64_t seed)
    : known_(std::move(known)),
      scale_(scale),
      known_random_(derived_seed(seed, "known items"), Purpose::attraction),
      like_random_(derived_seed(seed, "liked answers"), Purpose::attraction) {}

double AnswerLaw::likes(double utility) const {
  return 1.0 / (1.0 + std::exp(scale_.no_click - scale_.scale * utility));
}

AnswerKind AnswerLaw::answer(UserKey user, ItemId item, std::uint32_t item_slot, double utility) const {
  if (known_random_.uniform(user, 0, 0, item_slot) >= known(item)) return AnswerKind::unknown;
  return like_random_.uniform(user, 0, 0, item_slot) < likes(utility) ? AnswerKind::like : AnswerKind::dislike;
}

void AnswerLaw::add_log_likelihood(AnswerKind kind, std::span<const float> utilities,
                                   std::span<double> log_weights) const {
  CF_EXPECTS(kind != AnswerKind::unknown && utilities.size() == log_weights.size());
  const auto scale = static_cast<float>(scale_.scale), bar = static_cast<float>(scale_.no_click);
  const float sign = kind == AnswerKind::like ? -1.0f : 1.0f;
  for (std::size_t m = 0; m < utilities.size(); ++m) {
    const float logit = std::clamp(scale * utilities[m] - bar, -k_widest_logit, k_widest_logit);
    log_weights[m] -= static_cast<double>(softplus(sign * logit));
  }
}

double AnswerLaw::information(ItemId item, std::span<const float> utilities, std::span<const float> weights) const {
  CF_EXPECTS(utilities.size() == weights.size());
  const auto scale = static_cast<float>(scale_.scale), bar = static_cast<float>(scale_.no_click);
  const auto logit = [&](std::size_t m) {
    return std::clamp(scale * utilities[m] - bar, -k_widest_logit, k_widest_logit);
  };
  const auto liked = static_cast<double>(detail::lane_sum(
      utilities.size(), [&](std::size_t m) { return weights[m] / (1.0f + detail::fast_exp(-logit(m))); }));
  const auto within = static_cast<double>(
      detail::lane_sum(utilities.size(), [&](std::size_t m) { return weights[m] * coin_entropy(logit(m)); }));
  const double p = std::clamp(liked, 1e-12, 1.0 - 1e-12);
  const double overall = -p * std::log(p) - (1.0 - p) * std::log1p(-p);
  return known(item) * std::max(overall - within, 0.0);
}

std::vector<double> known_shares(std::span<const std::uint32_t> popularity, double familiarity) {
  std::vector<double> known(popularity.size(), 1.0);
  if (familiarity == 0) return known;
  const double total = std::accumulate(popularity.begin(), popularity.end(), 0.0);
  if (total == 0) throw DataError("no item has a like in the population's role W", "nobody would know any", {});
  const double rate = familiarity * static_cast<double>(popularity.size()) / total;
  for (std::size_t i = 0; i < known.size(); ++i) known[i] = -std::expm1(-rate * popularity[i]);
  return known;
}

/// Solves the bar; opens the latents of newcomers that no replay meets.
class LikeRateSolver {
 public:
  LikeRateSolver(const Newcomers& newcomers, std::span<const ItemId> items, std::span<const double> known,
                 double scale) {
    for (std::uint64_t u = 0; u < k_users; ++u) {
      const Latents latents = newcomers.latents(newcomers.newcomer(k_first_user + u));
      const std::span<const double> utilities = latents.utilities(LatentKey());
      for (const ItemId item : items) {
        logits_.push_back(scale * utilities[item.value()]);
        weights_.push_back(known[item.value()]);
      }
    }
    total_ = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  }

  double bar(double like_rate) const {
    double low = -k_widest_bar, high = k_widest_bar;
    for (int step = 0; step < k_bisections; ++step) {
      const double middle = 0.5 * (low + high);
      (rate(middle) > like_rate ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }

 private:
  double rate(double bar) const {
    double sum = 0;
    for (std::size_t k = 0; k < logits_.size(); ++k) sum += weights_[k] / (1.0 + std::exp(bar - logits_[k]));
    return sum / total_;
  }

  std::vector<double> logits_, weights_;
  double total_ = 0;
};

AnswerLaw calibrate_answers(const Newcomers& newcomers, const Catalogue& catalogue, const OnboardingOptions& options,
                            double scale, std::uint64_t seed) {
  const Population& population = newcomers.population();
  std::vector<double> known = known_shares(population.world_popularity, options.familiarity);
  const std::vector<ItemId> items = asked_items(catalogue, population.observables.start, seed);
  const double bar = LikeRateSolver(newcomers, items, known, scale).bar(options.like_rate);
  return AnswerLaw(std::move(known), {scale, bar}, seed);
}

}  // namespace coldframe
