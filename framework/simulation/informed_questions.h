#pragma once

#include <cstddef>
#include <memory>

#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/question_chooser.h"

namespace coldframe {

/// Asks what tells most about a newcomer: the item whose answer has the largest mutual information with the latent
/// state under the law of the world, given profile, likes and answers so far. A ceiling: it knows the world. Posterior
/// and draws are those of InformedOracle: exact for the draws when the catalogue has at most `close_candidates` items;
/// in larger ones 64 resampled draws screen all items and `close_candidates` of them are looked at with every draw.
/// Greedy: each question as if it were the last.
class InformedQuestions final : public QuestionChooser {
 public:
  /// Borrows everything; `options.answers` is needed.
  InformedQuestions(const Newcomers& newcomers, const UserModel& model, TieBreak ties,
                    const InformedOracleOptions& options);
  ~InformedQuestions() override;
  std::optional<ItemId> next(const PolicyRequest& request) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coldframe
