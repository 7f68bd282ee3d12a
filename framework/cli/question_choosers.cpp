#include "framework/cli/question_choosers.h"

#include <algorithm>
#include <set>
#include <vector>

#include "framework/simulation/informed_questions.h"

namespace coldframe {
namespace {

std::vector<std::uint32_t> liked_by_training_users(const ExperimentData& data) {
  return data.likes.count_by_item(data.roles.users(Role::train));
}

/// Users of role T per item who rated it at all, each once.
std::vector<std::uint32_t> rated_by_training_users(const ExperimentData& data) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  const Interactions& log = data.dataset.interactions;
  for (std::size_t row = 0; row < log.size(); ++row) {
    if (data.roles.of(log.user[row]) == Role::train) pairs.emplace(log.user[row].value(), log.item[row].value());
  }
  std::vector<std::uint32_t> counts(data.dataset.items.size(), 0);
  for (const auto& [user, item] : pairs) ++counts[item];
  return counts;
}

}  // namespace

std::shared_ptr<const QuestionChooser> QuestionChoosers::make(const std::string& chooser) {
  std::shared_ptr<const QuestionChooser>& made = made_[chooser];
  if (made != nullptr) return made;
  const TieBreak ties = setting_.catalogue.ties(setting_.oracle.seed);
  if (chooser == "random") {
    made = std::make_shared<RandomQuestions>(setting_.oracle.seed, setting_.catalogue);
  } else if (chooser == "gain") {
    made = std::make_shared<InformedQuestions>(setting_.newcomers, setting_.user_model, ties, setting_.oracle);
  } else {
    const std::vector<std::uint32_t> liked = liked_by_training_users(setting_.data);
    std::vector<double> scores(liked.begin(), liked.end());
    if (chooser == "entropy") {
      scores = answer_entropies(liked, rated_by_training_users(setting_.data),
                                setting_.data.roles.users(Role::train).size());
    }
    made = std::make_shared<ScoredQuestions>(std::move(scores), ties);
  }
  return made;
}

}  // namespace coldframe
