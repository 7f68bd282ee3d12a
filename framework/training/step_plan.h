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
  /// The same user as an anchor of training, who may be written otherwise in every epoch.
  virtual Tokens anchor(UserId user, std::span<const ItemId> history, std::uint64_t /*epoch*/) const {
    return this->user(user, history);
  }
};

/// Everything a step needs, derived by every rank from (seed, step) alone.
struct StepPlan {
  std::int64_t step = 0;       // 0-based
  std::size_t task = 0;        // of a stream of tasks
  std::int64_t task_step = 0;  // 0-based, of the task: what schedule and moments count; in an ordinary run the same
  std::uint64_t epoch = 0;
  TextPlan texts;
  LossBatch loss;
  std::shared_ptr<const StepPlan> reference = nullptr;  // of the past: the step must not raise its loss (A-GEM)
};

/// Plans of a run, by step. Pure (equal steps give equal plans, whatever was asked before) and thread-safe.
class PlanSource {
 public:
  virtual ~PlanSource() = default;
  virtual StepPlan plan(std::int64_t step) const = 0;
};

/// Pairs of earlier tasks that come back in a step, drawn without replacement from those that are held.
struct ReplayedPairs {
  std::vector<TrainingPair> pairs;
  std::vector<std::size_t> places;  // of the memory, by pair
  std::vector<ItemId> held;         // positives of everything that could have been drawn, sorted
};

/// What the plan is made from besides the batch options.
struct PlanSources {
  const PairSampler& sampler;
  const TokenSource& texts;
  std::vector<std::vector<ItemId>> likes;  // by UserId: sorted item ids of role T likes ("known positives")
  std::size_t items = 0;                   // catalogue size N
  std::vector<float> item_log_prior = {};  // [N] log prior of role T; may be empty
  std::vector<std::int32_t> user_groups = {};  // by UserId: group, or -1; may be empty
  std::vector<double> user_weights = {};       // by UserId: what a loss counts, 1 in the mean; empty: 1 each
};

/// Makes plans: pairs, candidates, distinct texts, lanes, micro-batches. Pure and thread-safe.
class StepPlanner final : public PlanSource {
 public:
  /// `anchor_views`: as the objective asks for.
  StepPlanner(PlanSources sources, const BatchOptions& batch, CandidateRule rule, int anchor_views = 1);

  StepPlan plan(std::int64_t step) const override;
  /// The same pairs of the step, and replayed ones behind them. `probes`: items whose vectors are wanted besides.
  StepPlan plan(std::int64_t step, const ReplayedPairs& replayed, std::span<const ItemId> probes) const;
  /// Replayed pairs alone, with the extra items of the step.
  StepPlan plan_of_past(std::int64_t step, const ReplayedPairs& replayed) const;

 private:
  struct Candidates;
  Candidates choose_candidates(std::int64_t step, const std::vector<TrainingPair>& pairs) const;
  StepPlan make(std::int64_t step, const std::vector<TrainingPair>& pairs, std::span<const ItemId> probes) const;
  std::vector<float> inclusion_with(const ReplayedPairs& replayed, const std::vector<ItemId>& items,
                                    bool past_alone) const;

  PlanSources sources_;
  BatchOptions batch_;
  CandidateRule rule_;
  int anchor_views_;
  std::vector<float> log_inclusion_;  // by item
};

}  // namespace coldframe
