#include "framework/simulation/informed_questions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/simulation/detail/taste_posterior.h"

namespace coldframe {
namespace {

constexpr std::size_t k_screening_draws = 64;

struct Question {
  ItemId item;
  double information;
  std::uint64_t tie;
  bool operator<(const Question& other) const {  // the better one is smaller
    return information != other.information ? information > other.information : tie < other.tie;
  }
};

}  // namespace

struct InformedQuestions::State {
  State(const Newcomers& newcomers, const UserModel& model, TieBreak tie_break, const InformedOracleOptions& options)
      : posterior(newcomers, model,
                  {options.draws, options.seed, options.dynamics, options.answers, options.catalogue, options.search}),
        law(options.answers),
        ties(std::move(tie_break)),
        close(options.close_candidates) {}

  std::vector<Question> weighed(const PolicyRequest& request, std::span<const ItemId> items,
                                const detail::Knowledge& known, std::span<const float> weights) const {
    std::vector<Question> questions;
    questions.reserve(items.size());
    for (const ItemId item : items) {
      const double information = law->information(item, known.utilities(item), weights);
      questions.push_back({item, information, ties.order(request.user, item)});
    }
    return questions;
  }

  detail::TastePosterior posterior;
  const AnswerLaw* law;
  TieBreak ties;
  std::size_t close;
};

InformedQuestions::InformedQuestions(const Newcomers& newcomers, const UserModel& model, TieBreak ties,
                                     const InformedOracleOptions& options)
    : state_(std::make_unique<State>(newcomers, model, std::move(ties), options)) {
  CF_EXPECTS(options.answers != nullptr && options.close_candidates > 0);
}

InformedQuestions::~InformedQuestions() = default;

std::optional<ItemId> InformedQuestions::next(const PolicyRequest& request) const {
  std::vector<ItemId> items = askable(request);
  if (items.empty()) return std::nullopt;
  const detail::Knowledge known = state_->posterior.after(request);
  const std::vector<float> weights = known.weights();
  if (items.size() > state_->close) {
    const detail::Knowledge few = detail::resampled(known, weights, k_screening_draws);
    const std::vector<float> equal(few.draws->count, 1.0f / static_cast<float>(few.draws->count));
    std::vector<Question> screened = state_->weighed(request, items, few, equal);
    std::nth_element(screened.begin(), screened.begin() + static_cast<std::ptrdiff_t>(state_->close), screened.end());
    items.clear();
    for (std::size_t q = 0; q < state_->close; ++q) items.push_back(screened[q].item);
  }
  const std::vector<Question> questions = state_->weighed(request, items, known, weights);
  return std::ranges::min_element(questions, std::less<>())->item;
}

}  // namespace coldframe
