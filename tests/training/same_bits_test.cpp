// The first promise, in one process: a run has the same bits on 1, 2, 3 and 4 virtual ranks and on 1 and 2 threads.
// The same source is linked against mutants of single functions (see CMakeLists.txt), which must fail it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>

#include "framework/comm/threads/virtual_ranks.h"
#include "framework/core/error.h"
#include "framework/model/compacter_strategy.h"
#include "framework/training/bulk_encoder.h"
#include "framework/training/frozen_prefix.h"
#include "framework/training/trainer.h"
#include "tests/support/strategy_forms.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_bert.h"
#include "tests/support/tiny_taste.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_steps = 200;
constexpr std::string_view k_and = "_and_";

struct Outcome {
  std::vector<std::pair<std::string, std::vector<float>>> parameters;
  std::vector<float> moments;
  std::vector<MetricsRecord> metrics;
  std::int64_t clipped_steps = 0;
};

/// `many`: several micro-batches in every lane. `few`: fewer texts than lanes, so that some lanes and loss blocks are
/// empty.
enum class BatchKind { many, few };

BatchOptions batch_of(BatchKind kind) {
  BatchOptions batch;
  batch.pairs = kind == BatchKind::many ? 7 : 2;
  batch.extra_items = kind == BatchKind::many ? 9 : 0;
  batch.lanes = 4;
  batch.tokens = 48;
  return batch;
}

/// `on`: the lower layer is not trained and its output is kept. `small`: in too little memory. `off`: not trained, not
/// kept.
enum class Prefix { none, on, small, off };

struct RunCase {
  std::string strategy;  // a kind, or a name of strategy_forms()
  BatchKind kind = BatchKind::many;
  Precision precision = Precision::fp32;
  Prefix prefix = Prefix::none;
  FamilyKind family = FamilyKind::bert;
};

testing::TinyPart part_of(Prefix prefix) {
  return prefix == Prefix::none ? testing::TinyPart::everything : testing::TinyPart::upper_layer;
}

/// Those with a twin in PEFT, adapters that share a parameter between layers, weights of the encoder itself, what all
/// texts find in front of their own, and several at once (kinds joined by _and_).
std::vector<test::StrategyForm> forms() {
  std::vector<test::StrategyForm> all = test::strategy_forms();
  for (const char* name :
       {"bitfit", "partial", "lora_and_bitfit", "bitfit_and_houlsby_and_lora", "parallel_and_prefix"}) {
    all.push_back({name, name, nullptr});
  }
  all.push_back({"compacter", "compacter",
                 test::options_with<CompacterOptions>([](CompacterOptions& options) { options.reduction = 16; })});
  for (const char* name : {"prefix", "p_tuning_v2", "prompt"}) {
    const std::vector<test::StrategyForm> more = test::virtual_token_forms();
    all.push_back(*std::ranges::find(more, name, &test::StrategyForm::name));
  }
  return all;
}

testing::TinyModel model_of(const RunCase& run) {
  if (run.prefix != Prefix::none) return testing::TinyModel(run.strategy, 0.1, part_of(run.prefix));
  const std::vector<test::StrategyForm> all = forms();
  const auto found = std::ranges::find(all, run.strategy, &test::StrategyForm::name);
  const test::StrategyForm form = found == all.end() ? test::StrategyForm{} : *found;
  if (form.kind.empty()) return testing::TinyModel(run.strategy, nullptr, 0.1, run.family);
  std::vector<testing::TinyStrategy> chosen;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + k_and.size()) {
    end = form.kind.find(k_and, begin);
    chosen.push_back({form.kind.substr(begin, end - begin), form.options});
  }
  return testing::TinyModel(chosen, 0.1, run.family);
}

struct RunShape {
  RunCase run;
  int ranks = 1;
  int threads = 1;
  std::int64_t replicate_below = 1024;
  std::string activations = "keep";
  bool looks = true;       // at role V, at the end too: a killed run has no such end
  bool staged = false;     // layers begin one after the other, at rates of their own
  bool perturbed = false;  // word embeddings climb the loss (FreeLB)
};

