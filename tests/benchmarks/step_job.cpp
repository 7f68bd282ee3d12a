// A whole training job on pairs from a file: plan, step, update, as `coldframe train` does it, without files to write.
//
//   step_job --pairs pairs.tsv --strategy lora --batch 32 --threads 2 --steps 10
//   COLDFRAME=build/release/benchmarks/step_job cluster/mpirun/run.sh 2 --pairs pairs.tsv --batch 64 --threads 1
//
// The objective is `mnrl`, the one that sentence-transformers has too. Prints one line; --json writes every step.
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "framework/comm/launch.h"
#include "framework/core/command_line.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/full_strategy.h"
#include "framework/model/lora_strategy.h"
#include "framework/model/strategy.h"
#include "framework/training/frozen_prefix.h"
#include "framework/training/mnrl_objective.h"
#include "framework/training/train_step.h"
#include "tests/benchmarks/pair_file.h"
#include "tests/benchmarks/process_facts.h"

namespace coldframe::bench {
namespace {

struct StepJobOptions final : Options {
  JobEncoderOptions encoder;
  std::string pairs, gemm, json;
  std::string strategy = "lora";  // with the defaults of its kind; LoRA: rank 8 on query and value
  std::int64_t batch = 32, lanes = 4, tokens = 4096, threads = 1, steps = 10, warmup = 2, seed = 1;
  std::int64_t lowest_layer = 0, prefix_megabytes = 0;
  std::string activations = "keep";
  double learning_rate = 5e-5;

