#include "framework/simulation/population.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"
#include "framework/simulation/choice_calibration.h"
#include "framework/simulation/enlarged_population.h"
#include "framework/simulation/newcomer_table.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/population_file.h"
#include "framework/simulation/profile_noise.h"
#include "framework/simulation/synthetic_items.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

std::string render(std::span<const std::string>, std::span<const std::string> values) {
  return fmt::format("A {} year old, {}", values[0], values[2]);
}

PopulationOptions quick_options() {
  PopulationOptions options;
  options.path = "invented.h5";
  options.tastes = {"softmax", "topics", "chain"};
  options.dimensions = {2};
  options.factor_ridges = {4};
  options.topics = {3};
  options.neighbours = {4};
  options.link_ridges = {4};
  options.bootstraps = 2;
  options.profile_pool = 40;
  options.iterations = 15;
  return options;
}

/// One fit serves all tests of this file.
const Population& fitted() {
  static const Population population = [] {
    const Dataset data = invented_dataset(200, 25, 1);
    return make_population(data, Roles(data, RoleOptions{}), Likes(data, LikeOptions{}), quick_options(), render, "T");
  }();
  return population;
}

class PopulationFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("coldframe-population-" + std::to_string(::getpid()) + "-" +
                                                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "p.h5";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_, path_;
};

TEST(Population, holds_every_configured_world_and_a_card) {
  std::vector<std::string> names;
  for (const World& world : fitted().latents.worlds) names.push_back(world.name());
  EXPECT_EQ(names, (std::vector<std::string>{"softmax-0", "softmax-1", "softmax-2", "topics-0", "topics-1", "topics-2",
                                             "chain-0", "chain-1", "chain-2"}));
  EXPECT_EQ(fitted().latents.standard_errors.size(), 1u);
  std::set<Identifiability> kinds;
  for (const CardEntry& entry : fitted().card) {
    kinds.insert(entry.identifiability);
    EXPECT_FALSE(entry.evidence.empty()) << entry.name;
    EXPECT_EQ(entry.value.empty(), entry.identifiability == Identifiability::not_identifiable) << entry.name;
  }
  EXPECT_EQ(kinds.size(), 3u);
  EXPECT_THROW(fitted().world("softmax-9"), ConfigError);
}

TEST(Population, bootstrap_worlds_differ_from_the_fit_and_from_each_other) {
  const auto bias = [](std::size_t w) {
    return std::get<SoftmaxParameters>(fitted().latents.worlds[w].parameters).item_bias;
  };
  EXPECT_NE(bias(0), bias(1));
  EXPECT_NE(bias(1), bias(2));
}

TEST(Population, does_not_depend_on_the_order_of_rows) {
  const Dataset data = invented_dataset(60, 12, 1);
  Dataset turned = data;
  const auto users = static_cast<std::uint32_t>(data.users.size());
  std::reverse(turned.users.ids.begin(), turned.users.ids.end());
  for (AttributeColumn& column : turned.users.columns) {
    std::reverse(column.texts.begin(), column.texts.end());
    std::reverse(column.numbers.begin(), column.numbers.end());
  }
  for (UserId& user : turned.interactions.user) user = UserId(users - 1 - user.value());
  sort_interactions(turned);
  PopulationOptions options = quick_options();
  options.bootstraps = 1;
  const auto make = [&](const Dataset& from) {
    return make_population(from, Roles(from, RoleOptions{}), Likes(from, LikeOptions{}), options, render, "T");
  };
  const Population a = make(data), b = make(turned);
  EXPECT_EQ(a.world_users.fingerprint, b.world_users.fingerprint);
  for (std::size_t row = 0; row < a.observables.pool.size(); ++row) {
    EXPECT_EQ(a.observables.pool[row].text, b.observables.pool[row].text);
  }
  EXPECT_EQ(std::get<SoftmaxParameters>(a.latents.worlds[1].parameters).item_factors,
            std::get<SoftmaxParameters>(b.latents.worlds[1].parameters).item_factors);
}

TEST(Newcomers, are_pure_functions_of_their_number) {
  const Newcomers newcomers(fitted(), fitted().world("softmax-0"), 1.0);
  std::set<std::uint32_t> profiles;
  for (std::uint64_t number = 0; number < 300; ++number) {
    const Newcomer who = newcomers.newcomer(number);
    EXPECT_EQ(who.period, number / 1000);
    EXPECT_GE(who.arrival, fitted().observables.start);
    profiles.insert(who.profile);
  }
  EXPECT_GT(profiles.size(), 35u) << "the pool of 40 is hardly used";
  const Latents a = newcomers.latents(newcomers.newcomer(7));
  const Latents b = newcomers.latents(newcomers.newcomer(7));
  const Latents c = newcomers.latents(newcomers.newcomer(8));
  EXPECT_TRUE(std::ranges::equal(LatentsProbe::utilities(a), LatentsProbe::utilities(b)));
  EXPECT_FALSE(std::ranges::equal(LatentsProbe::state(a), LatentsProbe::state(c)));
}

