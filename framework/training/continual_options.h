#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/data/reservoir.h"
#include "framework/data/task_stream.h"

namespace coldframe {

/// `[continual]`: a stream of tasks that are trained one after the other, and how what was learned is kept.
struct ContinualOptions final : Options {
  std::string method = "none";  // none: an ordinary run
  TaskStreamOptions stream;     // keys stream, tasks, attribute, order, minimum_users
  std::string tested = "held_out";
  std::string metric = "ndcg@10";
  std::int64_t shots = 0;
  double fading = 0.9;
  std::int64_t delay = 0;
  double prior_weight = 0.0;
  bool keep_tasks = false;  // what was trained after every task is kept

  std::int64_t memory = 200;
  std::string memory_rule = "uniform";
  std::int64_t replay_pairs = 16;
  double replay_weight = 0.5;
  double row_weight = 0.1;
  std::int64_t probe_items = 32;

  double penalty = 1000.0;
  double importance_decay = 0.9;
  std::int64_t fisher_examples = 64;
  std::int64_t fisher_items = 31;
  double damping = 1e-3;

  double distillation = 1.0;
  double temperature = 2.0;
  double average_weight = 0.0;

  bool active() const { return method != "none"; }
  bool trains() const { return active() && method != "frozen"; }
  /// Whether pairs of earlier tasks come back, in the batch or beside it.
  bool replays() const { return method == "replay" || method == "der" || method == "agem"; }
  MemoryRule memory_keeps() const { return memory_rule == "balanced" ? MemoryRule::balanced : MemoryRule::uniform; }
  Role tested_role() const { return tested == "validate" ? Role::validate : Role::held_out; }

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

}  // namespace coldframe
