#include "framework/simulation/realism.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/softmax_world.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

/// People with distinct likes: twins of templates under the true taste.
WorldData people(const TasteModel& taste, std::size_t users, std::uint32_t stream) {
  WorldData blank{taste.item_count(), 2, 2, {}};
  for (std::size_t u = 0; u < users; ++u) {
    blank.users.push_back({1000 + u, static_cast<std::uint32_t>(u % 2), 1, {0.5, -0.5}, std::vector<std::uint32_t>(8)});
  }
  return draw_twins(taste, blank, 77, stream);
}

std::vector<std::uint32_t> all_items(std::size_t items) {
  std::vector<std::uint32_t> list(items);
  std::iota(list.begin(), list.end(), 0u);
  return list;
}

TEST(Realism, popularity_distance_is_total_variation) {
  const WorldData a{3, 1, 0, {{1, 0, 1, {}, {0, 1}}, {2, 0, 1, {}, {0, 1}}}};
  const WorldData b{3, 1, 0, {{1, 0, 1, {}, {0, 2}}}};
  EXPECT_NEAR(popularity_distance(a, b), 0.5, 1e-12);  // shares (1/2, 1/2, 0) and (1/2, 0, 1/2)
  EXPECT_EQ(popularity_distance(a, a), 0.0);
}

TEST(Realism, the_true_world_agrees_and_one_with_permuted_factors_does_not) {
  SoftmaxParameters truth = known_softmax(30, 2, 2, 2);
  for (double& bias : truth.item_bias) bias *= 0.3;
  SoftmaxParameters wrong = truth;
  for (std::size_t i = 0; i < 30; ++i) {
    for (std::size_t l = 0; l < 2; ++l) wrong.item_factors[i * 2 + l] = truth.item_factors[((i * 7 + 11) % 30) * 2 + l];
  }
  const auto taste = make_softmax_taste(truth, 1.0), permuted = make_softmax_taste(wrong, 1.0);
  const WorldData real = people(*taste, 600, 1), others = people(*taste, 600, 2);
  const std::vector<std::uint32_t> items = all_items(30);
  const double of_people = co_occurrence_agreement(others, real, items);
  const double of_truth = co_occurrence_agreement(draw_twins(*taste, real, 5), real, items);
  const double of_wrong = co_occurrence_agreement(draw_twins(*permuted, real, 5), real, items);
  EXPECT_GT(of_people, 0.8);  // two draws of 600 people from one world
  EXPECT_NEAR(of_truth, of_people, 0.05);
  EXPECT_LT(std::abs(of_wrong), 0.3);  // 435 pairs that share items: far from independent
  EXPECT_NEAR(group_agreement(draw_twins(*taste, real, 5), real, items), group_agreement(others, real, items), 0.1);
}

TEST(Realism, twins_copy_attributes_and_activity_and_like_nothing_twice) {
  const auto taste = make_softmax_taste(known_softmax(30, 2, 2, 2), 1.0);
  const WorldData real = people(*taste, 50, 1);
  const WorldData twins = draw_twins(*taste, real, 9);
  ASSERT_EQ(twins.users.size(), real.users.size());
  for (std::size_t u = 0; u < 50; ++u) {
    EXPECT_EQ(twins.users[u].x, real.users[u].x);
    std::vector<std::uint32_t> likes = twins.users[u].likes;
    EXPECT_EQ(likes.size(), real.users[u].likes.size());
    std::sort(likes.begin(), likes.end());
    EXPECT_EQ(std::adjacent_find(likes.begin(), likes.end()), likes.end());
  }
}

TEST(Realism, reports_every_world_beside_the_people_of_w_and_refuses_other_roles) {
  const Dataset data = invented_dataset(300, 25, 1);
  PopulationOptions options;
  options.tastes = {"softmax", "topics", "chain"};
  options.dimensions = {2};
  options.factor_ridges = {4};
  options.topics = {3};
  options.neighbours = {4};
  options.link_ridges = {4};
  options.iterations = 15;
  const auto render = [](std::span<const std::string>, std::span<const std::string>) { return std::string("T"); };
  const Roles roles(data, RoleOptions{});
  const Likes likes(data, LikeOptions{});
  const Population population = make_population(data, roles, likes, options, render, "T");
  const RealismReport report = check_realism(population, data, roles, likes, {200, 20});
  ASSERT_EQ(report.worlds.size(), 3u);
  EXPECT_EQ(report.held_out_users, 60u);
  EXPECT_GT(report.worlds[0].log_likelihood, report.people.log_likelihood);  // softmax is the truth here
  for (const WorldRealism& world : report.worlds) {
    EXPECT_GT(world.popularity_distance, 0.0) << world.world;
    EXPECT_LT(world.popularity_distance, 0.5) << world.world;
  }
  RoleOptions other;
  other.fold = 1;
  EXPECT_THROW(check_realism(population, data, Roles(data, other), likes, {200, 20}), DataError);
}

}  // namespace
}  // namespace coldframe
