#include "framework/training/step_plan.h"

#include <algorithm>
#include <unordered_map>

#include "framework/core/error.h"

namespace coldframe {

struct StepPlanner::Candidates {
  std::vector<ItemId> items;             // [C]
  std::vector<std::size_t> positives;    // [B]
};

StepPlanner::StepPlanner(PlanSources sources, const BatchOptions& batch, CandidateRule rule)
    : sources_(std::move(sources)), batch_(batch), rule_(rule) {
  if (rule_ == CandidateRule::one_per_pair) return;
  log_inclusion_ = log_inclusion(sources_.sampler.positive_law(sources_.items), static_cast<std::size_t>(batch.pairs),
                                 static_cast<std::size_t>(batch.extra_items));
}

StepPlanner::Candidates StepPlanner::choose_candidates(std::int64_t step, const std::vector<TrainingPair>& pairs) const {
  Candidates chosen;
  if (rule_ == CandidateRule::one_per_pair) {
    for (const TrainingPair& pair : pairs) {
      chosen.positives.push_back(chosen.items.size());
      chosen.items.push_back(pair.positive);
    }
    return chosen;
  }
  for (const TrainingPair& pair : pairs) chosen.items.push_back(pair.positive);
  const std::vector<ItemId> extra = sources_.sampler.extra_items(
      static_cast<std::uint64_t>(step), static_cast<std::size_t>(batch_.extra_items), sources_.items);
  chosen.items.insert(chosen.items.end(), extra.begin(), extra.end());
  std::ranges::sort(chosen.items);
  const auto repeats = std::ranges::unique(chosen.items);
  chosen.items.erase(repeats.begin(), repeats.end());
  for (const TrainingPair& pair : pairs) {
    chosen.positives.push_back(
        static_cast<std::size_t>(std::ranges::lower_bound(chosen.items, pair.positive) - chosen.items.begin()));
  }
  return chosen;
}

StepPlan StepPlanner::plan(std::int64_t step) const {
  const auto pairs_per_step = static_cast<std::size_t>(batch_.pairs);
  const std::uint64_t position = static_cast<std::uint64_t>(step) * pairs_per_step;
  const std::vector<TrainingPair> pairs = sources_.sampler.pairs(position, pairs_per_step);
  const Candidates candidates = choose_candidates(step, pairs);

  TextPlanBuilder builder;
  std::vector<std::size_t> anchor_tickets, candidate_tickets;
  for (const TrainingPair& pair : pairs) {
    anchor_tickets.push_back(builder.add(Tower::user, sources_.texts.user(pair.user, pair.history)));
  }
  for (const ItemId item : candidates.items) {
    candidate_tickets.push_back(builder.add(Tower::item, sources_.texts.item(item)));
  }
  auto [texts, row_of] = std::move(builder).build(batch_.lanes, batch_.tokens);

  StepPlan plan{step, sources_.sampler.epoch_of(position), std::move(texts), {}};
  for (const std::size_t ticket : anchor_tickets) plan.loss.anchor_rows.push_back(row_of[ticket]);
  for (const std::size_t ticket : candidate_tickets) plan.loss.candidate_rows.push_back(row_of[ticket]);
  plan.loss.candidate_items = candidates.items;
  plan.loss.positives = candidates.positives;
  plan.loss.known.resize(pairs.size());
  if (rule_ == CandidateRule::one_per_pair) return plan;
  for (const ItemId item : candidates.items) plan.loss.log_inclusion.push_back(log_inclusion_[item.value()]);
  if (!sources_.item_log_prior.empty()) {
    for (const ItemId item : candidates.items) plan.loss.log_prior.push_back(sources_.item_log_prior[item.value()]);
  }
  for (std::size_t b = 0; b < pairs.size(); ++b) {
    const std::vector<ItemId>& likes = sources_.likes[pairs[b].user.value()];
    for (std::size_t c = 0; c < candidates.items.size(); ++c) {
      if (c == candidates.positives[b]) continue;
      if (std::ranges::binary_search(likes, candidates.items[c])) plan.loss.known[b].push_back(c);
    }
  }
  return plan;
}

}  // namespace coldframe
