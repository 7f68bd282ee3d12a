#include "framework/training/train_step.h"

#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "framework/core/error.h"
#include "framework/distributed/tree_reduce.h"
#include "framework/training/gradient_norm.h"
#include "framework/training/gradient_projection.h"
#include "framework/training/group_gap.h"

namespace coldframe {
namespace {

/// Rides in front of the gathered embeddings, so that agreement costs no message of its own.
struct StepHeader {
  std::int64_t step = 0;
  std::uint64_t digest = 0;
  std::uint64_t stop = 0;
};

/// Anchors of a loss block: block b of L holds rows [b B / L, (b + 1) B / L).
TextRange block_rows(std::size_t block, std::size_t blocks, std::size_t anchors) {
  return {block * anchors / blocks, (block + 1) * anchors / blocks};
}

/// Tasks are begun in order: neighbours in the tree go to one thread after the other, so that the second can add to the
/// first. Any order gives the same bits.
std::size_t lane_of_task(std::size_t task, std::size_t lanes, std::size_t threads) {
  if (threads == 0 || lanes % threads != 0) return task;
  return task % threads * (lanes / threads) + task / threads;
}

/// left += right by all threads.
void add(LanePool& pool, GradientSum& left, const GradientSum& right) {
  constexpr std::size_t slice = 1 << 18;
  const std::size_t slices = (left.dense.size() + slice - 1) / slice;
  pool.run(slices + left.sparse.size(), [&](std::size_t task) {
    if (task < left.sparse.size()) return left.sparse[task].add(right.sparse[task]);
    const std::size_t begin = (task - left.sparse.size()) * slice, size = std::min(slice, left.dense.size() - begin);
    add_into(left.dense.span().subspan(begin, size), right.dense.span().subspan(begin, size));
  });
}

/// sum /= divisor by all threads.
void divide(LanePool& pool, GradientSum& sum, float divisor) {
  if (divisor == 1) return;
  constexpr std::size_t slice = 1 << 18;
  const std::size_t slices = (sum.dense.size() + slice - 1) / slice;
  pool.run(slices + sum.sparse.size(), [&](std::size_t task) {
    if (task < sum.sparse.size()) {
      for (float& value : sum.sparse[task].rows) value /= divisor;
      return;
    }
    const std::size_t begin = (task - sum.sparse.size()) * slice, size = std::min(slice, sum.dense.size() - begin);
    for (float& value : sum.dense.span().subspan(begin, size)) value /= divisor;
  });
}

}  // namespace

TrainStep::TrainStep(const Group& group, LanePool& pool, const Encoder& encoder, ParameterStore& parameters,
                     const Objective& objective, const StepOptions& options, const FrozenPrefix* prefix,
                     std::vector<StrategyTraining*> strategies, ContinualMethod* method)
    : group_(group),
      pool_(pool),
      encoder_(encoder),
      parameters_(parameters),
      objective_(objective),
      options_(options),
      tree_(static_cast<int>(options.lanes), group.size()),
      layout_(parameters),
      optimizer_(layout_, options_.optimizer, update_rules(parameters, options_.optimizer, options_.schedule.steps)),
      sums_(tree_, group.rank(), layout_.dense_size(), layout_.sparse_widths()),
      digest_(layout_),
      strategies_(std::move(strategies)),
      method_(method) {
  CF_EXPECTS(layout_.sparse().size() <= 1);
  CF_EXPECTS(prefix == nullptr || !(options_.dropout_below_trainable || options_.adversarial.active()));
  CF_EXPECTS(method == nullptr || !options_.adversarial.active());
  parameters_.round_all();
  refresh_digest();
  for (int lane = tree_.first_lane(group.rank()); lane < tree_.end_lane(group.rank()); ++lane) {
    lanes_.emplace_back(encoder, parameters, layout_, prefix);
  }
}

int gradient_buffer_bound(std::size_t lanes, int threads) {
  const int extra = std::min(threads, static_cast<int>(lanes)) - 1;
  return static_cast<int>(std::ceil(std::log2(static_cast<double>(lanes)))) + 1 + extra;
}

StepReport TrainStep::run(const StepPlan& plan, bool wants_stop) {
  const auto started = std::chrono::steady_clock::now();
  StepReport report;
  report.step = plan.step;
  report.task = plan.task;
  report.task_step = plan.task_step;
  report.texts = static_cast<std::int64_t>(plan.texts.texts.size());
  report.tokens = static_cast<std::int64_t>(plan.texts.tokens());
  begin_task(plan);
  PassResult result = run_passes(plan, wants_stop, report);
  report.loss = result.loss;
  report.groups = result.groups;
  report.stop = result.stop;
  apply(result, report);
  sums_.give_back(std::move(result.gradient));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

/// Schedule, moments and warm-up of every task are its own.
void TrainStep::begin_task(const StepPlan& plan) {
  if (plan.task_step > 0) return;
  if (plan.step > 0) optimizer_.forget();
  if (method_ == nullptr) return;
  method_->begin_task(plan.task);
  refresh_digest();
}

/// Lanes keep the perturbations of their texts; only embeddings and gradients travel.
TrainStep::PassResult TrainStep::run_ascent(const StepPlan& plan, bool wants_stop, StepReport& report) {
  for (LaneWork& lane : lanes_) lane.perturb(&options_.adversarial);
  const auto passes = static_cast<float>(options_.adversarial.steps);
  PassResult sum = run_pass(plan, {.number = 0}, wants_stop);
  const double first = sum.loss;
  double last = first;
  for (std::int64_t pass = 1; pass < options_.adversarial.steps; ++pass) {
    PassResult next = run_pass(plan, {.number = 0}, wants_stop);  // the same number: the same dropout
    last = next.loss;
    sum.loss += next.loss;
    sum.groups = next.groups;
    sum.stop = sum.stop || next.stop;
    add(pool_, sum.gradient, next.gradient);
    sums_.give_back(std::move(next.gradient));
  }
  for (LaneWork& lane : lanes_) lane.perturb(nullptr);
  sum.loss /= passes;
  divide(pool_, sum.gradient, passes);
  report.ascent = last - first;
  return sum;
}

TrainStep::PassResult TrainStep::run_passes(const StepPlan& plan, bool wants_stop, StepReport& report) {
  if (options_.adversarial.active()) return run_ascent(plan, wants_stop, report);
  const std::vector<SimilarityTargets> targets =
      method_ == nullptr ? std::vector<SimilarityTargets>{} : method_->targets(plan);
  PassResult result = run_pass(plan, {.number = 0, .targets = targets}, wants_stop);
  if (method_ != nullptr) {
    const auto texts = static_cast<std::int64_t>(plan.texts.texts.size());
    method_->look(plan, at::from_blob(result.embeddings.data(), {texts, encoder_.width()}, at::kFloat));
  }
  if (plan.reference == nullptr) return result;
  PassResult past = run_pass(*plan.reference, {.number = 1}, wants_stop);
  report.past = keep_from_raising(result.gradient, past.gradient);
  sums_.give_back(std::move(past.gradient));
  return result;
}

GradientSum TrainStep::gradient(const StepPlan& plan) {
  return run_pass(plan, {.dropout = false}, /*wants_stop=*/false).gradient;
}

void TrainStep::round_weights() {
  const std::vector<ParameterIndex> outdated = parameters_.outdated();
  pool_.run(outdated.size(), [&](std::size_t i) { parameters_.round(outdated[i]); });
}

TrainStep::PassResult TrainStep::run_pass(const StepPlan& plan, const Pass& pass, bool wants_stop) {
  group_.report_position("encode", plan.step);
  round_weights();
  Gathered gathered = encode_and_gather(plan, pass, wants_stop);
  group_.report_position("loss", plan.step);
  const Loss loss = compute_loss(plan, pass, gathered.embeddings);
  group_.report_position("backward", plan.step);
  PassResult result{loss.value, loss.groups, gathered.stop, backward(plan, loss), std::move(gathered.embeddings)};
  for (std::size_t i = 0; i < objective_.parameters().size(); ++i) {
    const DenseSlot* slot = layout_.find_dense(objective_.parameters()[i]);
    if (slot != nullptr) result.gradient.dense.data()[slot->offset] += static_cast<float>(loss.parameter_gradient[i]);
  }
  return result;
}

TrainStep::Gathered TrainStep::encode_and_gather(const StepPlan& plan, const Pass& pass, bool wants_stop) {
  const auto width = static_cast<std::size_t>(encoder_.width());
  Gathered gathered{AlignedBuffer(plan.texts.texts.size() * width), wants_stop};
  const DropoutContext dropout{pass.dropout, options_.seed, plan.step, pass.number, options_.dropout_below_trainable};
  const auto first = static_cast<std::size_t>(tree_.first_lane(group_.rank()));
  pool_.run(lanes_.size(), [&](std::size_t i) {
    const LanePlan& lane = plan.texts.lanes[first + i];
    const auto rows =
        gathered.embeddings.span().subspan(lane.texts.begin * width, (lane.texts.end - lane.texts.begin) * width);
    lanes_[i].forward(plan.texts, lane, dropout, options_.activations, rows);
  });
  if (group_.size() > 1) gather(plan, gathered, wants_stop);
  return gathered;
}

void TrainStep::gather(const StepPlan& plan, Gathered& gathered, bool wants_stop) {
  const auto width = static_cast<std::size_t>(encoder_.width());
  const auto rows_of = [&](int rank) {
    const std::size_t begin = plan.texts.lanes[static_cast<std::size_t>(tree_.first_lane(rank))].texts.begin;
    const std::size_t end = plan.texts.lanes[static_cast<std::size_t>(tree_.end_lane(rank)) - 1].texts.end;
    return std::as_writable_bytes(gathered.embeddings.span().subspan(begin * width, (end - begin) * width));
  };
  const StepHeader mine{plan.step, digest_.value(), wants_stop ? 1u : 0u};
  const auto own = rows_of(group_.rank());
  std::vector<std::byte> message(sizeof(StepHeader) + own.size());
  std::memcpy(message.data(), &mine, sizeof(mine));
  std::memcpy(message.data() + sizeof(mine), own.data(), own.size());
  const std::vector<std::vector<std::byte>> messages = all_gather(group_, message);
  for (int rank = 0; rank < group_.size(); ++rank) {
    const std::vector<std::byte>& theirs = messages[static_cast<std::size_t>(rank)];
    StepHeader header;
    std::memcpy(&header, theirs.data(), std::min(sizeof(header), theirs.size()));
    const auto rows = rows_of(rank);
    if (header.step != mine.step || header.digest != mine.digest || theirs.size() != sizeof(header) + rows.size()) {
      throw DistributedError(
          fmt::format("rank {} on {} left the common path before step {}", rank, group_.host_of(rank), plan.step),
          fmt::format("it is at step {} with parameter digest {:016x}, rank {} has {:016x}", header.step, header.digest,
                      group_.rank(), mine.digest),
          "resume from the last checkpoint; if it repeats, check memory and libraries of that host");
    }
    gathered.stop = gathered.stop || header.stop != 0;
    if (rank != group_.rank()) std::memcpy(rows.data(), theirs.data() + sizeof(header), rows.size());
  }
}

GradientSum TrainStep::loss_block(const LossBatch& batch, const Pass& pass, const at::Tensor& embeddings,
                                  std::size_t block) const {
  const TextRange rows = block_rows(block, static_cast<std::size_t>(tree_.lanes()), batch.anchor_rows.size());
  LossShare share = objective_.share(batch, embeddings, rows.begin, rows.end, parameters_);
  const double scale = pass.targets.empty() ? 0 : objective_.score_rule(parameters_).scale;
  for (const SimilarityTargets& targets : pass.targets) {
    const TextRange of = block_rows(block, static_cast<std::size_t>(tree_.lanes()), targets.anchors.size());
    share.loss += add_similarity_share(targets, embeddings, of.begin, of.end, scale, share.embedding_gradient);
  }
  const auto size = static_cast<std::size_t>(embeddings.numel());
  // [U D] embedding gradient, then the objective's parameters, then the loss.
  GradientSum sum{AlignedBuffer(size + share.parameter_gradient.size() + 1), {}};
  std::memcpy(sum.dense.data(), share.embedding_gradient.data_ptr<float>(), size * sizeof(float));
  for (std::size_t i = 0; i < share.parameter_gradient.size(); ++i) {
    sum.dense.data()[size + i] = static_cast<float>(share.parameter_gradient[i]);
  }
  sum.dense.data()[sum.dense.size() - 1] = static_cast<float>(share.loss);
  return sum;
}

/// [G] sums of losses by group, then the loss.
GradientSum TrainStep::group_block(const LossBatch& batch, const at::Tensor& embeddings, std::size_t block) const {
  const TextRange rows = block_rows(block, static_cast<std::size_t>(tree_.lanes()), batch.anchor_rows.size());
  const LossShare share = objective_.share(batch, embeddings, rows.begin, rows.end, parameters_);
  if (share.losses.size() != rows.end - rows.begin) {
    throw ConfigError(fmt::format("the objective {} with a penalty on gaps between groups", objective_.kind()),
                      "it does not tell the losses of single anchors", "set fairness.gap_penalty = 0");
  }
  const std::vector<double> sums = group_sums(batch, share.losses, rows.begin, group_count(batch));
  GradientSum sum{AlignedBuffer(sums.size() + 1), {}};
  std::ranges::transform(sums, sum.dense.data(), [](double value) { return static_cast<float>(value); });
  sum.dense.data()[sums.size()] = static_cast<float>(share.loss);
  return sum;
}

/// What all blocks of the loss give together, in the fixed tree. `size` values each.
AlignedBuffer TrainStep::sum_blocks(std::size_t anchors, std::size_t size,
                                    const std::function<GradientSum(std::size_t)>& block) {
  const auto blocks = static_cast<std::size_t>(tree_.lanes());
  if (group_.size() == 1 || static_cast<std::int64_t>(anchors) <= options_.replicate_below) {
    std::vector<GradientSum> sums(blocks);
    pool_.run(blocks, [&](std::size_t b) { sums[b] = block(b); });
    tree_reduce_local(sums);
    return std::move(sums.front().dense);
  }
  SubtreeSums sums(tree_, group_.rank(), size, {});
  const auto first = static_cast<std::size_t>(tree_.first_lane(group_.rank()));
  pool_.run(lanes_.size(), [&](std::size_t i) { sums.deliver({0, static_cast<int>(first + i)}, block(first + i)); });
  std::vector<GradientSum> spare;
  return std::move(tree_reduce(group_, tree_, sums.take(&GradientSum::add), spare).dense);
}

TrainStep::Loss TrainStep::compute_loss(const StepPlan& plan, const Pass& pass, AlignedBuffer& gathered) {
  const auto texts = static_cast<std::int64_t>(plan.texts.texts.size());
  const at::Tensor embeddings = at::from_blob(gathered.data(), {texts, encoder_.width()}, at::kFloat);
  const std::size_t anchors = plan.loss.anchor_rows.size();
  Loss loss;
  std::optional<LossBatch> reweighted;
  if (options_.group_gap > 0 && !plan.loss.groups.empty()) {
    const std::size_t groups = group_count(plan.loss);
    const AlignedBuffer sums = sum_blocks(
        anchors, groups + 1, [&](std::size_t block) { return group_block(plan.loss, embeddings, block); });
    GroupGap gap = group_gap(plan.loss, std::vector<double>(sums.data(), sums.data() + groups), options_.group_gap);
    loss.value = sums.data()[groups];
    loss.groups = {gap.penalty, gap.gap};
    reweighted = plan.loss;
    reweighted->weights = std::move(gap.weights);
  }
  const LossBatch& batch = reweighted ? *reweighted : plan.loss;
  loss.gradient = sum_blocks(anchors, gathered.size() + objective_.parameters().size() + 1,
                             [&](std::size_t block) { return loss_block(batch, pass, embeddings, block); });
  if (!reweighted) loss.value = loss.gradient.data()[loss.gradient.size() - 1];
  for (std::size_t i = 0; i < objective_.parameters().size(); ++i) {
    loss.parameter_gradient.push_back(loss.gradient.data()[gathered.size() + i]);
  }
  return loss;
}

GradientSum TrainStep::backward(const StepPlan& plan, const Loss& loss) {
  const auto width = static_cast<std::size_t>(encoder_.width());
  const auto first = static_cast<std::size_t>(tree_.first_lane(group_.rank()));
  pool_.run(lanes_.size(), [&](std::size_t task) {
    const std::size_t i = lane_of_task(task, lanes_.size(), static_cast<std::size_t>(pool_.threads()));
    const TextRange texts = plan.texts.lanes[first + i].texts;
    SubtreeSums::Lease lease = sums_.lease(static_cast<int>(first + i), lanes_[i].adds_once());
    lanes_[i].backward(loss.gradient.span().subspan(texts.begin * width, (texts.end - texts.begin) * width), lease.sum,
                       lease.holds_sibling);
    sums_.deliver(lease.node, std::move(lease.sum));
  });
  group_.report_position("reduce", plan.step);
  std::vector<GradientSum> spare;
  GradientSum total = tree_reduce(group_, tree_, sums_.take([&](GradientSum& left, const GradientSum& right) { add(pool_, left, right); }), spare);
  for (GradientSum& buffer : spare) sums_.give_back(std::move(buffer));
  return total;
}

std::span<float> TrainStep::gradient_of(GradientSum& gradient, ParameterIndex parameter) const {
  const DenseSlot* slot = layout_.find_dense(parameter);
  CF_EXPECTS(slot != nullptr);
  return gradient.dense.span().subspan(slot->offset, slot->size);
}

void TrainStep::apply(PassResult& result, StepReport& report) {
  group_.report_position("update", report.step);
  const GradientOf gradient = [&](ParameterIndex parameter) { return gradient_of(result.gradient, parameter); };
  const std::int64_t number = report.task_step + 1, of_run = report.step + 1;
  for (StrategyTraining* part : strategies_) report.penalty += part->after_reduction(of_run, parameters_, gradient);
  if (method_ != nullptr) report.penalty += method_->add_penalty(result.gradient);
  optimizer_.drop_frozen(result.gradient, number);
  report.gradient_norm = gradient_norm(result.gradient, &pool_);
  if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) {
    throw NumericError(
        fmt::format("step {}: loss {}, gradient norm {}", report.step, report.loss, report.gradient_norm),
        "training diverged", "lower optimizer.learning_rate or set optimizer.clip_norm");
  }
  const float clip = clip_factor(report.gradient_norm, options_.optimizer.clip_norm);
  report.clip = clip;
  report.learning_rate = options_.optimizer.learning_rate * schedule_factor(options_.schedule, report.task_step);
  optimizer_.update(parameters_, result.gradient, report.learning_rate, number, clip, &pool_, &digest_);
  for (StrategyTraining* part : strategies_) {
    for (const ParameterIndex parameter : part->after_update(of_run, clip, parameters_, gradient)) {
      digest_.refresh_parameter(parameter, parameters_);
    }
  }
  objective_.constrain(parameters_);
  for (const ParameterIndex parameter : objective_.parameters()) digest_.refresh_parameter(parameter, parameters_);
  if (method_ != nullptr) method_->after_update();
  report.digest = digest_.value();
}

}  // namespace coldframe