class Run {
 public:
  Run(const Group& group, const RunShape& shape, const std::filesystem::path& folder)
      : group_(group),
        looks_(shape.looks),
        model_(model_of(shape.run)),
        pool_(shape.threads),
        sampler_(taste_.sampled, {0, 0, 1, 3, 5}, 11) {
    ObjectiveRegistry registry;
    add_builtin_objectives(registry);
    const ObjectiveEntry& entry = registry.require("contrastive");
    objective_options_ = entry.make_options();
    objective_ = entry.make(*objective_options_);
    objective_->attach(model_.parameters);
    model_.parameters.compute_in(shape.run.precision);
    std::filesystem::create_directories(folder);
    batch_ = batch_of(shape.run.kind);
    step_options_.lanes = batch_.lanes;
    step_options_.replicate_below = shape.replicate_below;
    step_options_.activations = shape.activations == "keep" ? Activations::keep : Activations::recompute;
    step_options_.optimizer.learning_rate = 2e-3;
    step_options_.optimizer.clip_norm = 0.5;
    step_options_.schedule.steps = k_steps;
    if (shape.staged) {
      step_options_.optimizer.unfreeze_every = 20;
      step_options_.optimizer.layer_decay = 0.8;
      step_options_.optimizer.weight_decays = {"*.bias:0.1"};
    }
    if (shape.perturbed) {
      step_options_.adversarial.steps = 2;
      step_options_.gradients = 2;
    }
    planner_ = std::make_unique<StepPlanner>(taste_.planner(sampler_, batch_, objective_->candidate_rule()));
    step_options_.dropout_below_trainable = shape.run.prefix == Prefix::none;
    if (shape.run.prefix == Prefix::on || shape.run.prefix == Prefix::small) make_prefix(shape.run, folder);
    step_ = std::make_unique<TrainStep>(group_, pool_, *model_.encoder, model_.parameters, *objective_, step_options_,
                                        prefix_.get(), model_.strategies.training(k_steps));
    paths_ = {folder / "checkpoints", folder / "metrics.log"};
  }

  Outcome train(std::int64_t until, bool resume) {
    CheckpointOptions checkpoint;
    checkpoint.every = 70;
    TrainerHooks hooks;
    hooks.validate = [this](std::int64_t) { return validation(); };
    Trainer trainer(group_, *step_, *planner_, model_.parameters, paths_, checkpoint, {.every = looks_ ? 50 : 0},
                    clock_, hooks);
    std::vector<std::string> damaged;
    if (resume) {
      EXPECT_TRUE(trainer.resume({{"config", "tiny"}}, damaged));
    }
    const TrainingSummary summary = trainer.run({{"config", "tiny"}}, until);
    EXPECT_EQ(summary.steps_done, until);
    EXPECT_LE(step_->peak_gradient_buffers(), step_->gradient_buffer_bound());
    if (cache_ != nullptr) check_cache();
    return outcome();
  }

 private:
  /// The large cache is filled with all items and leaves a file that a resumed run finds.
  void make_prefix(const RunCase& run, const std::filesystem::path& folder) {
    PrefixCacheOptions options;
    const std::size_t row_bytes = prefix_row_bytes(*model_.encoder, run.precision);
    if (run.prefix == Prefix::on) options.folder = (folder / "prefix").string();
    options.megabytes = run.prefix == Prefix::on ? 64 : 1;
    cache_ = std::make_unique<PrefixCache>("tiny", row_bytes, options);
    prefix_ = std::make_unique<FrozenPrefix>(*model_.encoder, model_.parameters, 1, *cache_);
    if (run.prefix == Prefix::small) return;
    std::vector<Tokens> items;
    for (std::uint32_t i = 0; i < taste_.item_count; ++i) items.push_back(taste_.texts.item(ItemId(i)));
    prefix_->fill(group_, pool_, items);
  }

  void check_cache() {
    const PrefixCacheUse use = cache_->use();
    EXPECT_GT(use.found, 100u);
    EXPECT_GT(use.computed, 100u);
    if (cache_->limit_bytes() > 1000000) {
      EXPECT_GT(use.file_bytes, 0u);
    } else if (group_.size() == 1 && step_options_.schedule.steps == k_steps) {
      EXPECT_GT(use.evicted, 10u) << "the cache had room for everything";
    }
  }

