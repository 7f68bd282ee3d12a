#include "framework/training/continual_options.h"

#include <algorithm>

namespace coldframe {
namespace {

void describe_stream(ContinualOptions& o, OptionVisitor& v) {
  v.visit({.name = "method",
           .doc = "how tasks are learned one after the other; none: an ordinary run without tasks",
           .choices = {"none", "naive", "joint", "frozen", "replay", "der", "ewc", "online_ewc", "si", "lwf", "agem",
                       "adapters", "averaging"}},
          o.method);
  v.visit({.name = "stream",
           .doc = "what tasks are: users by arrival in equal numbers, or in equal spans of time (calendar), or by the "
                  "period of a simulated log; segments by an attribute of users or of items",
           .choices = {"arrivals", "calendar", "periods", "users", "items"}},
          o.stream.kind);
  v.visit({.name = "tasks",
           .doc = "number of tasks; 0 = one for every value of the attribute, or period of the log",
           .unit = "tasks",
           .minimum = 0,
           .maximum = 1000},
          o.stream.tasks);
  v.visit({.name = "attribute", .doc = "of users or items, where the stream is made of segments"}, o.stream.attribute);
  v.visit({.name = "order", .doc = "values that are tasks, in this order; empty: the most frequent first"},
          o.stream.order);
  v.visit({.name = "minimum_users",
           .doc = "every task has at least so many users to train on, and to be tested",
           .unit = "users",
           .minimum = 1},
          o.stream.minimum_users);
  v.visit({.name = "tested",
           .doc = "role of the people on whom every task is tested: H, or V while choosing settings",
           .choices = {"held_out", "validate"}},
          o.tested);
  v.visit({.name = "metric", .doc = "what stands in the matrix of tasks"}, o.metric);
  v.visit({.name = "shots",
           .doc = "likes that are shown of the tested people",
           .unit = "items",
           .minimum = 0,
           .maximum = 1000},
          o.shots);
  v.visit(
      {.name = "delay",
       .doc = "tasks that go by before what people of a task liked is known: people of task j are tested before they "
              "were trained on by the model after task j - 1 - delay",
       .unit = "tasks",
       .minimum = 0,
       .maximum = 1000},
      o.delay);
  v.visit(
      {.name = "prior_weight",
       .doc = "measures everything a second time with so much log popularity of the tasks so far beside the trained "
              "score (1 where the loss has an item prior); 0: the cosine alone",
       .minimum = 0},
      o.prior_weight);
  v.visit({.name = "keep_tasks",
           .doc = "keeps what was trained after every task (tasks/after-N of the run folder), for `coldframe stream`"},
          o.keep_tasks);
  v.visit({.name = "fading",
           .doc = "weight of a period over that of the next one in the faded prequential average; 1 = the mean",
           .minimum = 0,
           .maximum = 1,
           .minimum_exclusive = true,
           .effect = Effect::operation},
          o.fading);
}

void describe_memory(ContinualOptions& o, OptionVisitor& v) {
  v.visit({.name = "memory",
           .doc = "pairs kept of all pairs seen (replay, der, agem)",
           .unit = "pairs",
           .minimum = 1,
           .maximum = 1 << 24},
          o.memory);
  v.visit({.name = "memory_rule",
           .doc = "which pairs are kept: a uniform sample of all, or as many of every task (balanced)",
           .choices = {"uniform", "balanced"}},
          o.memory_rule);
  v.visit({.name = "replay_pairs",
           .doc = "pairs of earlier tasks in every step (replay, der, agem)",
           .unit = "pairs",
           .minimum = 1,
           .maximum = 1 << 20},
          o.replay_pairs);
  v.visit(
      {.name = "replay_weight", .doc = "der: weight of the loss of replayed pairs; 0 = rows alone (DER)", .minimum = 0},
      o.replay_weight);
  v.visit(
      {.name = "row_weight", .doc = "der: weight of the squared distance to remembered similarity rows", .minimum = 0},
      o.row_weight);
  v.visit({.name = "probe_items",
           .doc = "der: items against which similarity rows are remembered, drawn once",
           .unit = "items",
           .minimum = 1,
           .maximum = 1 << 20},
          o.probe_items);
}

void describe_penalties(ContinualOptions& o, OptionVisitor& v) {
  v.visit({.name = "penalty",
           .doc = "lambda of the penalty lambda / 2 sum importance (p - p*)^2 (ewc, online_ewc, si)",
           .minimum = 0},
          o.penalty);
  v.visit({.name = "importance_decay",
           .doc = "online_ewc: what is left of earlier importance after each task",
           .minimum = 0,
           .maximum = 1},
          o.importance_decay);
  v.visit({.name = "fisher_examples",
           .doc = "pairs of a task from which the Fisher information is estimated (ewc, online_ewc)",
           .unit = "pairs",
           .minimum = 1},
          o.fisher_examples);
  v.visit({.name = "fisher_items",
           .doc = "items drawn beside the liked one for each of them (ewc, online_ewc)",
           .unit = "items",
           .minimum = 1,
           .maximum = 1 << 20},
          o.fisher_items);
  v.visit({.name = "damping",
           .doc = "si: added to the squared way of a parameter",
           .minimum = 0,
           .minimum_exclusive = true},
          o.damping);
  v.visit({.name = "distillation",
           .doc = "lwf: weight of the divergence from similarity rows of the last task's encoder",
           .minimum = 0},
          o.distillation);
  v.visit({.name = "temperature",
           .doc = "lwf: of both softmaxes of the divergence",
           .minimum = 0,
           .minimum_exclusive = true},
          o.temperature);
  v.visit({.name = "average_weight",
           .doc = "averaging: share of a task's weights when they are averaged with those from before; 0 = 1 / number "
                  "of the task",
           .minimum = 0,
           .maximum = 1},
          o.average_weight);
}

}  // namespace

void ContinualOptions::describe(OptionVisitor& visitor) {
  describe_stream(*this, visitor);
  describe_memory(*this, visitor);
  describe_penalties(*this, visitor);
}

std::vector<Problem> ContinualOptions::validate() const {
  std::vector<Problem> problems;
  if (memory_keeps() != MemoryRule::uniform && !replays()) {
    problems.push_back({"memory_rule",
                        "(no pairs come back) set continual.method = replay, der or agem, or leave it out",
                        /*idle=*/true});
  }
  if (!active()) {
    if (keep_tasks)
      problems.push_back({"keep_tasks", "(there are no tasks) set continual.method, or leave it out", true});
    return problems;
  }
  const bool segments = stream.kind == "users" || stream.kind == "items";
  if (segments && stream.attribute.empty()) {
    problems.push_back({"attribute", "(is missing) name the attribute whose values are the tasks"});
  }
  if (!segments && (!stream.attribute.empty() || !stream.order.empty())) {
    problems.push_back({"attribute", "(periods have none) set continual.stream = users or items"});
  }
  const bool every_period = stream.kind == "periods" && stream.tasks == 0;
  if (!every_period && stream.tasks > 1 && delay > stream.tasks - 2) {
    problems.push_back(
        {"delay", "(nobody would be tested by a model that has learned something) lower it, or set more tasks"});
  }
  if (delay > 0 && stream.kind == "items") {
    problems.push_back({"delay", "(tasks made of items share people, so none are new) set it to 0"});
  }
  if (!segments && !every_period && stream.tasks < 2)
    problems.push_back({"tasks", "(a log is cut into at least 2 periods) try 5"});
  if (replays() && replay_pairs > memory) {
    problems.push_back({"replay_pairs", "(more than continual.memory holds) lower it"});
  }
  return problems;
}

}  // namespace coldframe
