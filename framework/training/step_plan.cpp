#include "framework/training/step_plan.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "framework/core/error.h"

namespace coldframe {

struct StepPlanner::Candidates {
  std::vector<ItemId> items;             // [C]
  std::vector<std::size_t> positives;    // [B]
};

StepPlanner::StepPlanner(PlanSources sources, const BatchOptions& batch, CandidateRule rule, int anchor_views)
    : sources_(std::move(sources)), batch_(batch), rule_(rule), anchor_views_(anchor_views) {
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

StepPlan StepPlanner::plan(std::int64_t step) const { return plan(step, {}, {}); }

StepPlan StepPlanner::plan(std::int64_t step, const ReplayedPairs& replayed, std::span<const ItemId> probes) const {
  const auto pairs_per_step = static_cast<std::size_t>(batch_.pairs);
  const std::uint64_t position = static_cast<std::uint64_t>(step) * pairs_per_step;
  std::vector<TrainingPair> pairs = sources_.sampler.pairs(position, pairs_per_step);
  pairs.insert(pairs.end(), replayed.pairs.begin(), replayed.pairs.end());
  StepPlan plan = make(step, pairs, probes);
  plan.epoch = sources_.sampler.epoch_of(position);
  plan.loss.replayed = replayed.places;
  if (!replayed.pairs.empty() && !plan.loss.log_inclusion.empty()) {
    plan.loss.log_inclusion = inclusion_with(replayed, plan.loss.candidate_items, /*past_alone=*/false);
  }
  return plan;
}

StepPlan StepPlanner::plan_of_past(std::int64_t step, const ReplayedPairs& replayed) const {
  StepPlan plan = make(step, replayed.pairs, {});
  plan.loss.replayed = replayed.places;
  if (!plan.loss.log_inclusion.empty()) {
    plan.loss.log_inclusion = inclusion_with(replayed, plan.loss.candidate_items, /*past_alone=*/true);
  }
  return plan;
}

/// log pi_j when R of the M held pairs are drawn too: an item that c of them like is absent from the draw with
/// probability prod_{i<c} (M - R - i) / (M - i).
std::vector<float> StepPlanner::inclusion_with(const ReplayedPairs& replayed, const std::vector<ItemId>& items,
                                               bool past_alone) const {
  const auto held = static_cast<double>(replayed.held.size()), drawn = static_cast<double>(replayed.pairs.size());
  const double not_extra =
      1.0 - std::min(1.0, static_cast<double>(batch_.extra_items) / static_cast<double>(sources_.items));
  std::vector<float> log_pi;
  for (const ItemId item : items) {
    double absent = past_alone ? not_extra : -std::expm1(static_cast<double>(log_inclusion_[item.value()]));
    const auto [first, last] = std::ranges::equal_range(replayed.held, item);
    for (double i = 0; i < static_cast<double>(last - first); ++i) {
      absent *= std::max(0.0, held - drawn - i) / (held - i);
    }
    log_pi.push_back(static_cast<float>(std::log1p(-absent)));
  }
  return log_pi;
}

StepPlan StepPlanner::make(std::int64_t step, const std::vector<TrainingPair>& pairs,
                           std::span<const ItemId> probes) const {
  const Candidates candidates = choose_candidates(step, pairs);
  TextPlanBuilder builder;
  const std::uint64_t position = static_cast<std::uint64_t>(step) * static_cast<std::uint64_t>(batch_.pairs);
  std::vector<std::size_t> anchor_tickets, second_tickets, candidate_tickets, probe_tickets;
  for (std::size_t b = 0; b < pairs.size(); ++b) {
    const std::uint64_t epoch = sources_.sampler.epoch_of(position + b);
    const Tokens text = sources_.texts.anchor(pairs[b].user, pairs[b].history, epoch);
    anchor_tickets.push_back(builder.add(Tower::user, text));
    if (anchor_views_ > 1) second_tickets.push_back(builder.add(Tower::user, text, /*view=*/1));
  }
  for (const ItemId item : candidates.items) {
    candidate_tickets.push_back(builder.add(Tower::item, sources_.texts.item(item)));
  }
  for (const ItemId item : probes) probe_tickets.push_back(builder.add(Tower::item, sources_.texts.item(item)));
  auto [texts, row_of] = std::move(builder).build(batch_.lanes, batch_.tokens);

  StepPlan plan{.step = step, .task_step = step, .texts = std::move(texts), .loss = {}};
  for (const std::size_t ticket : anchor_tickets) plan.loss.anchor_rows.push_back(row_of[ticket]);
  for (const std::size_t ticket : second_tickets) plan.loss.second_rows.push_back(row_of[ticket]);
  for (const std::size_t ticket : candidate_tickets) plan.loss.candidate_rows.push_back(row_of[ticket]);
  for (const std::size_t ticket : probe_tickets) plan.loss.probe_rows.push_back(row_of[ticket]);
  plan.loss.candidate_items = candidates.items;
  plan.loss.positives = candidates.positives;
  plan.loss.known.resize(pairs.size());
  for (const TrainingPair& pair : pairs) {
    const std::size_t user = pair.user.value();
    if (!sources_.user_groups.empty()) plan.loss.groups.push_back(sources_.user_groups.at(user));
    if (sources_.user_weights.empty()) continue;
    plan.loss.weights.push_back(sources_.user_weights.at(user) / static_cast<double>(pairs.size()));
  }
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
