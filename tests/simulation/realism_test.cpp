#include "framework/simulation/realism.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/evaluation/order_agreement.h"
#include "framework/simulation/likes_features.h"
#include "framework/simulation/softmax_world.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

/// People with distinct likes: twins of templates under the true taste.
WorldData people(const TasteModel& taste, std::size_t users, std::uint32_t stream, std::size_t likes = 8) {
  WorldData blank{taste.item_count(), 2, 2, {}};
  for (std::size_t u = 0; u < users; ++u) {
    const double x = u / 2 % 2 == 0 ? 0.5 : -0.5;
    blank.users.push_back(
        {1000 * stream + u, static_cast<std::uint32_t>(u % 2), 1, {x, -0.5}, std::vector<std::uint32_t>(likes)});
  }
  return draw_twins(taste, blank, 77, stream);
}

/// A strong world whose popularity is mild, and the same with the factors of its items exchanged.
SoftmaxParameters strong_world(std::size_t items) {
  SoftmaxParameters truth = known_softmax(items, 2, 2, 2);
  for (double& bias : truth.item_bias) bias *= 0.3;
  return truth;
}

SoftmaxParameters with_permuted_factors(const SoftmaxParameters& truth, std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::permutation);
  std::vector<std::uint32_t> place(truth.items);
  std::iota(place.begin(), place.end(), 0u);
  std::sort(place.begin(), place.end(),
            [&](auto a, auto b) { return random.block(UserKey(a))[0] < random.block(UserKey(b))[0]; });
  SoftmaxParameters wrong = truth;
  for (std::size_t i = 0; i < truth.items; ++i) {
    for (std::size_t l = 0; l < truth.dimension; ++l) {
      wrong.item_factors[i * truth.dimension + l] = truth.item_factors[place[i] * truth.dimension + l];
    }
  }
  return wrong;
}

/// Genres that go with the true factors: one for each sign of each.
ItemTags genres_of(const SoftmaxParameters& world) {
  ItemTags tags{{"first up", "first down", "second up", "second down"}, {}};
  for (std::size_t i = 0; i < world.items; ++i) {
    const double first = world.item_factors[i * 2], second = world.item_factors[i * 2 + 1];
    tags.of_item.push_back({first > 0 ? 0u : 1u, second > 0 ? 2u : 3u});
  }
  return tags;
}

Separation told_apart(const LikesFeatures& features, const WorldData& people, const WorldData& others) {
  TwoSamples samples;
  for (const WorldUser& user : people.users) samples.add(UserKey(user.key), true, features.of(user));
  for (const WorldUser& user : others.users) samples.add(UserKey(user.key), false, features.of(user));
  ClassifierOptions options;
  options.bootstrap.replicates = 200;
  return separate(samples, options);
}

/// Policies that know the first five likes and score items by the similarity of their factors, which are `share` true
/// and otherwise noise of their own: the value of each to each user is precision among ten.
PolicyValues similarity_policies(const SoftmaxParameters& truth, const WorldData& users) {
  constexpr std::size_t k_policies = 12, k_known = 5, k_page = 10;
  PolicyValues values;
  for (const WorldUser& user : users.users) values.users.emplace_back(user.key);
  for (std::uint32_t p = 0; p < k_policies; ++p) {
    const double angle = 1.5 * p / (k_policies - 1.0);
    std::vector<double> factors = truth.item_factors;
    for (std::uint32_t at = 0; at < factors.size(); ++at) {
      const PhiloxBlock words = KeyedRandom(8, Purpose::initialisation).block(UserKey(p), 0, 0, at);
      factors[at] = std::cos(angle) * factors[at] + std::sin(angle) * 0.9 * standard_normals(words[0], words[1])[0];
    }
    values.values.emplace_back();
    for (const WorldUser& user : users.users) {
      double wanted[2] = {0, 0};
      for (std::size_t k = 0; k < k_known; ++k) {
        for (std::size_t l = 0; l < 2; ++l) wanted[l] += factors[user.likes[k] * 2 + l];
      }
      std::vector<std::pair<double, std::uint32_t>> scores;
      for (std::uint32_t i = 0; i < truth.items; ++i) {
        const bool known =
            std::find(user.likes.begin(), user.likes.begin() + k_known, i) != user.likes.begin() + k_known;
        if (!known) scores.emplace_back(-(wanted[0] * factors[i * 2] + wanted[1] * factors[i * 2 + 1]), i);
      }
      std::sort(scores.begin(), scores.end());
      double hits = 0;
      for (std::size_t k = 0; k < k_page; ++k) {
        hits += static_cast<double>(std::count(user.likes.begin() + k_known, user.likes.end(), scores[k].second));
      }
      values.values.back().push_back(hits / k_page);
    }
  }
  return values;
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

TEST(Realism, a_classifier_notices_a_wrong_world_and_not_two_halves_of_one) {
  const SoftmaxParameters truth = strong_world(80);
  const auto taste = make_softmax_taste(truth, 1.0);
  const auto wrong = make_softmax_taste(with_permuted_factors(truth, 3), 1.0);
  const LikesFeatures features(people(*taste, 400, 9, 15), genres_of(truth));
  const WorldData real = people(*taste, 300, 1, 15);
  const Separation halves = told_apart(features, real, people(*taste, 300, 2, 15));
  EXPECT_NEAR(halves.auc.value, 0.5, 3 * halves.null_deviation);
  const Separation twins = told_apart(features, real, draw_twins(*taste, real, 5));
  EXPECT_NEAR(twins.auc.value, 0.5, 3 * twins.null_deviation);
  const Separation other = told_apart(features, real, draw_twins(*wrong, real, 5));
  EXPECT_GT(other.auc.value, 0.7);
  EXPECT_GT(other.auc.interval->low, 0.65);
}

TEST(Realism, renamed_items_keep_popularity_within_strata_and_are_noticed) {
  const SoftmaxParameters truth = strong_world(80);
  const auto taste = make_softmax_taste(truth, 1.0);
  const WorldData reference = people(*taste, 400, 9, 15), real = people(*taste, 300, 1, 15);
  const std::vector<double> popularity = item_shares(reference, 0.0);
  const WorldData renamed = rename_items(real, popularity, 20, 1);
  std::vector<std::size_t> rank(80);
  std::vector<std::uint32_t> order = all_items(80);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return popularity[a] > popularity[b]; });
  for (std::size_t k = 0; k < order.size(); ++k) rank[order[k]] = k;
  std::size_t moved = 0;
  for (std::size_t u = 0; u < real.users.size(); ++u) {
    for (std::size_t k = 0; k < real.users[u].likes.size(); ++k) {
      const std::uint32_t before = real.users[u].likes[k], after = renamed.users[u].likes[k];
      EXPECT_EQ(rank[before] / 20, rank[after] / 20);
      moved += before != after ? 1 : 0;
    }
  }
  EXPECT_GT(moved, 300u * 15 / 2);
  EXPECT_GT(told_apart(LikesFeatures(reference, genres_of(truth)), people(*taste, 300, 2, 15), renamed).auc.value, 0.7);
}

