#pragma once

#include "framework/training/objective.h"

namespace coldframe {

/// `[objective.contrastive]`
struct ContrastiveOptions : Options {
  double initial_scale = 20.0;             // 1 / temperature
  double largest_scale = 100.0;
  std::string known_positives = "mask";    // mask: never negatives; share: further targets
  bool inclusion_correction = true;        // logit -= log pi_j
  double item_prior = 0;                   // logit += item_prior log prior_j
  double r_drop = 0;                       // weight of the disagreement between two dropout views
  double robust_q = 0;                     // q of the generalised cross-entropy; 0: cross-entropy

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// Two-tower InfoNCE (van den Oord et al., arXiv 1807.03748) over the distinct items of the global batch:
///   logit_ij = exp(s) cos(u_i, v_j) - log pi_j + w log prior_j,   s trained, starting at ln(initial_scale), at most
///   ln(largest_scale)
/// pi_j is the probability that j stands among the candidates of the row (Yi et al., "Sampling-bias-corrected neural
/// modeling", RecSys'19); the row's own positive is certain and carries no correction. Items the user is known to like
/// are removed from the row, or share the target evenly with the positive. With w = item_prior above 0 the texts learn what
/// the popularity of an item does not say already, and the item prior has to be added again when ranking.
/// With r_drop above 0 every anchor is encoded under two dropout masks, and an anchor's loss is the mean of both losses plus
///   r_drop / 2 (KL(p || q) + KL(q || p)),   p, q softmax over the candidates
/// (Liang et al., "R-Drop", arXiv 2106.14448). With robust_q above 0 the generalised cross-entropy of softmax_loss.h takes
/// the place of the cross-entropy, and wrong likes pull less.
class ContrastiveObjective final : public Objective {
 public:
  explicit ContrastiveObjective(const ContrastiveOptions& options) : options_(options) {}
  std::string_view kind() const override { return "contrastive"; }
  CandidateRule candidate_rule() const override { return CandidateRule::distinct_items; }
  int anchor_views() const override { return options_.r_drop > 0 ? 2 : 1; }
  void attach(ParameterStore& parameters) override;
  const std::vector<ParameterIndex>& parameters() const override { return parameters_; }
  LossShare share(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                  const ParameterStore& parameters) const override;
  ScoreRule score_rule(const ParameterStore& parameters) const override;
  void constrain(ParameterStore& parameters) const override;

 private:
  ContrastiveOptions options_;
  std::vector<ParameterIndex> parameters_;
};

}  // namespace coldframe
