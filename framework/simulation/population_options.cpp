#include "framework/simulation/population_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "framework/simulation/world.h"

namespace coldframe {

void PopulationOptions::describe(OptionVisitor& v) {
  v.visit({.name = "path", .doc = "population file to write or read"}, path);
  v.visit({.name = "seed", .doc = "seed of newcomers, fits and bootstrap", .minimum = 0}, seed);
  v.visit({.name = "attributes", .doc = "user attributes newcomers have"}, attributes);
  v.visit({.name = "group", .doc = "attribute that item biases may depend on; empty for none"}, group);
  v.visit({.name = "bands", .doc = "bands of a numeric attribute", .minimum = 1, .maximum = 100}, bands);
  v.visit(
      {.name = "minimum_level_count", .doc = "rarer categories are merged into 'other'", .unit = "users", .minimum = 1},
      minimum_level_count);
  v.visit({.name = "attribute_smoothing",
           .doc = "pseudo-users that draw conditional attribute laws to the margin",
           .unit = "users",
           .minimum = 0,
           .minimum_exclusive = true},
          attribute_smoothing);
  v.visit({.name = "profile_pool", .doc = "distinct profiles newcomers are drawn from", .minimum = 1, .maximum = 1e6},
          profile_pool);
  v.visit(
      {.name = "user_template",
       .doc =
           "template of newcomers' texts, disjoint from those encoders are trained on; empty: text.user of each run"},
      user_template);
  v.visit({.name = "missing_share",
           .doc = "share of profile values that newcomers leave out (assumed); their tastes stay",
           .minimum = 0,
           .maximum = 1},
          missing_share);
  v.visit({.name = "typo_share",
           .doc = "share of profile values with one wrong letter (assumed); their tastes stay",
           .minimum = 0,
           .maximum = 1},
          typo_share);
  v.visit({.name = "users_per_period", .doc = "newcomers per period", .minimum = 1}, users_per_period);
  v.visit({.name = "period_seconds", .doc = "length of a period", .unit = "seconds", .minimum = 1, .maximum = 1e9},
          period_seconds);
  v.visit({.name = "start", .doc = "start of the first period", .unit = "unix seconds", .minimum = 0, .maximum = 1e11},
          start);
  v.visit({.name = "tastes", .doc = "kinds of world: softmax, topics, chain"}, tastes);
  v.visit({.name = "bootstraps",
           .doc = "refits on bootstrapped users per kind of world; 10 for claims",
           .minimum = 0,
           .maximum = 10000},
          bootstraps);
  v.visit({.name = "dimensions", .doc = "latent dimensions of the softmax world to choose from"}, dimensions);
  v.visit({.name = "factor_ridges", .doc = "ridges of its item factors to choose from"}, factor_ridges);
  v.visit({.name = "topics", .doc = "numbers of topics of the topic world to choose from"}, topics);
  v.visit(
      {.name = "chain_length", .doc = "hidden anchors of a newcomer in the chain world", .minimum = 1, .maximum = 64},
      chain_length);
  v.visit({.name = "neighbours", .doc = "links per anchor of the chain world to choose from"}, neighbours);
  v.visit({.name = "link_ridges", .doc = "ridges of its links to choose from"}, link_ridges);
  v.visit({.name = "group_ridge",
           .doc = "ridge of the item biases per group (chain: and per attribute)",
           .minimum = 0,
           .minimum_exclusive = true},
          group_ridge);
  v.visit({.name = "effect_ridge",
           .doc = "ridge of the effect of attributes on taste",
           .minimum = 0,
           .minimum_exclusive = true},
          effect_ridge);
  v.visit({.name = "pseudo_count", .doc = "likes added to every item", .minimum = 0, .minimum_exclusive = true},
          pseudo_count);
  v.visit(
      {.name = "held_out_share", .doc = "share of W that chooses dimension and scale", .minimum = 0.05, .maximum = 0.5},
      held_out_share);
  v.visit({.name = "iterations",
           .doc = "largest number of L-BFGS iterations of the softmax and chain worlds",
           .minimum = 1,
           .maximum = 10000},
          iterations);
}

std::vector<Problem> PopulationOptions::validate() const {
  std::vector<Problem> problems;
  if (!group.empty() && std::find(attributes.begin(), attributes.end(), group) == attributes.end()) {
    problems.push_back({"group", "(must be one of population.attributes) add it there or leave it empty"});
  }
  auto sorted = attributes;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    problems.push_back({"attributes", "(an attribute is named twice) name each once"});
  }
  if (tastes.empty()) problems.push_back({"tastes", "(at least one kind of world is needed) try softmax"});
  for (const std::string& kind : tastes) {
    if (std::find(std::begin(k_world_kinds), std::end(k_world_kinds), kind) == std::end(k_world_kinds)) {
      problems.push_back(
          {"tastes", fmt::format("holds '{}' (unknown kind of world) use {}", kind, fmt::join(k_world_kinds, ", "))});
    }
    if (std::count(tastes.begin(), tastes.end(), kind) > 1) {
      problems.push_back(
          {"tastes", fmt::format("holds '{}' more than once (worlds are named by their kind) name it once", kind)});
      break;
    }
  }
  if (dimensions.empty() ||
      std::any_of(dimensions.begin(), dimensions.end(), [](auto d) { return d < 1 || d > 256; })) {
    problems.push_back({"dimensions", "(needs whole numbers from 1 to 256) try 2 4"});
  }
  if (factor_ridges.empty() ||
      std::any_of(factor_ridges.begin(), factor_ridges.end(), [](double r) { return !(r > 0); })) {
    problems.push_back({"factor_ridges", "(needs numbers above 0) try 2 8"});
  }
  if (topics.empty() || std::any_of(topics.begin(), topics.end(), [](auto t) { return t < 2 || t > 256; })) {
    problems.push_back({"topics", "(needs whole numbers from 2 to 256) try 4 8"});
  }
  if (neighbours.empty() ||
      std::any_of(neighbours.begin(), neighbours.end(), [](auto n) { return n < 1 || n > 4096; })) {
    problems.push_back({"neighbours", "(needs whole numbers from 1 to 4096) try 8 32"});
  }
  if (link_ridges.empty() || std::any_of(link_ridges.begin(), link_ridges.end(), [](double r) { return !(r > 0); })) {
    problems.push_back({"link_ridges", "(needs numbers above 0) try 2 8"});
  }
  return problems;
}

AttributeLawOptions PopulationOptions::attribute_law() const {
  return {attributes, bands, minimum_level_count, attribute_smoothing};
}

}  // namespace coldframe
