#include "framework/evaluation/int8_scorer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "tests/evaluation/normals.h"

namespace coldframe {
namespace {

constexpr float k_infinity = std::numeric_limits<float>::infinity();

using test::normals;

struct Table {
  std::size_t users = 11, items = 500, width = 48;
  float scale = 1.0f;
  std::vector<float> user_vectors = normals(users * width, 1);
  std::vector<float> item_vectors = normals(items * width, 2);
  std::vector<float> prior = normals(items, 3);
  std::vector<std::vector<ItemId>> candidates = {};
  std::vector<TopRequest> requests = {};

  /// Users 0 and 1 may see all items, the others most; lists of length 0, 1, 10, 20 ... and one beyond the catalogue.
  void ask() {
    const KeyedRandom random(3, Purpose::subsample);
    candidates.assign(users, {});
    requests.clear();
    for (std::uint32_t u = 0; u < users; ++u) {
      for (std::uint32_t i = 0; i < items; ++i) {
        if (u < 2 || random.uniform(UserKey(u), 0, 0, i) < 0.9) candidates[u].emplace_back(i);
      }
      requests.push_back({UserKey(u), candidates[u], u == 2 ? items + 7 : u == 3 ? 1 : u == 4 ? 0 : u * 10});
    }
  }
  BlockScorer::Terms terms() const { return {scale, prior}; }
};

bool same(const std::vector<RankedItem>& a, const std::vector<RankedItem>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RankedItem& x, const RankedItem& y) {
    return x.item == y.item && std::bit_cast<std::uint32_t>(x.score) == std::bit_cast<std::uint32_t>(y.score);
  });
}

/// Same lists and bits as float32 on every kernel; the items scored again, over all users.
std::size_t expect_the_lists_of_float32(Table& table) {
  table.ask();
  const TieBreak ties(9);
  const auto exact =
      BlockScorer(table.item_vectors, table.width, table.terms()).top(table.user_vectors, table.requests, ties);
  std::size_t total = 0;
  for (const std::string& kernel : Int8Scorer::kernels()) {
    const Int8Scorer scorer(table.item_vectors, table.width, table.terms(), kernel);
    std::vector<std::size_t> rescored;
    const auto best = scorer.top(table.user_vectors, table.requests, ties, &rescored);
    total = 0;
    for (std::size_t u = 0; u < table.users; ++u) {
      EXPECT_TRUE(same(best[u], exact[u])) << kernel << ", user " << u;
      total += rescored[u];
    }
  }
  return total;
}

TEST(Int8Scorer, random_vectors_of_many_shapes) {
  for (const auto& [users, items, width] : {std::tuple<std::size_t, std::size_t, std::size_t>{11, 1, 1},
                                            {8, 31, 2},
                                            {11, 33, 3},
                                            {11, 64, 5},
                                            {16, 500, 7},
                                            {11, 300, 128},
                                            {9, 1100, 384},
                                            {11, 2500, 20}}) {
    Table table{users, items, width};
    SCOPED_TRACE(std::to_string(items) + " x " + std::to_string(width));
    expect_the_lists_of_float32(table);
    table.scale = -20.0f;
    table.prior.clear();
    expect_the_lists_of_float32(table);
  }
}

TEST(Int8Scorer, few_items_are_scored_again) {
  Table table{11, 2500, 128};
  table.ask();
  for (TopRequest& request : table.requests) request.k = std::min<std::size_t>(request.k, 10);
  std::vector<std::size_t> rescored;
  Int8Scorer(table.item_vectors, table.width, {1.0f, {}})
      .top(table.user_vectors, table.requests, TieBreak(1), &rescored);
  for (std::size_t u = 5; u < table.users; ++u) {
    EXPECT_GE(rescored[u], 10u);
    EXPECT_LT(rescored[u], 250u) << "the bound rules out hardly anything";
  }
}

/// Vectors made so that rounding to whole numbers tells the wrong order, or no order at all.
struct Adversary {
  const char* name;
  std::function<void(Table&)> spoil;
};

void each_item(Table& table, const std::function<void(std::size_t item, float* vector)>& change) {
  for (std::size_t i = 0; i < table.items; ++i) change(i, table.item_vectors.data() + i * table.width);
}

