#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/reporting/run_record.h"

namespace coldframe {

/// A run with the name by which messages and the report call it (its folder).
struct NamedRun {
  std::string name;
  RunRecord record;
};

/// One k of a scorer over all users of all folds.
struct PooledShot {
  std::size_t shots = 0;
  std::vector<std::vector<std::vector<double>>> values;        // [seeds][metrics][users]
  double coverage = 0.0;                                       // of the lists of all folds together, mean over seeds
  std::vector<std::vector<std::vector<double>>> by_cell = {};  // [seeds][cells][users], as ShotRow has it

  /// Per user, mean over seeds.
  std::vector<double> over_seeds(std::size_t metric) const;
  /// The same of a cell; NaN for users without a target there.
  std::vector<double> cell_over_seeds(std::size_t cell) const;
};

/// [seeds, users] of one metric; a baseline has the same values for every seed.
std::vector<double> seed_differences(const PooledShot& first, const PooledShot& second, std::size_t metric);

/// One line of the table: a baseline (one "seed") or a variant's score (as many as there are training seeds).
struct PooledScorer {
  std::string name;     // "lora + item prior"; "frozen encoder (other)" when two variants have different ones
  std::string role;     // "strategy", "baseline", "floor"
  std::string variant;  // empty for baselines shared by all
  std::vector<PooledShot> rows;

  const PooledShot* find(std::size_t shots) const;
};

/// Behind the name of a score with item prior; a line of its own for every scorer.
constexpr std::string_view k_item_prior = " + item prior";
bool has_item_prior(const PooledScorer& scorer);

/// Runs that may stand in one table. Folds are pooled over users, seeds stay apart.
struct PooledRuns {
  std::vector<NamedRun> runs;  // by variant (order of first mention), fold, seed
  std::vector<std::string> variants;
  std::vector<std::int64_t> folds;
  std::vector<std::int64_t> seeds;
  std::vector<MetricCut> metrics;
  std::vector<std::size_t> shots;
  std::vector<UserKey> users;  // fold after fold
  std::size_t left_out = 0;
  std::vector<PooledScorer> scorers;    // floors and baselines, then strategies
  std::vector<SliceCell> cells = {};    // empty when some run was evaluated before slices were kept, or they differ
  std::vector<UserLabels> groups = {};  // of users; those that all runs have

  const PooledScorer* find(std::string_view scorer) const;
};

/// DataError that names two runs when they differ in data, roles of one fold, users, metrics, how histories enter, or
/// (within a variant) in configuration; when a variant lacks a fold and seed that another has; when folds share users;
/// and for a run that was not finished or not evaluated.
PooledRuns pool_runs(std::vector<NamedRun> runs);

/// Only these numbers of shown likes stay, in every table and every family of tests. Chosen before results are looked
/// at; ConfigError for one that no run was evaluated with. None given: all stay.
void keep_shots(PooledRuns& pooled, std::span<const std::size_t> shots);

}  // namespace coldframe
