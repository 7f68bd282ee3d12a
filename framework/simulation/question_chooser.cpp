#include "framework/simulation/question_chooser.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

double surprise(double share) { return share > 0 ? -share * std::log(share) : 0.0; }

}  // namespace

std::vector<ItemId> askable(const PolicyRequest& request) {
  std::vector<ItemId> known = request.history->likes;
  for (const Answer& answer : request.history->answers) known.push_back(answer.item);
  std::ranges::sort(known);
  std::vector<ItemId> items;
  std::ranges::set_difference(request.candidates, known, std::back_inserter(items));
  return items;
}

RandomQuestions::RandomQuestions(std::uint64_t seed, const Catalogue& catalogue)
    : order_(catalogue.ties(derived_seed(seed, "random questions"))) {}

std::optional<ItemId> RandomQuestions::next(const PolicyRequest& request) const {
  const std::vector<ItemId> items = askable(request);
  if (items.empty()) return std::nullopt;
  return *std::ranges::min_element(items, {}, [&](ItemId item) { return order_.order(request.user, item); });
}

ScoredQuestions::ScoredQuestions(std::vector<double> scores, TieBreak ties)
    : scores_(std::move(scores)), ties_(std::move(ties)) {
  for (const double score : scores_) {
    if (std::isnan(score)) throw NumericError("a score of an onboarding question is not a number");
  }
}

std::optional<ItemId> ScoredQuestions::next(const PolicyRequest& request) const {
  const std::vector<ItemId> items = askable(request);
  if (items.empty()) return std::nullopt;
  return *std::ranges::min_element(
      items, {}, [&](ItemId item) { return std::pair(-scores_[item.value()], ties_.order(request.user, item)); });
}

std::vector<double> answer_entropies(std::span<const std::uint32_t> liked, std::span<const std::uint32_t> rated,
                                     std::size_t users) {
  CF_EXPECTS(liked.size() == rated.size());
  std::vector<double> entropies(liked.size(), 0.0);
  const auto all = static_cast<double>(users);
  for (std::size_t i = 0; users > 0 && i < liked.size(); ++i) {
    const double like = liked[i] / all, dislike = (std::max(rated[i], liked[i]) - liked[i]) / all;
    entropies[i] = surprise(like) + surprise(dislike) + surprise(std::max(1.0 - like - dislike, 0.0));
  }
  return entropies;
}

}  // namespace coldframe
