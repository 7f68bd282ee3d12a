#include "framework/simulation/policy_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/command_line.h"
#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/policy_name.h"
#include "framework/simulation/simulation_options.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

PolicyEntry entry(std::string name, PolicyHistory history = PolicyHistory::ignored) {
  return {std::move(name), "shows anything", PolicyTeachers::nobody, history, [](const PolicyMaking& making) {
            return std::make_shared<RandomPolicy>(making.name, making.seed, making.catalogue);
          }};
}

PolicyRegistry two() {
  PolicyRegistry registry;
  registry.add(entry("shuffle"));
  registry.add(entry("reader-2", PolicyHistory::read));
  return registry;
}

std::string refusal(PolicyRegistry& registry, std::string name) {
  try {
    registry.add(entry(std::move(name)));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "taken";
}

TEST(PolicyRegistry, knows_what_was_added_and_refuses_names_that_could_be_mistaken) {
  PolicyRegistry registry = two();
  EXPECT_THAT(registry.names(), ElementsAre("reader-2", "shuffle"));
  ASSERT_NE(registry.find("shuffle"), nullptr);
  EXPECT_EQ(registry.find("shuffle")->summary, "shows anything");
  EXPECT_EQ(registry.find("popularity"), nullptr);
  for (const char* taken : {"shuffle", "popularity", "encoder"}) {
    EXPECT_THAT(refusal(registry, taken), HasSubstr("choose another name")) << taken;
  }
  EXPECT_THAT(refusal(registry, "bandit_mine"), HasSubstr("from period to period"));
  for (const char* unwritable : {"", "a b", "a,b", "softmax:a", "epsilon=1", "caf\xC3\xA9"}) {
    EXPECT_THAT(refusal(registry, unwritable), HasSubstr("use letters, digits, _ and -")) << unwritable;
  }
}

TEST(PolicyRegistry, its_names_stand_in_configurations_like_any_other) {
  const PolicyRegistry registry = two();
  for (const char* fine : {"shuffle", "epsilon=0.2:shuffle", "softmax:shuffle", "onboard:random:2:epsilon:reader-2"}) {
    EXPECT_EQ(parse_policy_name(fine, &registry).mistake, "") << fine;
    EXPECT_THAT(parse_policy_name(fine).mistake, Not("")) << fine;
  }
  EXPECT_EQ(policy_named("epsilon=0.2:shuffle", "x", &registry).base, "shuffle");
  EXPECT_THAT(parse_policy_name("shufle", &registry).mistake, HasSubstr("encoder, reader-2, shuffle, file:PATH"));
  const std::string blind = parse_policy_name("onboard:random:2:shuffle", &registry).mistake;
  EXPECT_THAT(blind, HasSubstr("shuffle does not look at what users like"));
  EXPECT_THAT(blind, HasSubstr("informed_oracle, reader-2"));
  EXPECT_THAT(blind, Not(HasSubstr("informed_oracle, shuffle")));
}

TEST(PolicyRegistry, options_take_its_names_and_list_them) {
  const PolicyRegistry registry = two();
  SimulationOptions options;
  options.policies = {"random", "shuffle"};
  ASSERT_EQ(options.validate().size(), 1u);
  options.own_policies = &registry;
  EXPECT_TRUE(options.validate().empty());
  EXPECT_THAT(options_help(options), HasSubstr("bandit_thompson, reader-2, shuffle, file:PATH"));
}

TEST(PolicyRegistry, a_policy_has_to_be_made_and_to_call_itself_by_its_name) {
  const Catalogue catalogue = small_catalogue(5);
  const EntityTable items, profiles;
  PolicyEntry fine = entry("shuffle");
  const PolicyMaking making{fine.name, items, profiles, catalogue, 3};
  EXPECT_EQ(make_policy(fine, making)->name(), "shuffle");
  PolicyEntry nothing = fine, stranger = fine;
  nothing.make = [](const PolicyMaking&) { return nullptr; };
  stranger.make = [](const PolicyMaking& m) { return std::make_shared<RandomPolicy>("chance", m.seed, m.catalogue); };
  EXPECT_THROW(make_policy(nothing, making), ConfigError);
  try {
    make_policy(stranger, making);
    FAIL() << "a policy of another name";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("policy 'shuffle' calls itself 'chance'"));
  }
}

}  // namespace
}  // namespace coldframe