TEST(Realism, ranks_policies_as_people_do_in_the_true_world_and_by_chance_in_wrong_ones) {
  const SoftmaxParameters truth = strong_world(80);
  const auto taste = make_softmax_taste(truth, 1.0);
  OrderOptions options;
  options.bootstrap.replicates = 100;
  options.permutations = 999;
  const WorldData real = people(*taste, 300, 1, 15);
  const PolicyValues ranked = similarity_policies(truth, real);
  const OrderAgreement right =
      order_agreement(ranked, similarity_policies(truth, draw_twins(*taste, real, 5)), options);
  EXPECT_GT(right.tau.value, 0.8);
  EXPECT_LE(right.p_value, 0.002);
  EXPECT_GT(right.tau.interval->low, 0.6);
  constexpr int k_wrong = 20;
  double sum = 0;
  int found = 0;
  for (std::uint64_t seed = 0; seed < k_wrong; ++seed) {
    const auto wrong = make_softmax_taste(with_permuted_factors(truth, 100 + seed), 1.0);
    const PolicyValues simulated = similarity_policies(truth, draw_twins(*wrong, real, 5));
    options.bootstrap.replicates = 2;
    options.halvings = 0;
    const OrderAgreement agreement = order_agreement(ranked, simulated, options);
    sum += agreement.tau.value;
    found += agreement.p_value <= 0.05 ? 1 : 0;
  }
  // Twelve policies by chance: standard deviation .22 each, and more for policies that share a part.
  EXPECT_NEAR(sum / k_wrong, 0.0, 0.25);
  EXPECT_LE(found, 5);
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
  EXPECT_GT(report.worlds[0].over_unigram.value, 0.0);  // softmax is the truth here
  EXPECT_NEAR(report.worlds[0].log_likelihood.value - report.people.log_likelihood.value,
              report.worlds[0].over_unigram.value, 1e-9);
  EXPECT_EQ(report.people.over_unigram.value, 0.0);
  for (const WorldRealism& world : report.worlds) {
    EXPECT_GT(world.taste.popularity_distance.value, 0.0) << world.world;
    EXPECT_LT(world.taste.popularity_distance.value, 0.5) << world.world;
    for (const Estimate& number : {world.log_likelihood, world.over_unigram, world.taste.popularity_distance,
                                   world.taste.co_occurrence, world.taste.group_taste, world.separation.auc}) {
      ASSERT_TRUE(number.interval.has_value()) << world.world;
      EXPECT_LT(number.interval->low, number.interval->high) << world.world;
      EXPECT_TRUE(number.interval->contains(number.value)) << world.world;
    }
    EXPECT_EQ(world.separation.alone.size(), report.features.size());
  }
  EXPECT_LT(report.renamed.taste.co_occurrence.value, report.worlds[0].taste.co_occurrence.value);
  RoleOptions other;
  other.fold = 1;
  EXPECT_THROW(check_realism(population, data, Roles(data, other), likes, {200, 20}), DataError);
}

}  // namespace
}  // namespace coldframe
