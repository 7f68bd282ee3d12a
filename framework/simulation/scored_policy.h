#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "framework/evaluation/running_top.h"
#include "framework/evaluation/tie_break.h"
#include "framework/simulation/policy.h"

namespace coldframe {

/// Shows the candidates with the highest scores. Scores of a request depend on it alone.
class ScoredPolicy : public Policy {
 public:
  PolicyKind kind() const final { return PolicyKind::deterministic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const final;

  virtual std::size_t items() const = 0;  // I
  /// scores [requests, I]; -infinity for an item that must not be shown.
  virtual void score(std::span<const PolicyRequest> requests, std::span<float> scores) const = 0;

  /// Calls visit(r, scores [I]) for every request, in order, with as many scored at once as bounded memory allows.
  void each_scored(std::span<const PolicyRequest> requests,
                   const std::function<void(std::size_t, std::span<const float>)>& visit) const;

 protected:
  explicit ScoredPolicy(TieBreak ties) : ties_(std::move(ties)) {}
  /// The slate_size candidates of every request with the highest scores, best first. What overrides it gives the
  /// same bits as score() without keeping the scores of the other items.
  virtual std::vector<std::vector<RankedItem>> best(std::span<const PolicyRequest> requests,
                                                    const TieBreak& ties) const;

 private:
  TieBreak ties_;
};

/// The slate_size candidates with the highest scores [I], ties by keyed hash of (user, item). Throws NumericError for a
/// NaN score of a candidate.
std::vector<ItemId> top_candidates(const PolicyRequest& request, std::span<const float> scores, const TieBreak& ties);

/// What a request asks of a ranking.
inline TopRequest top_request(const PolicyRequest& request) {
  return {request.user, request.candidates, request.slate_size};
}

}  // namespace coldframe
