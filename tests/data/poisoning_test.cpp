#include "framework/data/poisoning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "framework/data/label_noise.h"
#include "framework/data/leakage.h"
#include "framework/data/shilling_attack.h"
#include "tests/data/expect_error.h"
#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::regular_dataset;

/// 100 users, half of them of role T, with 12 likes and a dislike each among 60 items, and an attribute of every kind.
Dataset people() {
  Dataset data = regular_dataset(100, 60, 12);
  AttributeColumn age{"age", AttributeKind::number, {}, {}, {}}, job{"job", AttributeKind::category, {}, {}, {}},
      hobbies{"hobbies", AttributeKind::multi, {}, {}, {}};
  for (std::uint32_t user = 0; user < 100; ++user) {
    age.numbers.push_back(20 + user);
    job.texts.push_back("job of " + std::to_string(user));
    hobbies.values.push_back({"a", std::to_string(user)});
  }
  data.users.columns = {age, job, hobbies};
  return data;
}

PoisoningOptions attack_of(const std::string& kind) {
  PoisoningOptions options;
  options.attack = kind;
  options.size = 0.1;
  options.fillers = 7;
  options.selected = 4;
  options.targets = {"i20"};
  return options;
}

/// Interactions of every user but made-up ones, as sets of rows.
std::map<std::string, std::set<std::string>> rows_of(const Dataset& data, std::size_t users) {
  std::map<std::string, std::set<std::string>> rows;
  const Interactions& all = data.interactions;
  for (std::size_t row = 0; row < all.size(); ++row) {
    if (all.user[row].value() >= users) continue;
    rows[data.users.ids[all.user[row].value()]].insert(
        fmt::format("{} {} {}", all.item[row].value(), all.implicit() ? 0 : all.rating[row], all.timestamp[row]));
  }
  return rows;
}

TEST(Poisoning, adds_users_to_role_T_and_touches_nobody_else) {
  for (const char* kind : {"random", "average", "bandwagon", "segment"}) {
    SCOPED_TRACE(kind);
    Dataset data = people();
    Roles roles(data, {});
    const std::string trained = roles.fingerprint(Role::train), held_out = roles.fingerprint(Role::held_out);
    const PoisonedLog log = poison_training_log(data, roles, attack_of(kind), {});
    EXPECT_EQ(log.profiles, 5u) << "a tenth of 50";
    const std::size_t selected = std::string(kind) == "bandwagon" || std::string(kind) == "segment" ? 4 : 0;
    EXPECT_EQ(log.added, 5 * (1 + selected + 7));
    EXPECT_EQ(log.targets, std::vector<ItemId>{ItemId(20)});
    EXPECT_EQ(data.users.size(), 105u);
    EXPECT_EQ(rows_of(data, 100), rows_of(people(), 100));
    EXPECT_EQ(roles.users(Role::train).size(), 55u);
    for (std::uint32_t user = 100; user < 105; ++user) EXPECT_EQ(roles.of(UserId(user)), Role::train);
    EXPECT_EQ(roles.users(Role::held_out).size(), 20u);
    EXPECT_EQ(roles.fingerprint(Role::train), trained) << "the people of the data set stay who they are";
    EXPECT_EQ(roles.fingerprint(Role::held_out), held_out);
    EXPECT_EQ(check_leakage(data, roles, training_rows(data, roles)).foreign_rows, 0u);
  }
}

TEST(Poisoning, profiles_look_like_users_of_role_T_and_rate_distinct_items) {
  Dataset data = people();
  Roles roles(data, {});
  const Dataset before = data;
  const ShillingAttack attack = plan_attack(data, roles, attack_of("bandwagon"), {});
  poison_training_log(data, roles, attack_of("bandwagon"), {});
  for (std::size_t n = 0; n < attack.profiles.size(); ++n) {
    const ShillingProfile& profile = attack.profiles[n];
    EXPECT_EQ(roles.of(profile.likeness), Role::train);
    EXPECT_EQ(std::set<ItemId>(profile.items.begin(), profile.items.end()).size(), 12u);
    EXPECT_EQ(profile.items.front(), ItemId(20));
    EXPECT_EQ(profile.ratings.front(), 5.0f) << "the highest rating there is";
    EXPECT_GE(profile.time, 1000);
    EXPECT_LE(profile.time, 1122);
    for (const AttributeColumn& column : data.users.columns) {
      EXPECT_EQ(column.cell(100 + n), column.cell(profile.likeness.value()));
    }
  }
  EXPECT_NE(attack.profiles[0].items, attack.profiles[1].items);
  EXPECT_EQ(before.users.size(), 100u);
}