const Adversary k_adversaries[] = {
    {"whole numbers: most scores are shared",
     [](Table& t) {
       for (std::vector<float>* v : {&t.user_vectors, &t.item_vectors, &t.prior}) {
         for (float& x : *v) x = std::round(x);
       }
     }},
    {"all items nearly the same: int8 cannot tell them apart",
     [](Table& t) {
       const std::vector<float> base = normals(t.width, 77);
       each_item(t, [&](std::size_t, float* v) {
         for (std::size_t d = 0; d < t.width; ++d) v[d] = base[d] + 1e-4f * v[d];
       });
       t.prior.clear();
     }},
    {"identical items",
     [](Table& t) {
       each_item(t, [&](std::size_t, float* v) { std::copy_n(t.item_vectors.data(), t.width, v); });
       std::fill(t.prior.begin(), t.prior.end(), 0.5f);
     }},
    {"one coordinate so large that the others round to nothing",
     [](Table& t) {
       each_item(t, [](std::size_t i, float* v) { v[i % 3] = i % 2 == 0 ? 300.0f : -300.0f; });
       for (std::size_t u = 0; u < t.users; ++u) t.user_vectors[u * t.width + 1] = 1e-3f;
     }},
    {"lengths over many magnitudes",
     [](Table& t) {
       each_item(t, [&](std::size_t i, float* v) {
         for (std::size_t d = 0; d < t.width; ++d) v[d] *= std::pow(10.0f, static_cast<float>(i % 12) - 8.0f);
       });
     }},
    {"rounding in the direction of the user: errors as large as their bound",
     [](Table& t) {
       // In units of 1/127: even items have parts .49, rounded down, odd ones .51, rounded up; the user adds all up,
       // and nothing of him is rounded. Even items are better by 1 - 47 * .02 and look worse by 46.
       each_item(t, [&](std::size_t i, float* v) {
         for (std::size_t d = 0; d < t.width; ++d) {
           const auto whole = static_cast<float>(d % 50 + (d == 3 && i % 2 == 0 ? 1 : 0));
           v[d] = d == 0 ? 1.0f : (whole + (i % 2 == 0 ? 0.49f : 0.51f)) / 127.0f;
         }
       });
       std::fill(t.user_vectors.begin(), t.user_vectors.end(), 1.0f);
       t.prior.clear();
     }},
    {"numbers near the smallest",
     [](Table& t) {
       for (float& x : t.item_vectors) x *= 1e-38f;
       for (float& x : t.prior) x *= 1e-40f;
     }},
    {"numbers near the largest: no bound is finite",
     [](Table& t) {
       for (float& x : t.item_vectors) x *= 1e18f;
       for (float& x : t.user_vectors) x *= 1e17f;
     }},
    {"empty vectors",
     [](Table& t) {
       each_item(t, [&](std::size_t i, float* v) {
         if (i % 4 != 0) std::fill_n(v, t.width, 0.0f);
       });
       std::fill_n(t.user_vectors.data(), t.width, 0.0f);
     }},
    {"a prior that outweighs everything",
     [](Table& t) {
       for (float& x : t.prior) x *= 1e6f;
     }},
    {"items that may never be shown",
     [](Table& t) {
       for (std::size_t i = 0; i < t.items; i += 3) t.prior[i] = -k_infinity;
       t.prior[7] = k_infinity;
     }},
    {"an infinite coordinate of a user, against zeros nowhere", [](Table& t) { t.user_vectors[0] = k_infinity; }},
};

TEST(Int8Scorer, adversarial_vectors) {
  for (const Adversary& adversary : k_adversaries) {
    SCOPED_TRACE(adversary.name);
    Table table;
    adversary.spoil(table);
    expect_the_lists_of_float32(table);
  }
}

TEST(Int8Scorer, margins_are_needed) {
  // The two best of 500 nearly equal items differ by less than rounding: whoever trusts the whole numbers is wrong.
  Table table;
  k_adversaries[1].spoil(table);
  EXPECT_GT(expect_the_lists_of_float32(table), table.users * table.items / 2);
}

TEST(Int8Scorer, a_nan_is_refused_as_in_float32) {
  const TieBreak ties(1);
  for (const std::string& kernel : Int8Scorer::kernels()) {
    Table table;
    table.ask();
    table.prior[40] = std::nanf("");
    const Int8Scorer by_prior(table.item_vectors, table.width, table.terms(), kernel);
    EXPECT_THROW(by_prior.top(table.user_vectors, table.requests, ties), NumericError);
    table.prior[40] = 0;
    const Int8Scorer sound(table.item_vectors, table.width, table.terms(), kernel);
    EXPECT_NO_THROW(sound.top(table.user_vectors, table.requests, ties));
    table.user_vectors[5] = std::nanf("");
    EXPECT_THROW(sound.top(table.user_vectors, table.requests, ties), NumericError);
  }
}

TEST(Int8Scorer, wrong_sizes_and_kernels_are_named) {
  const std::vector<float> vectors(12, 1.0f), prior(5, 0.0f);
  EXPECT_THROW(Int8Scorer(vectors, 5, {}), DataError);
  EXPECT_THROW(Int8Scorer(vectors, 4, {1.0f, prior}), DataError);
  EXPECT_THROW(Int8Scorer(vectors, 4, {}, "int4"), ConfigError);
  const std::vector<float> wide(Int8Scorer::k_widest + 1, 1.0f);
  EXPECT_THROW(Int8Scorer(wide, wide.size(), {}), ConfigError);
  EXPECT_EQ(Int8Scorer::kernels().back(), "plain");
  EXPECT_TRUE(Int8Scorer({}, 4, {}).top({}, {}, TieBreak(1)).empty());
}

}  // namespace
}  // namespace coldframe
