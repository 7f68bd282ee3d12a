#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/evaluation/newcomers.h"
#include "framework/evaluation/task_cohorts.h"

namespace coldframe {

/// Per-step metrics as columns: one row per record of the metrics log; NaN where a record lacks a value.
struct MetricsTable {
  std::vector<std::int64_t> steps;
  std::vector<std::string> kinds;  // "step", "validation"
  std::vector<std::pair<std::string, std::vector<double>>> columns;
};

/// The k-shot table of one scorer on real newcomers, per user.
struct NewcomerRow {
  std::string name;  // "lora", "lora + item prior", "popularity"
  std::string role;  // "strategy", "baseline", "floor"
  NewcomerTable table;
};

/// Groups of the tested users by an attribute.
struct UserLabels {
  std::string name;                 // "gender", "age:25:45"
  std::vector<std::string> labels;  // parallel to NewcomerTable::users; empty: no value
};

/// How probabilities of likes by one head did, per newcomer: the mean over the candidates.
struct CalibratedPeople {
  std::string name;  // "lora", "lora + item prior", "item prior", "base rate"
  std::size_t shots = 0;
  std::vector<UserKey> users;
  std::vector<double> log_loss;
};

/// `run.h5`: everything that is known about one run. `summary` is JSON with the keys
///   variant, strategies, seed, fold, steps, pairs_seen, finished, failure (null or {code, message}),
///   identity {config, data, encoder, tokenizer}, provenance, roles {train, validate, world, held_out: fingerprints},
///   cost {trainable_parameters, step_seconds, wall_seconds, peak_memory_bytes (largest rank), ranks, threads,
///         serving {users, shots, encode_ms {p50, p99}, rank_ms {p50, p99}, item_vector_bytes, peak_memory_bytes}},
///   model {scale, item_prior_weight}, and after an evaluation calibration (calibration_report.h).
struct RunRecord {
  nlohmann::json summary;
  nlohmann::json config;  // resolved, section -> key -> value
  MetricsTable metrics;
  std::vector<std::uint64_t> train_users;         // stable hashes of external ids of role T, ascending
  std::vector<std::uint64_t> validate_users;      // of role V
  std::vector<NewcomerRow> newcomers;             // empty before `coldframe evaluate`
  std::vector<TaskPeople> tasks = {};             // of a run over tasks, whose summary has the key continual
  std::vector<CalibratedPeople> calibrated = {};  // empty: evaluated before they were stored, or nothing to fit on
  std::vector<UserLabels> groups = {};            // of newcomers; empty: evaluated before they were stored
};

/// Atomic: a new file is renamed into place. Format version inside.
void write_run_record(const std::filesystem::path& path, const RunRecord& record);
/// IoError, or DataError for another format version and damaged files.
RunRecord read_run_record(const std::filesystem::path& path);

}  // namespace coldframe
