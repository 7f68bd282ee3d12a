#include "framework/training/recall_methods.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/training/bulk_encoder.h"

namespace coldframe {

RowDistillation::RowDistillation(const ContinualOptions& options, const MethodParts& parts)
    : options_(options),
      parts_(parts),
      slots_(state_slots(FlatLayout(parts.parameters))),
      teacher_(FlatLayout(parts.parameters).state_size()) {}

std::vector<SimilarityTargets> RowDistillation::targets(const StepPlan& plan) {
  if (plan.task == 0 || options_.distillation == 0) return {};
  std::vector<Tokens> texts;
  for (const PlannedText& text : plan.texts.texts) texts.push_back(text.tokens);
  swap_values(teacher_.span(), slots_, parts_.parameters);
  const BulkEncoder encoder(parts_.group, parts_.pool, parts_.encoder, parts_.parameters, parts_.chunk_tokens);
  EncodedTexts encoded = encoder.encode(texts, "earlier encoder", plan.step);
  const double scale = parts_.objective.score_rule(parts_.parameters).scale;
  swap_values(teacher_.span(), slots_, parts_.parameters);
  const at::Tensor vectors =
      at::from_blob(encoded.vectors.data(),
                    {static_cast<std::int64_t>(encoded.size()), static_cast<std::int64_t>(encoded.width)}, at::kFloat);
  SimilarityTargets targets{.distance = SimilarityTargets::Distance::divergence,
                            .anchors = plan.loss.anchor_rows,
                            .columns = plan.loss.candidate_rows,
                            .rows = similarity_rows(vectors, plan.loss.anchor_rows, plan.loss.candidate_rows, scale),
                            .weight = options_.distillation,
                            .temperature = options_.temperature};
  return {std::move(targets)};
}

void RowDistillation::end_task(std::size_t, TrainStep&) { copy_values(parts_.parameters, slots_, teacher_.span()); }

std::vector<StateTensor> RowDistillation::state() {
  return {{"continual.teacher", {static_cast<std::int64_t>(teacher_.size())}, teacher_.span()}};
}

DarkReplay::DarkReplay(const ContinualOptions& options, const MethodParts& parts)
    : options_(options),
      parts_(parts),
      places_(parts.planner.options().memory, parts.planner.options().seed, parts.planner.options().memory_rule),
      rows_(static_cast<std::size_t>(options.memory * options.probe_items)) {}

std::vector<SimilarityTargets> DarkReplay::targets(const StepPlan& plan) {
  const std::vector<std::size_t>& places = plan.loss.replayed;
  if (places.empty() || options_.row_weight == 0) return {};
  SimilarityTargets targets{.distance = SimilarityTargets::Distance::squared,
                            .anchors = {plan.loss.anchor_rows.end() - static_cast<std::ptrdiff_t>(places.size()),
                                        plan.loss.anchor_rows.end()},
                            .columns = plan.loss.probe_rows,
                            .rows = {},
                            .weight = options_.row_weight};
  const std::size_t width = plan.loss.probe_rows.size();
  for (const std::size_t place : places) {
    const auto row = rows_.span().subspan(place * width, width);
    targets.rows.insert(targets.rows.end(), row.begin(), row.end());
  }
  return {std::move(targets)};
}

void DarkReplay::look(const StepPlan& plan, const at::Tensor& embeddings) {
  const std::int64_t count = parts_.planner.options().pairs;
  const auto pairs = static_cast<std::uint64_t>(count), begin = static_cast<std::uint64_t>(plan.step) * pairs;
  while (places_.offered() < begin) static_cast<void>(offer());  // after a resume
  const std::vector<std::size_t> anchors(plan.loss.anchor_rows.begin(), plan.loss.anchor_rows.begin() + count);
  const std::vector<float> rows =
      similarity_rows(embeddings, anchors, plan.loss.probe_rows, parts_.objective.score_rule(parts_.parameters).scale);
  const std::size_t width = plan.loss.probe_rows.size();
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const std::int64_t place = offer();
    if (place < 0) continue;
    std::copy_n(rows.data() + pair * width, width, rows_.data() + static_cast<std::size_t>(place) * width);
  }
}

/// Where the planner's memory puts the next pair of the stream.
std::int64_t DarkReplay::offer() { return places_.offer(parts_.planner.task_of(places_.offered())); }

std::vector<StateTensor> DarkReplay::state() {
  return {{std::string(k_remembered_rows), {options_.memory, options_.probe_items}, rows_.span()}};
}

}  // namespace coldframe
