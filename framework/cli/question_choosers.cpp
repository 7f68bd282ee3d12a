#include "framework/cli/question_choosers.h"

#include <map>
#include <set>
#include <span>
#include <vector>

#include "framework/simulation/class_questions.h"
#include "framework/simulation/informed_questions.h"

namespace coldframe {
namespace {

std::vector<std::uint32_t> liked_by_training_users(const ExperimentData& data) {
  return data.likes.count_by_item(data.roles.users(Role::train));
}

/// What every user of role T rated, each item once.
std::vector<AnswerSheet> sheets_of_training_users(const ExperimentData& data) {
  std::map<UserId, std::set<ItemId>> rated;
  for (const UserId user : data.roles.users(Role::train)) rated[user];
  const Interactions& log = data.dataset.interactions;
  for (std::size_t row = 0; row < log.size(); ++row) {
    if (data.roles.of(log.user[row]) == Role::train) rated[log.user[row]].insert(log.item[row]);
  }
  std::vector<AnswerSheet> sheets;
  for (const auto& [user, items] : rated) {
    AnswerSheet& sheet = sheets.emplace_back(AnswerSheet{data.dataset.user_key(user), {}});
    const std::span<const ItemId> likes = data.likes.of(user);
    const std::set<ItemId> liked(likes.begin(), likes.end());
    for (const ItemId item : items) {
      sheet.rated.push_back({item, liked.contains(item) ? AnswerKind::like : AnswerKind::dislike});
    }
  }
  return sheets;
}

/// People per item who rated it at all.
std::vector<std::uint32_t> raters(std::span<const AnswerSheet> sheets, std::size_t items) {
  std::vector<std::uint32_t> counts(items, 0);
  for (const AnswerSheet& sheet : sheets) {
    for (const Answer& answer : sheet.rated) ++counts[answer.item.value()];
  }
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
  } else if (chooser == "classes") {
    AnswerClassOptions options;
    options.classes = setting_.classes;
    options.seed = setting_.oracle.seed;
    made = std::make_shared<ClassQuestions>(
        fit_answer_classes(sheets_of_training_users(setting_.data), setting_.catalogue.size(), options), ties);
  } else {
    const std::vector<std::uint32_t> liked = liked_by_training_users(setting_.data);
    std::vector<double> scores(liked.begin(), liked.end());
    if (chooser == "entropy") {
      scores = answer_entropies(liked, raters(sheets_of_training_users(setting_.data), liked.size()),
                                setting_.data.roles.users(Role::train).size());
    }
    made = std::make_shared<ScoredQuestions>(std::move(scores), ties);
  }
  return made;
}

}  // namespace coldframe
