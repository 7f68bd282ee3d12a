#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/simulation/attribute_law.h"

namespace coldframe {

/// The `[population]` section: which worlds are fitted on W, and who the newcomers are.
struct PopulationOptions final : Options {
  std::string path;  // population file
  std::int64_t seed = 1;
  // newcomers
  std::vector<std::string> attributes = {"age", "gender", "occupation"};
  std::string group = "gender";  // the attribute that item biases may depend on; empty: none
  std::int64_t bands = 5;
  std::int64_t minimum_level_count = 5;
  double attribute_smoothing = 10.0;
  std::int64_t profile_pool = 512;
  std::string user_template;  // of newcomers' texts; empty: that of the encoder's training
  double missing_share = 0;
  double typo_share = 0;
  std::int64_t users_per_period = 1000;
  double period_seconds = 604800;
  std::int64_t start = 1'577'836'800;  // 2020-01-01
  // worlds
  std::vector<std::string> tastes = {"softmax", "topics"};
  std::int64_t bootstraps = 0;
  std::vector<std::int64_t> dimensions = {2, 4};
  std::vector<double> factor_ridges = {2.0, 8.0};
  std::vector<std::int64_t> topics = {4, 8};
  std::int64_t chain_length = 3;
  std::vector<std::int64_t> neighbours = {8, 32};
  std::vector<double> link_ridges = {2.0, 8.0};
  double group_ridge = 20.0;
  double effect_ridge = 10.0;
  double pseudo_count = 0.3;
  double held_out_share = 0.2;
  std::int64_t iterations = 80;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
  AttributeLawOptions attribute_law() const;
};

}  // namespace coldframe
