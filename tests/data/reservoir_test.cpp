#include "framework/data/reservoir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace coldframe {
namespace {

Reservoir filled(std::size_t room, std::uint64_t elements, std::uint64_t seed) {
  Reservoir reservoir(room, seed);
  for (std::uint64_t i = 0; i < elements; ++i) reservoir.offer();
  return reservoir;
}

TEST(ReservoirTest, holds_everything_while_there_is_room) {
  Reservoir reservoir(3, 1);
  for (std::int64_t place = 0; place < 3; ++place) EXPECT_EQ(reservoir.offer(), place);
  EXPECT_EQ(reservoir.elements(), (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_EQ(reservoir.offered(), 3u);
}

TEST(ReservoirTest, tells_where_an_element_went) {
  Reservoir reservoir(4, 9);
  std::size_t passed_over = 0;
  for (std::uint64_t number = 0; number < 200; ++number) {
    const std::vector<std::uint64_t> before = reservoir.elements();
    const std::int64_t place = reservoir.offer();
    if (place >= 0) {
      EXPECT_EQ(reservoir.elements()[static_cast<std::size_t>(place)], number);
    } else {
      EXPECT_EQ(reservoir.elements(), before);
      ++passed_over;
    }
  }
  EXPECT_GT(passed_over, 100u);
  EXPECT_EQ(reservoir.size(), 4u);
}

// 8 of 40 elements over 4,000 seeds: every element is kept 800 times in the mean. The counts of a sample without
// replacement sum to 8 per seed, so chi-square has 39 degrees of freedom after dividing by (1 - 8/40): its 0.999
// quantile is 72.1.
TEST(ReservoirTest, keeps_every_element_with_the_same_probability) {
  constexpr std::size_t seeds = 4000, elements = 40, room = 8;
  std::vector<double> counts(elements, 0.0);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const Reservoir reservoir = filled(room, elements, seed);
    for (const std::uint64_t element : reservoir.elements()) ++counts[element];
  }
  const double expected = static_cast<double>(seeds * room) / elements;
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_square / (1.0 - static_cast<double>(room) / elements), 72.1);
}

TEST(ReservoirTest, content_is_a_function_of_seed_and_number_of_elements) {
  EXPECT_EQ(filled(8, 500, 3).elements(), filled(8, 500, 3).elements());
  EXPECT_NE(filled(8, 500, 3).elements(), filled(8, 500, 4).elements());
}

TEST(ReservoirTest, draws_different_places_that_change_with_the_step) {
  const Reservoir reservoir = filled(50, 100, 1);
  const std::vector<std::size_t> first = reservoir.draw(20, 7, 100), again = reservoir.draw(20, 7, 100);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, reservoir.draw(20, 8, 100));
  EXPECT_EQ(std::set<std::size_t>(first.begin(), first.end()).size(), 20u);
  EXPECT_EQ(reservoir.draw(60, 7, 100).size(), 50u);
  EXPECT_TRUE(Reservoir(5, 1).draw(3, 0, 100).empty());
}

TEST(ReservoirTest, draws_old_elements_alone_when_asked) {
  const Reservoir reservoir = filled(50, 100, 1);
  const auto old = std::ranges::count_if(reservoir.elements(), [](std::uint64_t element) { return element < 40; });
  const std::vector<std::size_t> drawn = reservoir.draw(50, 3, 40);
  EXPECT_EQ(static_cast<std::ptrdiff_t>(drawn.size()), old);
  for (const std::size_t place : drawn) EXPECT_LT(reservoir.elements()[place], 40u);
}

/// Groups one after the other, of so many elements each.
Reservoir balanced(std::size_t room, const std::vector<std::uint64_t>& lengths, std::uint64_t seed) {
  Reservoir reservoir(room, seed, MemoryRule::balanced);
  for (std::size_t group = 0; group < lengths.size(); ++group) {
    for (std::uint64_t i = 0; i < lengths[group]; ++i) reservoir.offer(group);
  }
  return reservoir;
}

std::vector<std::size_t> held_by_group(const Reservoir& reservoir, const std::vector<std::uint64_t>& lengths) {
  std::vector<std::size_t> held(lengths.size(), 0);
  for (std::uint64_t element : reservoir.elements()) {
    std::size_t group = 0;
    while (element >= lengths[group]) element -= lengths[group++];
    ++held[group];
  }
  return held;
}

TEST(BalancedReservoirTest, holds_as_many_of_every_group_whatever_their_lengths) {
  const std::vector<std::uint64_t> lengths = {500, 40, 3000, 12};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(held_by_group(balanced(48, lengths, seed), lengths), (std::vector<std::size_t>{12, 12, 12, 12}));
    const std::vector<std::size_t> uneven = held_by_group(balanced(50, lengths, seed), lengths);
    EXPECT_LE(*std::ranges::max_element(uneven), 13u);
    EXPECT_EQ(uneven[3], 12u);
  }
  const std::vector<std::uint64_t> scarce = {500, 3, 500};
  EXPECT_EQ(held_by_group(balanced(23, scarce, 1), scarce), (std::vector<std::size_t>{10, 3, 10}))
      << "a group that has no more leaves its places to the others";
}

// 4 of 20 elements of the middle group over 6,000 seeds, after its share has shrunk from 6 to 4: chi-square with 19
// degrees of freedom after dividing by (1 - 4/20); its 0.999 quantile is 43.8. The first group the same: 4 of 30, 29
// degrees, 58.3.
TEST(BalancedReservoirTest, keeps_every_element_of_a_group_with_the_same_probability) {
  const std::vector<std::uint64_t> lengths = {30, 20, 25};
  std::vector<double> counts(75, 0.0);
  constexpr std::size_t seeds = 6000;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const Reservoir reservoir = balanced(12, lengths, seed);
    for (const std::uint64_t element : reservoir.elements()) ++counts[element];
  }
  const auto chi_square = [&](std::size_t begin, std::size_t size) {
    const double expected = 4.0 * seeds / static_cast<double>(size);
    double sum = 0;
    for (std::size_t i = begin; i < begin + size; ++i)
      sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum / (1.0 - 4.0 / static_cast<double>(size));
  };
  EXPECT_LT(chi_square(0, 30), 58.3);
  EXPECT_LT(chi_square(30, 20), 43.8);
  EXPECT_LT(chi_square(50, 25), 51.2) << "24 degrees of freedom";
}

TEST(BalancedReservoirTest, of_one_group_is_the_uniform_one) {
  EXPECT_EQ(balanced(8, {500}, 3).elements(), filled(8, 500, 3).elements());
  EXPECT_EQ(Reservoir(0, 1, MemoryRule::balanced).offer(2), -1);
}

}  // namespace
}  // namespace coldframe