  Validation validation() {
    const BulkEncoder encoder(group_, pool_, *model_.encoder, model_.parameters, 64);
    std::vector<Tokens> texts;
    for (std::uint32_t i = 0; i < taste_.item_count; ++i) texts.push_back(taste_.texts.item(ItemId(i)));
    const EncodedTexts encoded = encoder.encode(texts, "validation");
    double sum = 0;
    for (const float value : encoded.vectors.span()) sum += value;
    return {sum, {}};
  }

  Outcome outcome() {
    Outcome result;
    for (const ParameterIndex index : model_.parameters.trainable()) {
      const at::Tensor& value = model_.parameters.value(index);
      const auto* data = value.data_ptr<float>();
      result.parameters.emplace_back(model_.parameters.info(index).name,
                                     std::vector<float>(data, data + value.numel()));
    }
    const auto first = step_->optimizer().first_moment(), second = step_->optimizer().second_moment();
    result.moments.assign(first.begin(), first.end());
    result.moments.insert(result.moments.end(), second.begin(), second.end());
    result.metrics = read_metrics(paths_.metrics_log);
    for (const MetricsRecord& record : result.metrics) {
      for (const auto& [key, value] : record.values) result.clipped_steps += key == "clip" && value < 1 ? 1 : 0;
    }
    return result;
  }

  const Group& group_;
  bool looks_;
  testing::TinyModel model_;
  testing::TinyTaste taste_;
  LanePool pool_;
  PairSampler sampler_;
  std::unique_ptr<Options> objective_options_;
  std::unique_ptr<Objective> objective_;
  BatchOptions batch_;
  StepOptions step_options_;
  std::unique_ptr<StepPlanner> planner_;
  std::unique_ptr<PrefixCache> cache_;
  std::unique_ptr<FrozenPrefix> prefix_;
  std::unique_ptr<TrainStep> step_;
  TrainerPaths paths_;
  SystemClock clock_;
};

/// What rank 0 ends with, after every rank was compared with it by the digest in the step itself.
Outcome train(const RunShape& shape, std::int64_t until, const std::filesystem::path& folder, bool resume = false) {
  Outcome root;
  run_virtual_ranks(shape.ranks, [&](const Group& group) {
    Run run(group, shape, folder);
    Outcome mine = run.train(until, resume);
    if (group.is_root()) root = std::move(mine);
  });
  return root;
}

bool equal_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void expect_same_bits(const Outcome& expected, const Outcome& got, const std::string& what) {
  ASSERT_EQ(expected.parameters.size(), got.parameters.size());
  for (std::size_t i = 0; i < expected.parameters.size(); ++i) {
    EXPECT_TRUE(equal_bits(expected.parameters[i].second, got.parameters[i].second))
        << "bits differ: parameter " << expected.parameters[i].first << " (" << what << ")";
  }
  EXPECT_TRUE(equal_bits(expected.moments, got.moments)) << "bits differ: optimizer state (" << what << ")";
  ASSERT_EQ(expected.metrics.size(), got.metrics.size()) << what;
  for (std::size_t r = 0; r < expected.metrics.size(); ++r) {
    ASSERT_EQ(expected.metrics[r].values.size(), got.metrics[r].values.size());
    for (std::size_t v = 0; v < expected.metrics[r].values.size(); ++v) {
      const auto& [key, value] = expected.metrics[r].values[v];
      if (key.starts_with("time.")) continue;
      EXPECT_EQ(value, got.metrics[r].values[v].second)
          << "bits differ: metric " << key << " of step " << expected.metrics[r].step << " (" << what << ")";
    }
  }
}

class SameBitsTest : public ::testing::TestWithParam<RunCase> {
 protected:
  testing::TemporaryFolder folder_;
};

