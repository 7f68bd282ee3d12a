#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/lane_plan.h"
#include "framework/data/pair_sampler.h"
#include "framework/training/loss_batch.h"
#include "framework/training/objective.h"

namespace coldframe {

using Tokens = std::shared_ptr<const std::vector<std::int64_t>>;

/// Where the planner gets tokenised texts from. Pure: equal arguments give equal tokens. Thread-safe.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  virtual Tokens item(ItemId item) const = 0;
  virtual Tokens user(UserId user, std::span<const ItemId> history) const = 0;  // history newest first
};

/// Everything a step needs, derived by every rank from (seed, step) alone.
struct StepPlan {
  std::int64_t step = 0;  // 0-based
  std::uint64_t epoch = 0;
  TextPlan texts;
  LossBatch loss;
};

/// What the plan is made from besides the batch options.
struct PlanSources {
  const PairSampler& sampler;
  const TokenSource& texts;
  std::vector<std::vector<ItemId>> likes;  // by UserId: sorted item ids of role T likes ("known positives")
  std::size_t items = 0;                   // catalogue size N
  std::vector<float> item_log_prior = {};  // [N] log prior of role T; may be empty
};

/// Makes plans: pairs, candidates, distinct texts, lanes, micro-batches. Pure and thread-safe.
class StepPlanner {
 public:
  StepPlanner(PlanSources sources, const BatchOptions& batch, CandidateRule rule);

  StepPlan plan(std::int64_t step) const;

 private:
  struct Candidates;
  Candidates choose_candidates(std::int64_t step, const std::vector<TrainingPair>& pairs) const;

  PlanSources sources_;
  BatchOptions batch_;
  CandidateRule rule_;
  std::vector<float> log_inclusion_;  // by item
};

}  // namespace coldframe
