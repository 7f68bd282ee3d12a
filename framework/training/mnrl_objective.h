#pragma once

#include "framework/training/objective.h"

namespace coldframe {

/// `[objective.mnrl]`
struct MnrlOptions : Options {
  double scale = 20.0;
  double r_drop = 0;  // weight of the disagreement between two dropout views
  void describe(OptionVisitor& visitor) override;
};

/// MultipleNegativesRankingLoss (Henderson et al., arXiv 1705.00652) with the numbers of sentence-transformers: scores
/// 20 cos, every pair's positive is a negative of every other pair, repeated texts count as often as they occur. With
/// r_drop above 0 every anchor is encoded under two dropout masks, as in the contrastive loss.
class MnrlObjective final : public Objective {
 public:
  explicit MnrlObjective(const MnrlOptions& options) : options_(options) {}
  std::string_view kind() const override { return "mnrl"; }
  CandidateRule candidate_rule() const override { return CandidateRule::one_per_pair; }
  int anchor_views() const override { return options_.r_drop > 0 ? 2 : 1; }
  void attach(ParameterStore&) override {}
  const std::vector<ParameterIndex>& parameters() const override { return parameters_; }
  LossShare share(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                  const ParameterStore& parameters) const override;
  ScoreRule score_rule(const ParameterStore&) const override { return {options_.scale, 0}; }

 private:
  MnrlOptions options_;
  std::vector<ParameterIndex> parameters_;
};

}  // namespace coldframe
