#include "framework/evaluation/options.h"

#include <fmt/format.h>

#include <set>

#include "framework/core/error.h"

namespace coldframe {
namespace {

void describe_table(EvaluationOptions& o, OptionVisitor& v) {
  v.visit({.name = "shots",
           .doc = "numbers of likes a newcomer has shown (k of the k-shot curve)",
           .unit = "likes",
           .effect = Effect::operation},
          o.shots);
  v.visit({.name = "masked",
           .doc = "first likes that are never ranked and never targets, whatever k is",
           .unit = "likes",
           .minimum = 0},
          o.masked);
  v.visit({.name = "user_vector",
           .doc = "how shown likes and clicks enter a user vector: encoded with the profile as one text, or as an average "
                  "of vectors (evaluate and simulate)",
           .choices = {"reencode", "recompose"},
           .effect = Effect::operation},
          o.user_vector);
  v.visit({.name = "metrics",
           .doc = "name@K each: hits, recall, recall_capped, hr, precision, mrr, map, map_k, ndcg",
           .effect = Effect::operation},
          o.metrics);
  v.visit({.name = "coverage_at",
           .doc = "length of the lists whose coverage is counted",
           .unit = "items",
           .minimum = 1,
           .effect = Effect::operation},
          o.coverage_at);
  v.visit({.name = "groups",
           .doc = "groups of newcomers that `compare` shows: gender, age:25:45 (bounds), gender*age:30; empty: attributes "
                  "of a few values, and thirds of numbers",
           .effect = Effect::operation},
          o.groups);
  v.visit({.name = "tie_seed", .doc = "seed of the hash that orders equal scores", .minimum = 0}, o.tie_seed);
  v.visit({.name = "batch_users",
           .doc = "newcomers scored at once (changes memory, no result)",
           .unit = "users",
           .minimum = 1,
           .effect = Effect::operation},
          o.batch_users);
}

void describe_findings(EvaluationOptions& o, OptionVisitor& v) {
  v.visit({.name = "replicates",
           .doc = "bootstrap replicates of every interval",
           .minimum = 100,
           .maximum = 1e6,
           .effect = Effect::operation},
          o.replicates);
  v.visit({.name = "bootstrap_seed", .doc = "seed of the resampling", .minimum = 0, .effect = Effect::operation},
          o.bootstrap_seed);
  v.visit({.name = "permutations",
           .doc = "sign flips of every test",
           .minimum = 99,
           .maximum = 1e7,
           .effect = Effect::operation},
          o.permutations);
  v.visit({.name = "alpha",
           .doc = "family-wise error rate; intervals have level 1 - alpha",
           .minimum = 0,
           .maximum = 0.5,
           .minimum_exclusive = true,
           .effect = Effect::operation},
          o.alpha);
  v.visit({.name = "smallest_effect",
           .doc = "smallest difference of interest: a winner must clear it, equivalents stay within it",
           .minimum = 0,
           .effect = Effect::operation},
          o.smallest_effect);
  v.visit({.name = "minimum_users",
           .doc = "below it a cell says \"too few\"",
           .unit = "users",
           .minimum = 2,
           .effect = Effect::operation},
          o.minimum_users);
  v.visit({.name = "minimum_seeds",
           .doc = "training seeds a claim about strategies needs",
           .unit = "seeds",
           .minimum = 2,
           .effect = Effect::operation},
          o.minimum_seeds);
  v.visit({.name = "minimum_worlds",
           .doc = "refitted worlds a claim about simulated strategies needs",
           .unit = "worlds",
           .minimum = 2,
           .effect = Effect::operation},
          o.minimum_worlds);
}

}  // namespace

void EvaluationOptions::describe(OptionVisitor& visitor) {
  describe_table(*this, visitor);
  describe_findings(*this, visitor);
}

std::vector<Problem> EvaluationOptions::validate() const {
  std::vector<Problem> problems;
  if (shots.empty()) problems.push_back({"shots", "(must name at least one k) try 0, 1, 3, 5, 10"});
  if (std::set<std::int64_t>(shots.begin(), shots.end()).size() != shots.size()) {
    problems.push_back({"shots", "(names a k twice) name each k once"});
  }
  for (const std::int64_t k : shots) {
    if (k < 0) problems.push_back({"shots", fmt::format("(holds {}, must be >= 0) try 0, 1, 3, 5, 10", k)});
    if (k > masked) {
      problems.push_back(
          {"shots", fmt::format("(holds {}, must not exceed evaluation.masked = {}) a like that is shown "
                                "must not be a target",
                                k, masked)});
    }
  }
  if (metrics.empty()) problems.push_back({"metrics", "(must name at least one metric) try ndcg@10"});
  for (const std::string& metric : metrics) {
    try {
      parse_metric(metric);
    } catch (const ConfigError& error) {
      problems.push_back({"metrics", fmt::format("({})", error.what())});
    }
  }
  if (!(alpha > 0.0 && alpha < 0.5)) problems.push_back({"alpha", "(must lie between 0 and 0.5) try 0.05"});
  return problems;
}

UserVector EvaluationOptions::user_vector_rule() const {
  return user_vector == "recompose" ? UserVector::recompose : UserVector::reencode;
}

NewcomerOptions EvaluationOptions::newcomers() const {
  NewcomerOptions options;
  options.shots.assign(shots.begin(), shots.end());
  options.metrics.clear();
  for (const std::string& metric : metrics) options.metrics.push_back(parse_metric(metric));
  options.coverage_at = static_cast<std::size_t>(coverage_at);
  options.batch_users = static_cast<std::size_t>(batch_users);
  return options;
}

BootstrapOptions EvaluationOptions::bootstrap() const {
  return {static_cast<std::size_t>(replicates), 1.0 - alpha, static_cast<std::uint64_t>(bootstrap_seed)};
}

VerdictRules EvaluationOptions::rules() const {
  VerdictRules rules;
  rules.alpha = alpha;
  rules.smallest_effect = smallest_effect;
  rules.minimum_users = static_cast<std::size_t>(minimum_users);
  rules.minimum_seeds = static_cast<std::size_t>(minimum_seeds);
  rules.minimum_worlds = static_cast<std::size_t>(minimum_worlds);
  rules.permutations = static_cast<std::size_t>(permutations);
  rules.bootstrap = bootstrap();
  return rules;
}

}  // namespace coldframe