TEST(Newcomers, utilities_are_log_relative_preferences) {
  for (const char* world : {"softmax-1", "topics-0", "chain-2"}) {
    for (const double lambda : {0.0, 0.5, 1.0}) {
      const Newcomers newcomers(fitted(), fitted().world(world), lambda);
      const Latents latents = newcomers.latents(newcomers.newcomer(3));
      double total = 0;
      for (const double utility : LatentsProbe::utilities(latents)) total += std::exp(utility);
      EXPECT_NEAR(total, 25.0, 1e-9);
    }
  }
  EXPECT_THROW(Newcomers(fitted(), fitted().world("softmax-0"), 1.5), ConfigError);
}

TEST(Population, noise_changes_what_is_written_and_not_who_newcomers_are) {
  const Dataset data = invented_dataset(60, 12, 1);
  PopulationOptions options = quick_options();
  options.bootstraps = 0;
  options.profile_pool = 400;
  const auto make = [&] {
    return make_population(data, Roles(data, RoleOptions{}), Likes(data, LikeOptions{}), options, render, "T");
  };
  const Population clean = make();
  options.missing_share = 0.25;
  options.typo_share = 0.4;
  const Population noisy = make();
  double missing = 0, misspelt_words = 0, words = 0;
  for (std::size_t row = 0; row < 400; ++row) {
    const Attributes& truth = clean.observables.pool[row].attributes;
    const Attributes& written = noisy.observables.pool[row].attributes;
    EXPECT_EQ(written.levels, truth.levels);
    for (std::size_t f = 0; f < 3; ++f) missing += written.values[f].empty() && !truth.values[f].empty() ? 1 : 0;
    if (written.values[2].empty()) continue;
    words += 1;
    misspelt_words += written.values[2] != truth.values[2] ? 1 : 0;
    EXPECT_EQ(noisy.observables.pool[row].text, render({}, written.values));
  }
  EXPECT_NEAR(missing / 1200, 0.25, 4 * std::sqrt(0.25 * 0.75 / 1200));
  EXPECT_NEAR(misspelt_words / words, 0.4, 4 * std::sqrt(0.4 * 0.6 / words));
  const Newcomers a(clean, clean.world("softmax-0"), 1.0), b(noisy, noisy.world("softmax-0"), 1.0);
  EXPECT_TRUE(std::ranges::equal(LatentsProbe::utilities(a.latents(a.newcomer(5))),
                                 LatentsProbe::utilities(b.latents(b.newcomer(5)))));
}

TEST(ProfileNoise, makes_one_edit_inside_a_word_and_leaves_short_codes_alone) {
  for (std::uint32_t place = 0; place < 8; ++place) {
    const std::uint32_t word = place << 29;
    EXPECT_EQ(misspelt("artist", 0x80000000u, word).size(), 5u);  // kind 1 of 3 drops a letter
    EXPECT_EQ(misspelt("artist", 0xC0000000u, word).size(), 7u);  // kind 2 doubles one
    const std::string swapped = misspelt("artist", 0, word);
    EXPECT_TRUE(std::is_permutation(swapped.begin(), swapped.end(), std::string("artist").begin()));
    EXPECT_EQ(misspelt("34", word, word), "34");
    EXPECT_EQ(misspelt("M", word, word), "M");
  }
}

TEST(Population, without_attributes_times_and_ratings_says_so_on_its_card) {
  Dataset data = invented_dataset(60, 12, 1);
  data.users.columns.clear();
  data.interactions.rating.clear();
  data.interactions.timestamp.clear();
  sort_interactions(data);
  PopulationOptions options = quick_options();
  options.attributes.clear();
  options.group.clear();
  options.bootstraps = 0;
  const auto plain = [](std::span<const std::string>, std::span<const std::string>) {
    return std::string("A person.");
  };
  const Population population =
      make_population(data, Roles(data, RoleOptions{}), Likes(data, LikeOptions{}), options, plain, "A person.");
  std::set<std::string> unknown;
  for (const CardEntry& entry : population.card) {
    if (entry.evidence.starts_with("n/a")) unknown.insert(entry.name);
  }
  EXPECT_EQ(unknown,
            (std::set<std::string>{"attributes", "likes", "order of likes", "session length, satiation and drift"}));
  for (const char* world : {"softmax-0", "topics-0", "chain-0"}) {
    const Newcomers newcomers(population, population.world(world), 1.0);
    EXPECT_EQ(newcomers.profile(newcomers.newcomer(3)).text, "A person.");
    EXPECT_EQ(LatentsProbe::utilities(newcomers.latents(newcomers.newcomer(3))).size(), 12u);
  }
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("coldframe-bare-{}.h5", ::getpid());
  write_population(path, population);
  const Population back = read_population(path);
  std::filesystem::remove(path);
  EXPECT_EQ(back.observables.pool.size(), population.observables.pool.size());
  EXPECT_TRUE(back.observables.law.fields().empty());
}

