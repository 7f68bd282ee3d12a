#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace coldframe {

/// What one policy brought about, per user. Arrays over users are parallel to `users`.
struct SimulatedPolicy {
  std::string name;                  // "lora", "popularity", "informed oracle"
  std::string role;                  // "strategy", "baseline", "floor", "ceiling"
  std::vector<std::uint64_t> users;  // numbers in the population, ascending, the same for every policy
  std::vector<std::uint32_t> pages;
  std::vector<std::uint32_t> clicks;
  std::vector<double> expected;               // closed-form expected clicks of the pages shown
  std::vector<std::uint64_t> pages_by_step;   // [sessions * pages] how many users reached a step
  std::vector<std::uint64_t> clicks_by_step;  // same length
  std::vector<double> expected_by_step;       // same length
  std::vector<std::uint64_t> shown;           // [I] how often an item was shown

  /// Expected clicks per page of one user; 0 for a user who saw no page.
  double expected_rate(std::size_t u) const { return pages[u] == 0 ? 0.0 : expected[u] / pages[u]; }
};

/// `simulation.h5`: simulated newcomers under several policies, paired by user. `summary` is JSON with the keys
///   population (name or path), population_digest, world, lambda, user_model, choice {scale, no_click: of utilities},
///   dynamics (rules by which users change, with their rates; empty: none), seed, users, complete (false: it was
///   stopped and holds the first users only; absent in older records), pages (per user at most), slate_size,
///   roles {world, held_out: fingerprints}, data (checksum), user_vector, click_rate {random, popularity}, runs
///   ({variant, fold, seed} of encoders), digest (of the replay), below_random (policies no better), provenance.
/// The names "random", "popularity" and "informed oracle" are those the report looks for.
struct SimulationRecord {
  nlohmann::json summary;
  nlohmann::json config;  // resolved, section -> key -> value
  std::vector<SimulatedPolicy> policies;

  /// nullptr when there is no such policy.
  const SimulatedPolicy* find(std::string_view policy) const;
};

/// Atomic. DataError when arrays are not parallel or the policies have other users.
void write_simulation_record(const std::filesystem::path& path, const SimulationRecord& record);
/// IoError, or DataError for another format version and damaged files.
SimulationRecord read_simulation_record(const std::filesystem::path& path);

}  // namespace coldframe
