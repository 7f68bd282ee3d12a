#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/core/atomic_file.h"
#include "framework/data/hdf5_file.h"

namespace coldframe {

/// One user under one policy.
struct SimulatedUser {
  std::uint32_t pages = 0;
  std::uint32_t clicks = 0;
  double expected = 0;  // closed-form expected clicks of the pages shown
  /// Expected clicks per page; 0 for a user who saw no page.
  double rate() const { return pages == 0 ? 0.0 : expected / pages; }
};

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
  double expected_rate(std::size_t u) const { return user(u).rate(); }
  SimulatedUser user(std::size_t u) const { return {pages[u], clicks[u], expected[u]}; }
};

/// `simulation.h5`: simulated newcomers under several policies, paired by user. `summary` is JSON with the keys
///   population (name or path), population_digest, world, lambda, user_model, choice {scale, no_click: of utilities},
///   dynamics (rules by which users change, with their rates; empty: none), onboarding {like_rate, familiarity, bar of
///   a like; absent: nobody was asked}, answers (policy -> {like, dislike, unknown}; of those whose users were asked),
///   seed, users, complete (false: it was stopped and holds the first users only; absent in older records), pages (per
///   user at most), slate_size, roles {world, held_out: fingerprints}, data (checksum), user_vector, click_rate
///   {random, popularity}, runs ({variant, fold, seed} of encoders), scoring (of encoders, as it was done: fp32 or
///   int8; absent in older records), digest (of the replay), below_random (policies no better), provenance; where they
///   change mix_drift, mix_shares, vocabulary_drift, word_shift {replaced, words, changed: of profiles, by synonyms},
///   catalogue, and new_items (policy -> {shown, clicks, expected,
///   waiting [{k, items, reached, median_days: from arrival to the k-th impression, over all items, null when fewer
///   than half were seen so often}]}; waiting is absent in older records); where somebody searched, search (the
///   section) and search_pages (policy -> {pages, clicks, expected, expected_per_page {value, interval}} of sessions
///   that began with a query); where places were sold, ads (the section, with the price of every sponsored item) and
///   ad_results (policy -> revenue, clicks, relevance, places).
/// The names "random", "popularity" and "informed oracle" are those the report looks for.
struct SimulationRecord {
  nlohmann::json summary;
  nlohmann::json config;  // resolved, section -> key -> value
  std::vector<SimulatedPolicy> policies;

  /// nullptr when there is no such policy.
  const SimulatedPolicy* find(std::string_view policy) const;
};

/// Writes a record user by user: memory does not grow with their number. The file appears with finish() or not at all.
/// Its bytes depend on what is written alone.
class SimulationRecordWriter {
 public:
  /// Records of more bytes are written to the disk at once, undeflated, and their space is taken first (IoError).
  static constexpr std::uint64_t k_most_in_memory = std::uint64_t{16} << 20;

  /// head: the record but for rows of users, which its policies leave empty; users: how many there will be at most.
  SimulationRecordWriter(const std::filesystem::path& path, const SimulationRecord& head, std::uint64_t users,
                         std::uint64_t most_in_memory = k_most_in_memory);
  /// outcomes: parallel to the policies. DataError unless users ascend.
  void add(std::uint64_t user, std::span<const SimulatedUser> outcomes);
  void finish();

 private:
  struct Columns {
    std::vector<std::uint32_t> pages, clicks;
    std::vector<double> expected;
  };
  void write_head(const SimulationRecord& head);
  void write_waiting();

  AtomicFile target_;
  Hdf5File file_;
  std::vector<std::uint64_t> users_;  // of the rows that wait
  std::vector<Columns> waiting_;      // by policy
  std::optional<std::uint64_t> last_;
};

/// Reads a record of any size: what it says but for rows of users, and those in order, with bounded memory.
class SimulationRecordReader {
 public:
  /// IoError, or DataError for another format version and damaged files.
  explicit SimulationRecordReader(const std::filesystem::path& path);

  const SimulationRecord& head() const { return head_; }
  /// outcomes: of the policies asked for, in that order.
  using Visit = std::function<void(std::uint64_t user, std::span<const SimulatedUser> outcomes)>;
  void each_user(std::span<const std::size_t> policies, const Visit& visit) const;
  /// All rows of one policy.
  void read_users(std::size_t policy, SimulatedPolicy& into) const;

 private:
  void read_users(std::size_t policy, SimulatedPolicy& into, std::uint64_t first, std::uint64_t count) const;

  Hdf5File file_;
  SimulationRecord head_;
};

/// Atomic. DataError when arrays are not parallel or the policies have other users.
void write_simulation_record(const std::filesystem::path& path, const SimulationRecord& record);
/// IoError, or DataError for another format version and damaged files.
SimulationRecord read_simulation_record(const std::filesystem::path& path);

}  // namespace coldframe