TEST_F(PopulationFileTest, keeps_the_template_and_the_links_of_the_chain) {
  Population population = fitted();
  population.observables.evaluation_template = "Somebody aged {age}.";
  write_population(path_, population);
  const Population back = read_population(path_);
  EXPECT_EQ(back.observables.evaluation_template, "Somebody aged {age}.");
  const auto& wrote = std::get<ChainParameters>(population.world("chain-1").parameters);
  const auto& read = std::get<ChainParameters>(back.world("chain-1").parameters);
  EXPECT_GT(wrote.link_item.size(), 0u);
  EXPECT_EQ(read.link_begin, wrote.link_begin);
  EXPECT_EQ(read.link_item, wrote.link_item);
  EXPECT_EQ(read.link_strength, wrote.link_strength);
  EXPECT_EQ(read.length, wrote.length);
}

TEST_F(PopulationFileTest, writes_newcomers_as_rows_whatever_the_number) {
  for (const std::uint64_t count : {std::uint64_t{10}, std::uint64_t{70'000}}) {
    write_newcomer_table(path_, fitted(), 5, count);
    const Hdf5File file = Hdf5File::open(path_);
    const auto number = file.read<std::uint64_t>("/newcomers/number");
    const auto arrival = file.read<std::int64_t>("/newcomers/arrival");
    const auto profile = file.read<std::uint32_t>("/newcomers/profile");
    ASSERT_EQ(number.size(), count);
    ASSERT_EQ(profile.size(), count);
    const Newcomers newcomers(fitted(), fitted().world("topics-0"), 0.0);
    for (const std::size_t row : {std::size_t{0}, static_cast<std::size_t>(count - 1)}) {
      const Newcomer who = newcomers.newcomer(5 + row);
      EXPECT_EQ(number[row], who.number);
      EXPECT_EQ(arrival[row], who.arrival);
      EXPECT_EQ(file.read_strings("/profiles/text")[profile[row]], newcomers.profile(who).text);
    }
  }
}

TEST_F(PopulationFileTest, reads_what_it_wrote) {
  write_population(path_, fitted());
  const Population read = read_population(path_);
  EXPECT_EQ(read.seed, fitted().seed);
  EXPECT_EQ(read.item_ids, fitted().item_ids);
  EXPECT_EQ(read.world_users.keys, fitted().world_users.keys);
  EXPECT_EQ(read.world_users.fingerprint, fitted().world_users.fingerprint);
  EXPECT_EQ(read.licence, "none needed");
  ASSERT_EQ(read.card.size(), fitted().card.size());
  EXPECT_EQ(read.card.back().evidence, fitted().card.back().evidence);
  for (const char* world : {"softmax-2", "topics-1"}) {
    const Newcomers before(fitted(), fitted().world(world), 0.5), after(read, read.world(world), 0.5);
    for (std::uint64_t number : {0ull, 5ull, 123456789012ull}) {
      EXPECT_EQ(before.profile(before.newcomer(number)).text, after.profile(after.newcomer(number)).text);
      const Latents a = before.latents(before.newcomer(number)), b = after.latents(after.newcomer(number));
      EXPECT_TRUE(std::ranges::equal(LatentsProbe::utilities(a), LatentsProbe::utilities(b)));
    }
  }
}

TEST_F(PopulationFileTest, latents_and_observables_are_separate_groups) {
  write_population(path_, fitted());
  const Hdf5File file = Hdf5File::open(path_);
  const std::vector<std::string> groups = file.children("/");
  EXPECT_THAT(groups, ::testing::IsSupersetOf({"observables", "latents", "roles", "card"}));
  EXPECT_THAT(file.children("/observables"), ::testing::UnorderedElementsAre("attribute_names", "attributes", "pool"));
}

TEST_F(PopulationFileTest, damage_is_one_clear_error) {
  const auto damage = [&](const auto& change) {
    write_population(path_, fitted());
    {
      Hdf5File file = Hdf5File::open_to_append(path_);
      change(file);
      file.close();
    }
    EXPECT_THROW(read_population(path_), DataError);
  };
  damage([](Hdf5File& f) { f.write_attribute("/", "format_version", std::int64_t{99}); });
  damage([](Hdf5File& f) { f.write_attribute("/", "format", std::string_view("something else")); });
  damage([](Hdf5File& f) { f.write_attribute("/latents/0", "dimension", std::int64_t{3}); });
  damage([](Hdf5File& f) { f.write_attribute("/latents/0", "kind", std::string_view("magic")); });
  damage([](Hdf5File& f) { f.write_attribute("/latents", "group_field", std::int64_t{7}); });
  damage([](Hdf5File& f) { f.write_attribute("/latents", "worlds", std::int64_t{-1}); });
  damage([](Hdf5File& f) { f.write_attribute("/observables", "users_per_period", std::int64_t{0}); });
}

TEST_F(PopulationFileTest, truncated_and_foreign_files_are_refused) {
  EXPECT_THROW(read_population(folder_ / "missing.h5"), Error);
  std::ofstream(path_) << "not HDF5";
  EXPECT_THROW(read_population(path_), Error);
  write_population(path_, fitted());
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  EXPECT_THROW(read_population(path_), Error);
}

TEST(Population, the_card_tells_what_the_users_of_this_source_did) {
  Dataset data = invented_dataset(60, 12, 1);
  data.interactions = {};
  // User u has u % 4 + 2 interactions; every fifth comes back the day after, the others within an hour.
  for (std::uint32_t u = 0; u < 60; ++u) {
    for (std::uint32_t k = 0; k < u % 4 + 2; ++k) {
      data.interactions.user.emplace_back(u);
      data.interactions.item.emplace_back((u + k) % 12);
      data.interactions.timestamp.push_back(1'000'000 + k * (u % 5 == 0 ? 86'400 : 600));
    }
  }
  sort_interactions(data);
  PopulationOptions options = quick_options();
  options.attributes.clear();
  options.group.clear();
  options.tastes = {"topics"};
  options.bootstraps = 0;
  const auto plain = [](std::span<const std::string>, std::span<const std::string>) { return std::string("x"); };
  const Population population =
      make_population(data, Roles(data, RoleOptions{}), Likes(data, LikeOptions{}), options, plain, "x");
  const auto evidence = [&](const char* name) {
    const auto entry = std::ranges::find(population.card, name, &CardEntry::name);
    return entry == population.card.end() ? std::string("no such entry") : entry->evidence;
  };
  EXPECT_THAT(evidence("session length"), ::testing::HasSubstr("80 % of its users did all of it within an hour"));
  EXPECT_THAT(evidence("users with little activity"), ::testing::HasSubstr("fewer than 2 interactions"));
  EXPECT_EQ(evidence("softmax.group_bias"), "no such entry");
}

TEST(Population, other_items_are_refused) {
  EXPECT_NO_THROW(require_same_items(fitted(), invented_dataset(10, 25, 2)));
  EXPECT_THROW(require_same_items(fitted(), invented_dataset(10, 24, 2)), DataError);
}

TEST(ChoiceCalibration, both_policies_reach_their_click_rates) {
  const Population population = small_population(60, 2);
  const Newcomers newcomers(population, population.world("softmax-0"), 1.0);
  for (const char* model : {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"}) {
    SimulationOptions options;
    options.user_model = model;
    options.slate_size = 5;
    options.popular_click_rate = 0.12;  // what so small a world can reach
    options.popular_click_rate = 0.12;
    const ChoiceCalibration solved = calibrate_choices(newcomers, small_catalogue(60), options);
    EXPECT_NEAR(solved.reached.random, 0.08, 1e-6) << model;
    EXPECT_NEAR(solved.reached.popular, 0.12, 1e-6) << model;
    EXPECT_GT(solved.scale.scale, 0.0);
  }
}

TEST(ChoiceCalibration, without_popularity_the_scale_of_the_fitted_world_is_kept) {
  const Population population = small_population(60, 2);
  SimulationOptions options;
  options.slate_size = 5;
  options.popular_click_rate = 0.12;
  const ChoiceCalibration full = calibrate_choices_for(population, small_catalogue(60), options);
  options.lambda = 0.0;
  const ChoiceCalibration none = calibrate_choices_for(population, small_catalogue(60), options);
  EXPECT_EQ(none.scale.scale, full.scale.scale);
  EXPECT_NEAR(none.reached.random, 0.08, 1e-6);
  EXPECT_LT(none.reached.popular, 0.11);
}

TEST(ChoiceCalibration, unreachable_rates_name_the_range) {
  const Population population = small_population(12, 2);
  const Newcomers newcomers(population, population.world("softmax-0"), 1.0);
  SimulationOptions options;
  options.slate_size = 12;  // every slate holds everything: no policy is better
  try {
    calibrate_choices(newcomers, small_catalogue(12), options);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("popular_click_rate"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("between 0.08"));
  }
}

TEST(PopulationOptions, cross_field_rules) {
  PopulationOptions options;
  EXPECT_TRUE(options.validate().empty());
  options.group = "height";
  options.tastes = {"sour"};
  options.dimensions = {0};
  options.topics = {1};
  EXPECT_EQ(options.validate().size(), 4u);
  SimulationOptions simulation;
  EXPECT_TRUE(simulation.validate().empty());
  simulation.random_click_rate = 0.5;
  simulation.dbn_satisfaction_gain = 0.8;
  simulation.policies = {"psychic"};
  EXPECT_EQ(simulation.validate().size(), 3u);
}

TEST_F(PopulationFileTest, synthetic_items_stand_behind_those_of_the_data_set) {
  Dataset data = invented_dataset(60, 12, 1);
  AttributeColumn genres{"genres", AttributeKind::multi, {}, {}, {}}, year{"year", AttributeKind::number, {}, {}, {}};
  for (std::size_t i = 0; i < 12; ++i) {
    genres.values.push_back(i % 2 == 0 ? std::vector<std::string>{"Drama"}
                                       : std::vector<std::string>{"Comedy", "Farce"});
    year.numbers.push_back(i == 3 ? std::nan("") : 1990.0 + static_cast<double>(i));
  }
  data.items.columns.push_back(genres);
  data.items.columns.push_back(year);
  PopulationOptions options = quick_options();
  options.tastes = {"softmax", "topics"};
  const Population plain =
      make_population(data, Roles(data, RoleOptions{}), Likes(data, LikeOptions{}), options, render, "T");
  Population population = plain;
  enlarge_population(population, data, 8);
  write_population(path_, population);
  const Population read = read_population(path_);
  EXPECT_EQ(read.item_ids.size(), 20u);
  EXPECT_EQ(read.item_ids[12], "synthetic-1");
  EXPECT_EQ(read.synthetic_items.ids, population.synthetic_items.ids);
  for (std::size_t c = 0; c < data.items.columns.size(); ++c) {
    const AttributeColumn &a = population.synthetic_items.columns[c], &b = read.synthetic_items.columns[c];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.kind, b.kind);
    for (std::size_t n = 0; n < 8; ++n) EXPECT_EQ(a.cell(n, "|"), b.cell(n, "|"));
  }
  for (std::size_t i = 12; i < 20; ++i) EXPECT_EQ(read.world_popularity[i], 0u);
  for (const World& world : read.latents.worlds) {
    const Newcomers newcomers(read, world, 1.0);
    const Latents latents = newcomers.latents(newcomers.newcomer(1));
    EXPECT_EQ(LatentsProbe::utilities(latents).size(), 20u);
    for (const double utility : LatentsProbe::utilities(latents)) EXPECT_TRUE(std::isfinite(utility)) << world.name();
  }
  EXPECT_TRUE(
      std::ranges::any_of(read.card, [](const CardEntry& entry) { return entry.name == "softmax.synthetic_items"; }));
  // Only who adds them to the data set can use it.
  try {
    require_same_items(read, data);
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("8 synthetic items"));
  }
  append_items(data, read.synthetic_items);
  EXPECT_NO_THROW(require_same_items(read, data));
  // Among the old items tastes are what they were, and nothing is added twice.
  const auto& p = std::get<SoftmaxParameters>(plain.latents.worlds[0].parameters);
  const auto& q = std::get<SoftmaxParameters>(read.latents.worlds[0].parameters);
  EXPECT_NEAR(p.item_bias[5] - p.item_bias[2], q.item_bias[5] - q.item_bias[2], 1e-9);
  EXPECT_THROW(enlarge_population(population, data, 8), ConfigError);
}

TEST(Population, a_chain_is_left_as_it_was_when_synthetic_items_are_refused) {
  Population population = fitted();
  EXPECT_THROW(enlarge_population(population, invented_dataset(200, 25, 1), 5), ConfigError);
  EXPECT_EQ(population.item_ids.size(), 25u);
  EXPECT_EQ(std::get<SoftmaxParameters>(population.latents.worlds[0].parameters).items, 25u);
}

}  // namespace
}  // namespace coldframe