TEST(Poisoning, is_a_function_of_the_seed) {
  const auto items = [](std::int64_t seed) {
    const Dataset data = people();
    PoisoningOptions options = attack_of("random");
    options.seed = seed;
    options.targets.clear();
    options.target_count = 2;
    const ShillingAttack attack = plan_attack(data, Roles(data, {}), options, {});
    std::vector<ItemId> all = attack.targets;
    for (const ShillingProfile& profile : attack.profiles)
      all.insert(all.end(), profile.items.begin(), profile.items.end());
    return all;
  };
  EXPECT_EQ(items(1), items(1));
  EXPECT_NE(items(1), items(2));
}

/// Attackers know the log of role T alone: what V, W and H do changes nothing.
TEST(Poisoning, reads_nothing_but_role_T) {
  const Dataset data = people();
  Dataset other = data;
  const Roles roles(data, {});
  for (std::size_t row = 0; row < other.interactions.size(); ++row) {
    if (roles.of(other.interactions.user[row]) == Role::train) continue;
    other.interactions.rating[row] = 2;
    other.interactions.timestamp[row] += 1'000'000;
  }
  for (const char* kind : {"random", "average", "bandwagon", "segment"}) {
    PoisoningOptions options = attack_of(kind);
    options.targets.clear();
    const ShillingAttack mine = plan_attack(data, roles, options, {}), theirs = plan_attack(other, roles, options, {});
    EXPECT_EQ(mine.targets, theirs.targets);
    ASSERT_EQ(mine.profiles.size(), theirs.profiles.size());
    for (std::size_t n = 0; n < mine.profiles.size(); ++n) {
      EXPECT_EQ(mine.profiles[n].items, theirs.profiles[n].items);
      EXPECT_EQ(mine.profiles[n].ratings, theirs.profiles[n].ratings);
      EXPECT_EQ(mine.profiles[n].time, theirs.profiles[n].time);
    }
  }
}

/// Eight items; users of role T get the likes that are given, everybody else likes item 7 alone. No timestamps.
Dataset liked(const Roles& roles, const std::vector<std::vector<std::uint32_t>>& likes, std::uint32_t users) {
  Dataset data = regular_dataset(users, 8, 1);
  data.interactions = {};
  std::size_t next = 0;
  for (std::uint32_t user = 0; user < users; ++user) {
    const std::vector<std::uint32_t> none = {}, seven = {7};
    const bool trained = roles.of(UserId(user)) == Role::train;
    const auto& of = !trained ? seven : next < likes.size() ? likes[next++] : none;
    for (const std::uint32_t item : of) {
      data.interactions.user.emplace_back(user);
      data.interactions.item.emplace_back(item);
    }
  }
  return data;
}

// Likers of item 0: users a, b. Item 1: a, b, c: 2 / sqrt(6) = .816. Item 2: a: 1 / sqrt(2) = .707. Item 3: b, c, d:
// 1 / sqrt(6) = .408. Item 4: c, d: 0. Item 7 is liked by everybody outside T.
TEST(Poisoning, segments_are_the_nearest_neighbours_by_hand) {
  const Roles roles(regular_dataset(20, 8, 1), {});
  const Dataset data = liked(roles, {{0, 1, 2}, {0, 1, 3}, {1, 3, 4}, {3, 4}}, 20);
  PoisoningOptions options;
  options.attack = "segment";
  options.size = 0.1;
  options.targets = {"i0"};
  options.fillers = 0;
  options.selected = 2;
  const auto items = [&](std::int64_t selected) {
    options.selected = selected;
    return plan_attack(data, roles, options, {}).profiles.front().items;
  };
  EXPECT_EQ(items(2), (std::vector<ItemId>{ItemId(0), ItemId(1), ItemId(2)}));
  EXPECT_EQ(items(3), (std::vector<ItemId>{ItemId(0), ItemId(1), ItemId(2), ItemId(3)}));
  EXPECT_EQ(items(7).size(), 4u) << "nobody else is a neighbour";
  options.attack = "bandwagon";  // items 1 and 3 have three ratings of role T, item 7 has none
  const std::vector<ItemId> popular = items(2);
  EXPECT_EQ(std::set<ItemId>(popular.begin() + 1, popular.end()), (std::set<ItemId>{ItemId(1), ItemId(3)}));
}