TEST_P(SameBitsTest, on_any_ranks_and_threads) {
  const Outcome expected = train({GetParam(), 1, 1}, k_steps, folder_ / "1x1");
  EXPECT_GT(expected.clipped_steps, 10) << "clipping is not active: the test would not see a wrong norm";
  const std::vector<RunShape> shapes = {{GetParam(), 1, 2},
                                        {GetParam(), 2, 1},
                                        {GetParam(), 3, 1},
                                        {GetParam(), 4, 1},
                                        {GetParam(), 3, 1, 0},
                                        {GetParam(), 4, 1, 0},
                                        {GetParam(), 2, 1, 1024, "recompute"}};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const RunShape& shape = shapes[i];
    const std::string what = std::to_string(shape.ranks) + " ranks x " + std::to_string(shape.threads) + " threads, " +
                             (shape.replicate_below > 0 ? "replicated" : "blocked") + " loss, " + shape.activations;
    expect_same_bits(expected, train(shape, k_steps, folder_ / std::to_string(i)), what);
  }
}

TEST_P(SameBitsTest, after_a_resume_on_other_ranks) {
  const Outcome expected = train({GetParam(), 1, 1}, k_steps, folder_ / "whole");
  train({GetParam(), 3, 1}, 140, folder_ / "parts");
  // The log knows more steps than the newest checkpoint when a process was killed in between: 140 is one, 150 is not.
  std::filesystem::remove_all(folder_ / "parts/checkpoints/step-140");
  expect_same_bits(expected, train({GetParam(), 2, 1}, k_steps, folder_ / "parts", /*resume=*/true),
                   "resumed on 2 ranks");
}

double largest_relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(double{a[i]} - double{b[i]}));
    size = std::max(size, std::abs(double{a[i]}));
  }
  return difference / size;
}

TEST(PrefixCacheRunTest, ends_where_a_run_without_the_cache_ends) {
  const testing::TemporaryFolder folder;
  for (const std::string strategy : {"full", "lora"}) {
    const RunCase off{strategy, BatchKind::many, Precision::fp32, Prefix::off};
    const RunCase on{strategy, BatchKind::many, Precision::fp32, Prefix::on};
    const Outcome without = train({off}, k_steps, folder / (strategy + "-off"));
    const Outcome with = train({on, 2}, k_steps, folder / (strategy + "-on"));
    ASSERT_EQ(without.parameters.size(), with.parameters.size());
    for (std::size_t i = 0; i < with.parameters.size(); ++i) {
      EXPECT_LT(largest_relative_difference(without.parameters[i].second, with.parameters[i].second), 1e-6)
          << with.parameters[i].first;
    }
  }
}

TEST(PrefixCacheRunTest, room_changes_no_bit) {
  const testing::TemporaryFolder folder;
  const RunCase small{"full", BatchKind::many, Precision::bf16, Prefix::small};
  const RunCase on{"full", BatchKind::many, Precision::bf16, Prefix::on};
  expect_same_bits(train({small, 2}, k_steps, folder / "small"), train({on}, k_steps, folder / "on"), "large cache");
}

TEST_P(SameBitsTest, the_runs_have_what_makes_the_test_hard) {
  const testing::TinyTaste taste;
  const PairSampler sampler(taste.sampled, {0, 0, 1, 3, 5}, 11);
  const StepPlanner planner = taste.planner(sampler, batch_of(GetParam().kind), CandidateRule::distinct_items);
  bool empty_lane = false, shared_text = false, several_micro_batches = false;
  std::uint64_t epochs = 0;
  for (std::int64_t step = 0; step < k_steps; ++step) {
    const StepPlan plan = planner.plan(step);
    epochs = std::max(epochs, plan.epoch);
    shared_text =
        shared_text || plan.texts.texts.size() < plan.loss.anchor_rows.size() + plan.loss.candidate_rows.size();
    for (const LanePlan& lane : plan.texts.lanes) {
      empty_lane = empty_lane || lane.texts.begin == lane.texts.end;
      several_micro_batches = several_micro_batches || lane.micro_batches.size() > 1;
    }
  }
  EXPECT_EQ(shared_text, GetParam().kind == BatchKind::many);
  EXPECT_EQ(several_micro_batches, GetParam().kind == BatchKind::many);
  EXPECT_EQ(empty_lane, GetParam().kind == BatchKind::few);
  EXPECT_GE(epochs, GetParam().kind == BatchKind::many ? 30u : 8u);
}

