#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "framework/simulation/population.h"
#include "framework/simulation/world.h"

namespace coldframe {
namespace {

std::vector<std::vector<std::string>> read_rows(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, '\t');) rows.back().push_back(field);
  }
  return rows;
}

/// MovieLens-100K by the shortest path: the importer has tests of its own.
Dataset read_movielens(const std::filesystem::path& folder) {
  Dataset data;
  data.meta.name = "movielens-100k";
  AttributeColumn age{"age", AttributeKind::number, {}, {}, {}};
  AttributeColumn gender{"gender", AttributeKind::category, {}, {}, {}};
  AttributeColumn occupation{"occupation", AttributeKind::category, {}, {}, {}};
  std::map<std::string, std::uint32_t> user_rows, item_rows;
  for (const auto& row : read_rows(folder / "ml-100k.user")) {
    user_rows[row[0]] = static_cast<std::uint32_t>(data.users.ids.size());
    data.users.ids.push_back(row[0]);
    age.numbers.push_back(std::stod(row[1]));
    gender.texts.push_back(row[2]);
    occupation.texts.push_back(row[3]);
  }
  data.users.columns = {age, gender, occupation};
  for (const auto& row : read_rows(folder / "ml-100k.item")) {
    item_rows[row[0]] = static_cast<std::uint32_t>(data.items.ids.size());
    data.items.ids.push_back(row[0]);
  }
  for (const auto& row : read_rows(folder / "ml-100k.inter")) {
    data.interactions.user.emplace_back(user_rows.at(row[0]));
    data.interactions.item.emplace_back(item_rows.at(row[1]));
    data.interactions.rating.push_back(std::stof(row[2]));
    data.interactions.timestamp.push_back(std::stoll(row[3]));
  }
  data.item_available_from.assign(data.items.size(), Dataset::k_always);
  data.item_available_to.assign(data.items.size(), Dataset::k_forever);
  sort_interactions(data);
  return data;
}

class MovieLensWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* deps = std::getenv("COLDFRAME_DEPS_DIR");
    const std::filesystem::path folder = std::filesystem::path(deps == nullptr ? "" : deps) / "movielens-100k";
    if (!std::filesystem::exists(folder / "ml-100k.inter")) GTEST_SKIP() << "no MovieLens-100K in " << folder;
    data_ = read_movielens(folder);
  }
  Dataset data_;
};

TEST_F(MovieLensWorld, both_tastes_beat_unigram_on_held_out_users_within_seconds) {
  const Roles roles(data_, RoleOptions{});
  const Likes likes(data_, LikeOptions{});
  PopulationOptions options;
  const auto render = [](std::span<const std::string>, std::span<const std::string> values) {
    std::string text;
    for (const std::string& value : values) text += value + " ";
    return text;
  };
  const std::clock_t start = std::clock();
  const Population population = make_population(data_, roles, likes, options, render, "{age} {gender} {occupation}");
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;  // of all cores together
  RecordProperty("seconds", std::to_string(seconds));
  for (const CardEntry& entry : population.card) {
    std::cout << entry.name << ": " << entry.value << " (" << entry.evidence << ")\n";
  }
  std::cout << "seconds " << seconds << "\n";
  ASSERT_EQ(population.latents.worlds.size(), 2u);

  // Held-out users of W under worlds that never saw them.
  const WorldData all = make_world_data(data_, roles.users(Role::world), likes, population.observables.law,
                                        population.latents.group_field);
  const WorldSplit split = split_world_data(all, 1, 0.2);
  const double unigram = unigram_log_likelihood(split.fit, split.held_out, options.pseudo_count);
  SoftmaxFitOptions softmax;
  const SoftmaxFit fit = fit_softmax(split.fit, softmax);
  EXPECT_GT(softmax_log_likelihood(fit.parameters, split.held_out), unigram);
  const TopicFit topics = fit_topics(split.fit, TopicFitOptions{});
  EXPECT_GT(held_out_log_likelihood(*make_topic_taste(topics.parameters, 1.0), split.held_out, 1000, 1), unigram);
}

TEST_F(MovieLensWorld, newcomers_are_nobody_in_particular) {
  const Roles roles(data_, RoleOptions{});
  AttributeLawOptions options{{"age", "gender", "occupation"}, 5, 5, 10.0};
  const AttributeLaw law = AttributeLaw::fit(data_, roles.users(Role::world), options);
  for (const AttributeField& field : law.fields()) {
    for (std::size_t level = 0; level < field.levels.size(); ++level) {
      std::size_t people = 0;
      for (const UserId user : roles.users(Role::world))
        people += law.levels_of(data_, user)[&field - law.fields().data()] == level;
      EXPECT_GE(people, field.levels[level] == k_other_level ? 1u : 5u) << field.name << " " << field.levels[level];
    }
  }
}

}  // namespace
}  // namespace coldframe