// Every item has ratings of one value: an average attacker gives that value, a segment attacker the lowest.
TEST(Poisoning, average_and_segment_rate_fillers_by_their_laws) {
  Dataset data = people();
  for (std::size_t row = 0; row < data.interactions.size(); ++row) {
    data.interactions.rating[row] = static_cast<float>(1 + data.interactions.item[row].value() % 5);
  }
  const Roles roles(data, {});
  for (const ShillingProfile& profile : plan_attack(data, roles, attack_of("average"), {}).profiles) {
    for (std::size_t i = 1; i < profile.items.size(); ++i) {
      EXPECT_EQ(profile.ratings[i], static_cast<float>(1 + profile.items[i].value() % 5));
    }
  }
  for (const ShillingProfile& profile : plan_attack(data, roles, attack_of("segment"), {.threshold = 1}).profiles) {
    for (std::size_t i = 0; i < profile.items.size(); ++i) EXPECT_EQ(profile.ratings[i], i < 5 ? 5.0f : 1.0f);
  }
}

/// 40 profiles of 50 fillers against the normal law cut at the middle between ratings; four standard errors.
TEST(Poisoning, random_fillers_follow_the_normal_law_of_all_ratings) {
  Dataset data = people();
  for (std::size_t row = 0; row < data.interactions.size(); ++row) {
    const std::size_t hash = (row * 7919) % 10;
    data.interactions.rating[row] = hash < 1 ? 1.0f : hash < 3 ? 2.0f : hash < 6 ? 3.0f : hash < 8 ? 4.0f : 5.0f;
  }
  const Roles roles(data, {});
  double mean = 0, squares = 0, count = 0;
  for (const std::size_t row : training_rows(data, roles)) {
    mean += static_cast<double>(data.interactions.rating[row]);
    squares += std::pow(static_cast<double>(data.interactions.rating[row]), 2);
    count += 1;
  }
  mean /= count;
  const double deviation = std::sqrt(squares / count - mean * mean);
  PoisoningOptions options = attack_of("random");
  options.size = 0.8;
  options.fillers = 50;
  std::array<double, 6> drawn{};
  for (const ShillingProfile& profile : plan_attack(data, roles, options, {}).profiles) {
    for (std::size_t i = 1; i < profile.ratings.size(); ++i) drawn[static_cast<std::size_t>(profile.ratings[i])] += 1;
  }
  const auto below = [&](double x) { return 0.5 * std::erfc(-(x - mean) / deviation / std::sqrt(2.0)); };
  for (std::size_t level = 1; level <= 5; ++level) {
    const double low = level == 1 ? 0 : below(static_cast<double>(level) - 0.5);
    const double share = (level == 5 ? 1 : below(static_cast<double>(level) + 0.5)) - low;
    EXPECT_NEAR(drawn[level] / 2000, share, 4 * std::sqrt(share * (1 - share) / 2000)) << level;
  }
}

TEST(Poisoning, what_does_not_fit_is_refused) {
  const Dataset data = people();
  const Roles roles(data, {});
  const auto refused = [&](PoisoningOptions options, const std::vector<std::string>& words) {
    expect_error<ConfigError>([&] { plan_attack(data, roles, options, {}); }, words);
  };
  PoisoningOptions options = attack_of("random");
  options.targets = {"i99"};
  refused(options, {"poisoning.targets", "i99"});
  options = attack_of("random");
  options.fillers = 60;
  refused(options, {"poisoning.fillers = 60", "60 of the catalogue"});
  options = attack_of("random");
  options.size = 0.001;
  refused(options, {"poisoning.size = 0.001", "50 users"});
  const Roles few(regular_dataset(20, 8, 1), {});
  const Dataset lonely = liked(few, {{0}, {1, 2}}, 20);
  options = attack_of("segment");
  options.targets = {"i0"};
  options.fillers = 0;
  expect_error<DataError>([&] { plan_attack(lonely, few, options, {}); }, {"segment", "likes anything else"});
  options.targets.clear();
  options.target_count = 5;
  expect_error<DataError>([&] { plan_attack(lonely, few, options, {}); }, {"target_count = 5", "holds 2"});
}

PoisoningOptions noise_of(const std::string& kind, double share) {
  PoisoningOptions options;
  options.label_noise = kind;
  options.label_noise_share = share;
  return options;
}

TEST(LabelNoise, flips_likes_to_the_nearest_dislike_and_back) {
  Dataset data = people();
  const Roles roles(data, {});
  const std::size_t rows = training_rows(data, roles).size();
  const Dataset before = data;
  EXPECT_EQ(add_label_noise(data, roles, noise_of("flip", 1.0), {}), rows);
  for (std::size_t row = 0; row < data.interactions.size(); ++row) {
    const float old = before.interactions.rating[row], now = data.interactions.rating[row];
    const bool trained = roles.of(data.interactions.user[row]) == Role::train;
    EXPECT_EQ(now, !trained ? old : old >= 4 ? 1.0f : 4.0f);
  }
}

