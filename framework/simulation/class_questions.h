#pragma once

#include <vector>

#include "framework/simulation/answer_classes.h"
#include "framework/simulation/question_chooser.h"

namespace coldframe {

/// Asks what tells most about which class of people a newcomer belongs to: the item whose answer a has the largest
/// mutual information with the class given what was answered and liked so far,
///   I(c; a) = H(sum_c P(c) p_ci) - sum_c P(c) H(p_ci),  H the entropy of the three answers,
/// P(c) the posterior of Bayes. It learns from role T alone, and adapts as bootstrap trees do (Golbandi, Koren and
/// Lempel, "Adaptive bootstrapping of recommender systems using decision trees", WSDM'11), with the information gain
/// among classes of people of IGCN (Rashid, Karypis and Riedl, SIGKDD Explorations 10, 2008) computed from the model
/// instead of counted among neighbours. Greedy: each question as if it were the last.
class ClassQuestions final : public QuestionChooser {
 public:
  ClassQuestions(AnswerClasses classes, TieBreak ties);
  std::optional<ItemId> next(const PolicyRequest& request) const override;

  /// P(c | history) [C].
  std::vector<double> posterior(const History& history) const;
  /// I(c; answer about the item) in nats for these probabilities of classes [C].
  double information(ItemId item, std::span<const double> posterior) const;

 private:
  AnswerClasses classes_;
  std::vector<double> entropies_;  // [C, I]
  TieBreak ties_;
};

}  // namespace coldframe