  void describe(OptionVisitor& visitor) override {
    encoder.describe(visitor);
    visitor.visit({.name = "pairs", .doc = "file with two texts per line, a tab between them"}, pairs);
    visitor.visit({.name = "gemm", .doc = "what gemm_limit wrote: prints the share of it that is reached"}, gemm);
    visitor.visit({.name = "json", .doc = "file for the results"}, json);
    visitor.visit({.name = "strategy", .doc = "what is trained", .choices = {"full", "lora"}}, strategy);
    visitor.visit({.name = "batch", .doc = "over all ranks", .unit = "pairs", .minimum = 1}, batch);
    visitor.visit({.name = "lanes", .doc = "units of reduction, a power of two", .minimum = 1}, lanes);
    visitor.visit({.name = "tokens", .doc = "largest micro-batch", .unit = "tokens", .minimum = 1}, tokens);
    visitor.visit({.name = "threads", .doc = "of each rank", .minimum = 1}, threads);
    visitor.visit({.name = "steps", .doc = "that are timed", .unit = "steps", .minimum = 1}, steps);
    visitor.visit({.name = "warmup", .doc = "steps before them", .unit = "steps", .minimum = 0}, warmup);
    visitor.visit({.name = "seed", .doc = "of initial values and dropout"}, seed);
    visitor.visit(
        {.name = "lowest_layer",
         .doc = "only this layer and those above are trained (0: all that the strategy trains); no dropout below",
         .minimum = 0},
        lowest_layer);
    visitor.visit({.name = "prefix_megabytes", .doc = "keep what the layers below leave, 0 = no", .minimum = 0},
                  prefix_megabytes);
    visitor.visit({.name = "activations", .doc = "of forward", .choices = {"keep", "recompute"}}, activations);
    visitor.visit({.name = "learning_rate", .doc = "constant", .minimum = 0}, learning_rate);
  }
};

StepOptions step_options(const StepJobOptions& job) {
  StepOptions options;
  options.seed = static_cast<std::uint64_t>(job.seed);
  options.lanes = job.lanes;
  options.activations = job.activations == "keep" ? Activations::keep : Activations::recompute;
  options.dropout_below_trainable = job.lowest_layer == 0;
  options.optimizer.learning_rate = job.learning_rate;
  options.schedule.steps = job.steps + job.warmup;
  options.schedule.warmup = 0;
  options.schedule.shape = "constant";
  return options;
}

/// What the strategy trains by default, in the upper layers alone.
void keep_to_upper_layers(Options& strategy, std::int64_t lowest, std::int64_t layers) {
  auto* lora = dynamic_cast<LoraOptions*>(&strategy);
  auto* full = dynamic_cast<FullOptions*>(&strategy);
  if (lora != nullptr) lora->targets.clear();
  if (full != nullptr) full->parameters.clear();
  for (std::int64_t layer = lowest; layer < layers; ++layer) {
    for (const char* map : {"query", "value"}) {
      if (lora != nullptr) lora->targets.push_back(fmt::format("layer.{}.attention.{}", layer, map));
    }
    if (full != nullptr) full->parameters.push_back(fmt::format("encoder.layer.{}.*", layer));
  }
}

/// The strategy with its defaults, attached; the names stay those of the registry.
void attach_strategy(const StepJobOptions& job, JobEncoder& encoder) {
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  const StrategyEntry& entry = registry.require(job.strategy);
  const std::unique_ptr<Options> options = entry.make_options();
  if (job.lowest_layer > 0) keep_to_upper_layers(*options, job.lowest_layer, encoder.encoder->layers());
  entry.make(*options)->attach(*encoder.encoder, encoder.parameters, {static_cast<std::uint64_t>(job.seed), {}});
}

std::vector<std::int64_t> peak_memory_of_ranks(const Group& group) {
  std::vector<std::int64_t> peaks;
  for (const std::string& text : all_gather_text(group, std::to_string(peak_memory_bytes()))) {
    peaks.push_back(std::stoll(text));
  }
  return peaks;
}

/// Tokens of all texts of the pairs, repeats counted as often as they occur; a plan's own count has distinct texts.
std::int64_t tokens_with_repeats(const StepPlan& plan) {
  std::size_t tokens = 0;
  for (const std::size_t row : plan.loss.anchor_rows) tokens += plan.texts.texts[row].tokens->size();
  for (const std::size_t row : plan.loss.candidate_rows) tokens += plan.texts.texts[row].tokens->size();
  return static_cast<std::int64_t>(tokens);
}

/// Runs all steps; the time of a step includes its plan and its tokenisation.
nlohmann::json run_steps(const StepJobOptions& job, const FilePlanner& planner, TrainStep& step) {
  nlohmann::json steps = nlohmann::json::array();
  for (std::int64_t s = 0; s < job.warmup + job.steps; ++s) {
    const double started = monotonic_seconds();
    const StepPlan plan = planner.plan(s);
    const StepReport report = step.run(plan, false);
    steps.push_back({{"seconds", monotonic_seconds() - started},
                     {"loss", report.loss},
                     {"texts", report.texts},
                     {"tokens", report.tokens},
                     {"tokens_with_repeats", tokens_with_repeats(plan)}});
  }
  return steps;
}

void print_summary(const nlohmann::json& result, const std::string& gemm) {
  double seconds = 0, tokens = 0;
  const auto warmup = result.at("warmup").get<std::size_t>();
  for (std::size_t s = warmup; s < result.at("steps").size(); ++s) {
    seconds += result.at("steps")[s].at("seconds").get<double>();
    tokens += result.at("steps")[s].at("tokens").get<double>();
  }
  const double pairs = static_cast<double>(result.at("steps").size() - warmup) * result.at("batch").get<double>();
  const double speed = 1e-9 * tokens * result.at("flop_per_token").get<double>() / seconds;
  const auto precision = result.at("precision").get<std::string>();
  fmt::print("{:5}{} batch {:4} ranks {} threads {} lanes {}: {:7.1f} pairs/s {:8.0f} tokens/s {:7.1f} GFLOP/s",
             result.at("strategy").get<std::string>(), precision, result.at("batch").get<int>(),
             result.at("ranks").get<int>(), result.at("threads").get<int>(), result.at("lanes").get<int>(),
             pairs / seconds, tokens / seconds, speed);
  if (gemm.empty()) return fmt::print("\n");
  const double cores = result.at("ranks").get<double>() * result.at("threads").get<double>();
  const double limit = cores * read_json(gemm).at(precision).at("one_core").get<double>();
  fmt::print(", {:.0f} % of the limit of {} x at::linear\n", 100 * speed / limit, cores);
}

void run(const StepJobOptions& job, const Group& group) {
  JobEncoder encoder(job.encoder);
  attach_strategy(job, encoder);
  const MnrlObjective objective{MnrlOptions()};
  LanePool pool(static_cast<int>(job.threads));
  std::unique_ptr<PrefixCache> cache;
  std::unique_ptr<FrozenPrefix> prefix;
  if (job.prefix_megabytes > 0) {
    PrefixCacheOptions options;
    options.megabytes = job.prefix_megabytes;
    cache = std::make_unique<PrefixCache>("job", prefix_row_bytes(*encoder.encoder, encoder.parameters.precision()),
                                          options);
    prefix = std::make_unique<FrozenPrefix>(*encoder.encoder, encoder.parameters, job.lowest_layer, *cache);
  }
  TrainStep step(group, pool, *encoder.encoder, encoder.parameters, objective, step_options(job), prefix.get());
  const FilePlanner planner(read_pairs(job.pairs), encoder, static_cast<std::size_t>(job.batch), job.lanes, job.tokens);
  nlohmann::json result{{"strategy", job.strategy},
                        {"precision", job.encoder.precision},
                        {"batch", job.batch},
                        {"ranks", group.size()},
                        {"threads", job.threads},
                        {"lanes", job.lanes},
                        {"dropout", job.encoder.dropout},
                        {"warmup", job.warmup},
                        {"trainable", encoder.parameters.trainable_count()},
                        {"dense", FlatLayout(encoder.parameters).dense_size()},
                        {"flop_per_token", (job.strategy == "full" ? 6 : 4) * encoder.linear_weights()},
                        {"start_seconds", seconds_since_process_start()},
                        {"first_step_at", monotonic_seconds()}};
  result["steps"] = run_steps(job, planner, step);
  if (cache) {
    const PrefixCacheUse use = cache->use();
    result["prefix"] = {
        {"texts", use.texts}, {"bytes", use.memory_bytes}, {"found", use.found}, {"computed", use.computed}};
  }
  result["peak_memory_bytes"] = peak_memory_of_ranks(group);
  if (!group.is_root()) return;
  print_summary(result, job.gemm);
  if (!job.json.empty()) write_json(job.json, result);
}

}  // namespace
}  // namespace coldframe::bench

int main(int argument_count, char** arguments) {
  using namespace coldframe;
  Launch launch;
  try {
    const std::vector<std::string> words(arguments + 1, arguments + argument_count);
    bench::StepJobOptions options;
    if (parse_command_line(words, options, ConfigUse::none).help) {
      if (launch.group().is_root()) std::cout << options_help(options);
      return launch.finish(ExitCode::done);
    }
    bench::run(options, launch.group());
    return launch.finish(ExitCode::done);
  } catch (const Error& error) {
    return launch.fail(error.exit_code(), error.what());
  }
}