std::string case_name(const ::testing::TestParamInfo<RunCase>& test) {
  return test.param.strategy + (test.param.kind == BatchKind::many ? "_many" : "_few") +
         (test.param.family == FamilyKind::mpnet ? "_mpnet" : "") +
         (test.param.precision == Precision::bf16 ? "_bf16" : "") +
         (test.param.prefix == Prefix::on      ? "_prefix"
          : test.param.prefix == Prefix::small ? "_small_prefix"
                                               : "");
}

INSTANTIATE_TEST_SUITE_P(
    Runs, SameBitsTest,
    ::testing::Values(RunCase{"full", BatchKind::many}, RunCase{"lora", BatchKind::many},
                      RunCase{"full", BatchKind::few}, RunCase{"lora", BatchKind::few},
                      RunCase{"full", BatchKind::many, Precision::bf16},
                      RunCase{"lora", BatchKind::many, Precision::bf16},
                      RunCase{"full", BatchKind::many, Precision::fp32, Prefix::on},
                      RunCase{"lora", BatchKind::many, Precision::fp32, Prefix::small},
                      RunCase{"lora", BatchKind::many, Precision::bf16, Prefix::on},
                      RunCase{"full", BatchKind::many, Precision::fp32, Prefix::none, FamilyKind::mpnet},
                      RunCase{"lora", BatchKind::many, Precision::fp32, Prefix::none, FamilyKind::mpnet},
                      RunCase{"full", BatchKind::many, Precision::bf16, Prefix::none, FamilyKind::mpnet},
                      RunCase{"houlsby", BatchKind::many}, RunCase{"parallel", BatchKind::many}),
    case_name);

/// Every way of changing linear maps, in fewer steps.
class FormBitsTest : public ::testing::TestWithParam<test::StrategyForm> {
 protected:
  testing::TemporaryFolder folder_;
};

TEST_P(FormBitsTest, on_any_ranks_and_threads_and_after_a_resume) {
  constexpr std::int64_t steps = 90, killed_after = 75;
  const auto shape = [](int ranks, int threads, std::int64_t replicate_below, const char* activations) {
    return RunShape{{GetParam().name, BatchKind::many}, ranks, threads, replicate_below, activations, /*looks=*/false};
  };
  const Outcome expected = train(shape(1, 1, 1024, "keep"), steps, folder_ / "1x1");
  const std::vector<RunShape> shapes = {shape(2, 2, 1024, "keep"), shape(3, 1, 0, "keep"),
                                        shape(4, 1, 1024, "recompute")};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    expect_same_bits(expected, train(shapes[i], steps, folder_ / std::to_string(i)),
                     std::to_string(shapes[i].ranks) + " ranks");
  }
  train(shape(3, 1, 1024, "keep"), killed_after, folder_ / "parts");
  std::filesystem::remove_all(folder_ / "parts/checkpoints/step-75");  // which a killed run does not write
  expect_same_bits(expected, train(shape(2, 1, 1024, "keep"), steps, folder_ / "parts", /*resume=*/true),
                   "resumed on 2 ranks");
}

/// Strategies whose code is of their own, where the encoder differs or multiplies in bf16.
class FamilyBitsTest : public ::testing::TestWithParam<RunCase> {
 protected:
  testing::TemporaryFolder folder_;
};

TEST_P(FamilyBitsTest, on_other_ranks_recomputed_and_after_a_resume) {
  constexpr std::int64_t steps = 40, killed_after = 30;
  const auto shape = [](int ranks, int threads, std::int64_t replicate_below, const char* activations) {
    return RunShape{GetParam(), ranks, threads, replicate_below, activations, /*looks=*/false};
  };
  const Outcome expected = train(shape(1, 1, 1024, "keep"), steps, folder_ / "1x1");
  expect_same_bits(expected, train(shape(4, 1, 0, "recompute"), steps, folder_ / "4x1"), "4 ranks");
  train(shape(3, 1, 1024, "keep"), killed_after, folder_ / "parts");
  expect_same_bits(expected, train(shape(1, 2, 1024, "keep"), steps, folder_ / "parts", /*resume=*/true),
                   "3 ranks, resumed on 2 threads");
}