TEST(LabelNoise, meets_its_share_and_a_larger_share_changes_the_same_rows_and_more) {
  const Dataset data = people();
  const Roles roles(data, {});
  const auto changed = [&](double share) {
    Dataset noisy = data;
    add_label_noise(noisy, roles, noise_of("flip", share), {});
    std::set<std::size_t> rows;
    for (std::size_t row = 0; row < data.interactions.size(); ++row) {
      if (noisy.interactions.rating[row] != data.interactions.rating[row]) rows.insert(row);
    }
    return rows;
  };
  const std::set<std::size_t> some = changed(0.2), more = changed(0.5);
  EXPECT_NEAR(static_cast<double>(some.size()) / 650, 0.2, 4 * std::sqrt(0.16 / 650));  // 50 users x 13 rows
  EXPECT_TRUE(std::ranges::includes(more, some));
  EXPECT_TRUE(changed(0.0).empty());
}

TEST(LabelNoise, replaces_likes_by_items_that_were_never_met) {
  Dataset data = people();
  const Roles roles(data, {});
  const Likes before(data, {});
  const Dataset untouched = data;
  const std::size_t changed = add_label_noise(data, roles, noise_of("replace", 0.5), {});
  const Likes after(data, {});
  std::size_t gone = 0;
  for (std::uint32_t user = 0; user < 100; ++user) {
    const auto old = before.of(UserId(user)), now = after.of(UserId(user));
    ASSERT_EQ(old.size(), now.size()) << "as many likes as before, all different";
    if (roles.of(UserId(user)) != Role::train) {
      EXPECT_TRUE(std::ranges::equal(old, now));
      continue;
    }
    for (const ItemId item : old) gone += std::ranges::find(now, item) == now.end() ? 1 : 0;
  }
  EXPECT_EQ(gone, changed);
  EXPECT_NEAR(static_cast<double>(changed) / 600, 0.5, 4 * std::sqrt(0.25 / 600));
  for (std::size_t row = 0; row < data.interactions.size(); ++row) {  // dislikes are not met a second time
    const Interactions& all = data.interactions;
    if (row > 0 && all.user[row] == all.user[row - 1]) continue;
    std::set<ItemId> items;
    std::size_t count = 0;
    for (std::size_t at = row; at < all.size() && all.user[at] == all.user[row]; ++at, ++count)
      items.insert(all.item[at]);
    EXPECT_EQ(items.size(), count);
  }
}

TEST(LabelNoise, without_ratings_likes_can_be_replaced_only) {
  Dataset data = people();
  data.interactions.rating.clear();
  const Roles roles(data, {});
  expect_error<ConfigError>([&] { add_label_noise(data, roles, noise_of("flip", 0.1), {}); }, {"flip", "no ratings"});
  EXPECT_GT(add_label_noise(data, roles, noise_of("replace", 0.1), {}), 0u);
  Dataset loved = people();
  std::ranges::fill(loved.interactions.rating, 5.0f);
  expect_error<DataError>([&] { add_label_noise(loved, roles, noise_of("flip", 0.1), {}); },
                          {"no rating below data.like_threshold"});
}

/// The key that is complained about; empty when nothing is.
std::string idle_key(const PoisoningOptions& options) {
  const std::vector<Problem> problems = options.validate();
  EXPECT_LE(problems.size(), 1u);
  return problems.empty() ? std::string() : problems.front().key;
}

TEST(Poisoning, settings_that_change_nothing_are_named) {
  EXPECT_EQ(idle_key({}), "");
  EXPECT_EQ(idle_key(attack_of("bandwagon")), "");
  PoisoningOptions options;
  options.size = 0.05;
  EXPECT_EQ(idle_key(options), "size");
  options = {};
  options.fillers = 3;
  EXPECT_EQ(idle_key(options), "fillers");
  options = {};
  options.selected = 3;
  EXPECT_EQ(idle_key(options), "selected");
  options = {};
  options.target_count = 2;
  EXPECT_EQ(idle_key(options), "target_count");
  options.attack = "random";
  EXPECT_EQ(idle_key(options), "");
  options.targets = {"i3"};
  EXPECT_EQ(idle_key(options), "target_count") << "none is drawn";
  EXPECT_EQ(idle_key(attack_of("random")), "selected") << "random attacks select no items";
  EXPECT_EQ(idle_key(attack_of("segment")), "");
  options = {};
  options.label_noise_share = 0.2;
  EXPECT_EQ(idle_key(options), "label_noise_share");
  options.label_noise = "flip";
  EXPECT_EQ(idle_key(options), "");
  options.label_noise_share = 0;
  EXPECT_EQ(idle_key(options), "label_noise_share");
}

}  // namespace
}  // namespace coldframe
