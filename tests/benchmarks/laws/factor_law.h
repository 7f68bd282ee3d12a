#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/simulation/lives.h"
#include "framework/simulation/random_layout.h"
#include "tests/benchmarks/laws/given_pages.h"

namespace coldframe::bench {

/// Users with a taste vector z ~ N(0, 1) of D coordinates who choose from pages of items with vectors q by a
/// multinomial logit: P(i) = e^l_i / (1 + sum_j e^l_j) with l_i = z.q_i - no_click, click and item drawn as
/// MultinomialLogit draws them.
class FactorLaw final : public LifeLaw {
 public:
  static constexpr std::size_t k_largest_page = 16;

  /// factors [items, width]. DataError for sizes that do not fit. Borrows the pages.
  FactorLaw(std::span<const float> factors, std::size_t width, double no_click, std::uint32_t pages_per_user,
            const GivenPages& pages, std::uint64_t seed);

  void live(std::uint64_t first, std::span<UserRow> rows) const override;

  /// Logits of one page by the definition, in float64: what live() is checked against.
  std::vector<double> logits(UserKey user, std::span<const std::uint32_t> page) const;
  const SimulationRandom& random() const { return random_; }

 private:
  friend class FactorLives;
  std::size_t width_, stride_;  // stride: width rounded up to whole vectors
  float no_click_;
  std::uint32_t pages_per_user_;
  const GivenPages& pages_;
  SimulationRandom random_;
  std::vector<float> factors_;  // [items, stride]
};

}  // namespace coldframe::bench
