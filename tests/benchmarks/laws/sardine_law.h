#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "framework/simulation/lives.h"
#include "framework/simulation/random_layout.h"
#include "tests/benchmarks/laws/given_pages.h"

namespace coldframe::bench {

/// Numbers of an environment of the Python package sardine-rec (1.0.8), which this law follows to the letter, also
/// where that package drifts a user by the mean over all coordinates of what was clicked.
struct SardineOptions {
  std::size_t items = 1000;
  std::size_t topics = 10;
  std::size_t slate = 10;
  std::uint32_t steps = 100;  // after the random page of birth
  double offset = 0.65;
  double slope = 100;
  double omega = 0.95;             // what stays of a taste after a click
  std::size_t recent = 10;         // newest clicks that can bore
  std::uint32_t boredom = 5;       // clicks on one topic that do
  std::uint32_t window = 5;        // steps that clicks count, and that boredom lasts
  double click_prop = 0.85;        // position k is looked at with its k-th power
  std::uint32_t penalty_from = 4;  // items of one topic on a page
  double penalty = 1.0;
};

/// A user of that law. At most 16 topics and 32 recent clicks.
struct SardineUser {
  static constexpr std::size_t k_topics = 16, k_recent = 32;
  std::array<double, k_topics> taste{};  // unit length
  std::uint32_t time = 0;
  std::array<std::uint8_t, k_topics> timeout{};
  std::uint32_t bored = 0;  // bits of topics
  std::array<std::uint8_t, k_recent> topic{};
  std::array<std::uint32_t, k_recent> step{};
  std::size_t first = 0, clicks = 0;  // the clicks that count, in a ring
};

/// Users look at positions with falling probability and click on what fits their taste; clicks move the taste, and a
/// topic clicked too often bores: as long as anything bores, nothing fits.
class SardineLaw final : public LifeLaw {
 public:
  /// embeddings [items, topics]. DataError for sizes that do not fit. Borrows the pages.
  SardineLaw(const SardineOptions& options, std::span<const double> embeddings, const GivenPages& pages,
             std::uint64_t seed);

  void live(std::uint64_t first, std::span<UserRow> rows) const override;

  SardineUser born(std::span<const double> taste) const;
  /// P(click) of every position.
  void weigh(const SardineUser& user, std::span<const std::uint32_t> page, std::span<double> probabilities) const;
  void after(SardineUser& user, std::span<const std::uint32_t> page, std::span<const std::uint8_t> clicks) const;

 private:
  struct Term {
    std::uint32_t topic;
    double value;
  };
  SardineUser drawn(UserKey user) const;
  void move_taste(SardineUser& user, double mean) const;

  SardineOptions options_;
  const GivenPages& pages_;
  KeyedRandom births_, clicks_;
  std::vector<std::uint32_t> begin_;  // of the terms of an item [items + 1]
  std::vector<Term> terms_;           // coordinates that are not 0, over the length of the longest item
  std::vector<double> means_;         // over all coordinates [items]
  std::vector<std::uint8_t> main_;    // topic of an item
  std::vector<double> looks_;         // [slate]
};

}  // namespace coldframe::bench
