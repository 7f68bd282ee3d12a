#include "framework/simulation/class_questions.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace coldframe {
namespace {

constexpr AnswerKind k_kinds[] = {AnswerKind::like, AnswerKind::dislike, AnswerKind::unknown};

double surprise(double p) { return p > 0 ? -p * std::log(p) : 0.0; }

}  // namespace

ClassQuestions::ClassQuestions(AnswerClasses classes, TieBreak ties)
    : classes_(std::move(classes)), entropies_(classes_.size() * classes_.items, 0.0), ties_(std::move(ties)) {
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    for (std::uint32_t i = 0; i < classes_.items; ++i) {
      for (const AnswerKind kind : k_kinds) {
        entropies_[c * classes_.items + i] += surprise(classes_.probability(c, ItemId(i), kind));
      }
    }
  }
}

std::vector<double> ClassQuestions::posterior(const History& history) const {
  std::vector<double> belief;
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    double log_joint = std::log(classes_.weights[c]);
    for (const ItemId like : std::span(history.likes).first(history.given_likes)) {
      log_joint += std::log(classes_.probability(c, like, AnswerKind::like));
    }
    for (const Answer& answer : history.answers) {
      log_joint += std::log(classes_.probability(c, answer.item, answer.kind));
    }
    belief.push_back(log_joint);
  }
  const double largest = *std::ranges::max_element(belief);
  double total = 0;
  for (double& part : belief) total += part = std::exp(part - largest);
  for (double& part : belief) part /= total;
  return belief;
}

double ClassQuestions::information(ItemId item, std::span<const double> posterior) const {
  double mixed[std::size(k_kinds)] = {}, within = 0;
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    for (std::size_t k = 0; k < std::size(k_kinds); ++k) {
      mixed[k] += posterior[c] * classes_.probability(c, item, k_kinds[k]);
    }
    within += posterior[c] * entropies_[c * classes_.items + item.value()];
  }
  return surprise(mixed[0]) + surprise(mixed[1]) + surprise(mixed[2]) - within;
}

std::optional<ItemId> ClassQuestions::next(const PolicyRequest& request) const {
  const std::vector<double> belief = posterior(*request.history);
  std::optional<ItemId> best;
  double most = 0;
  for (const ItemId item : askable(request)) {
    const double gain = information(item, belief);
    const bool tie = best && gain == most && ties_.order(request.user, item) < ties_.order(request.user, *best);
    if (best && !(gain > most) && !tie) continue;
    best = item;
    most = gain;
  }
  return best;
}

}  // namespace coldframe
