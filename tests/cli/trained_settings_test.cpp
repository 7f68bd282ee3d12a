#include "framework/cli/trained_settings.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/cli/experiment.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

/// As a run folder stores it.
Json stored(const std::vector<std::string>& overrides = {}) {
  Experiment experiment;
  ConfigSchema schema;
  experiment.add_to(schema);
  std::vector<std::string> all = {"data.path=data.h5"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return to_json(load_config(schema, {{}, all}));
}

TEST(TrainedSettings, an_option_that_came_later_stands_at_its_default) {
  const Json now = stored();
  Json before = now;
  before["training"].erase("text_noise");
  before.erase("adversarial");
  before.erase("continual");
  EXPECT_NE(before, now);
  EXPECT_EQ(trained_settings(before), trained_settings(now));
  EXPECT_NE(trained_settings(before), trained_settings(stored({"training.text_noise=typos"})));
}

TEST(TrainedSettings, options_of_a_strategy_may_be_written_or_left_at_their_defaults) {
  const Json written = stored({"strategy.use=lora", "strategy.lora.rank=8"});
  Json older = written;
  older["strategy.lora"].erase("bias");
  EXPECT_EQ(trained_settings(written), trained_settings(stored({"strategy.use=lora"})));
  EXPECT_EQ(trained_settings(older), trained_settings(written));
  EXPECT_NE(trained_settings(stored({"strategy.lora.rank=4"})), trained_settings(written));
}

TEST(TrainedSettings, what_was_not_used_or_changes_no_result_is_no_difference) {
  const Json plain = trained_settings(stored({"strategy.use=lora"}));
  EXPECT_EQ(trained_settings(stored({"strategy.use=lora", "strategy.full.parameters=encoder.*"})), plain);
  EXPECT_EQ(trained_settings(stored({"strategy.use=lora", "distributed.threads=3", "checkpoint.every=7"})), plain);
  EXPECT_EQ(trained_settings(stored({"strategy.use=lora", "simulation.users=5"})), plain);
}

TEST(TrainedSettings, what_another_version_knew_still_counts) {
  Json other = stored();
  other["optimizer"]["momentum"] = 0.5;
  EXPECT_NE(trained_settings(other), trained_settings(stored()));
}

}  // namespace
}  // namespace coldframe