RunCase family_case(const char* strategy, FamilyKind family, Precision precision) {
  return {strategy, BatchKind::many, precision, Prefix::none, family};
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyBitsTest,
                         ::testing::Values(family_case("houlsby", FamilyKind::mpnet, Precision::fp32),
                                           family_case("parallel", FamilyKind::mpnet, Precision::fp32),
                                           family_case("compacter", FamilyKind::mpnet, Precision::fp32),
                                           family_case("bitfit", FamilyKind::mpnet, Precision::fp32),
                                           family_case("adalora", FamilyKind::mpnet, Precision::fp32),
                                           family_case("p_tuning_v2", FamilyKind::mpnet, Precision::fp32),
                                           family_case("prompt", FamilyKind::mpnet, Precision::fp32),
                                           family_case("parallel_and_prefix", FamilyKind::mpnet, Precision::fp32),
                                           family_case("dora", FamilyKind::bert, Precision::bf16),
                                           family_case("houlsby", FamilyKind::bert, Precision::bf16),
                                           family_case("p_tuning_v2", FamilyKind::bert, Precision::bf16),
                                           family_case("prompt", FamilyKind::mpnet, Precision::bf16)),
                         case_name);

class StagedBitsTest : public ::testing::TestWithParam<const char*> {
 protected:
  testing::TemporaryFolder folder_;
};

TEST_P(StagedBitsTest, layers_that_begin_later_have_the_same_bits_on_any_ranks_and_after_a_resume) {
  const auto shape = [](int ranks, int threads) {
    return RunShape{{GetParam(), BatchKind::many}, ranks, threads, 1024, "keep", /*looks=*/false, /*staged=*/true};
  };
  const Outcome expected = train(shape(1, 1), 60, folder_ / "1x1");
  for (const int ranks : {2, 3, 4}) {
    expect_same_bits(expected, train(shape(ranks, 5 - ranks), 60, folder_ / std::to_string(ranks)),
                     std::to_string(ranks) + " ranks");
  }
  // From a checkpoint at step 15, before the second layer begins.
  train(shape(3, 1), 15, folder_ / "parts");
  expect_same_bits(expected, train(shape(2, 1), 60, folder_ / "parts", /*resume=*/true), "resumed on 2 ranks");
}

INSTANTIATE_TEST_SUITE_P(Staged, StagedBitsTest, ::testing::Values("full", "bitfit_and_houlsby_and_lora"));

class PerturbedBitsTest : public ::testing::TestWithParam<const char*> {
 protected:
  testing::TemporaryFolder folder_;
};

TEST_P(PerturbedBitsTest, perturbed_words_have_the_same_bits_on_any_ranks_and_after_a_resume) {
  constexpr std::int64_t steps = 40, stopped_after = 25;
  const auto shape = [](int ranks, int threads) {
    return RunShape{{GetParam(), BatchKind::many},
                    ranks,
                    threads,
                    1024,
                    "keep",
                    /*looks=*/false,
                    /*staged=*/false,
                    /*perturbed=*/true};
  };
  const Outcome expected = train(shape(1, 1), steps, folder_ / "1x1");
  for (const int ranks : {2, 3, 4}) {
    expect_same_bits(expected, train(shape(ranks, 5 - ranks), steps, folder_ / std::to_string(ranks)),
                     std::to_string(ranks) + " ranks");
  }
  train(shape(3, 1), stopped_after, folder_ / "parts");
  expect_same_bits(expected, train(shape(2, 1), steps, folder_ / "parts", /*resume=*/true), "resumed on 2 ranks");
}

INSTANTIATE_TEST_SUITE_P(Perturbed, PerturbedBitsTest, ::testing::Values("full", "lora"));

INSTANTIATE_TEST_SUITE_P(Forms, FormBitsTest, ::testing::ValuesIn(forms()), test::FormName());

}  // namespace
}  // namespace coldframe
