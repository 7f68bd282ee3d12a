#include "framework/simulation/simulation_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "framework/simulation/iterated_logit.h"
#include "framework/simulation/policy_name.h"
#include "framework/simulation/policy_registry.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr double k_largest_count = 9e15;  // whole numbers a double can bound exactly

void describe_users(SimulationOptions& o, OptionVisitor& v) {
  v.visit({.name = "seed", .doc = "seed of what users do (who they are comes from the population)", .minimum = 0},
          o.seed);
  v.visit({.name = "users", .doc = "newcomers to replay", .minimum = 1, .maximum = k_largest_count}, o.users);
  v.visit({.name = "first_user", .doc = "number of the first newcomer", .minimum = 0, .maximum = k_largest_count},
          o.first_user);
  v.visit({.name = "sessions",
           .doc = "sessions per user at most",
           .minimum = 1,
           .maximum = SimulationRandom::k_sessions - 1.0},
          o.sessions);
  v.visit(
      {.name = "pages", .doc = "pages per session at most", .minimum = 1, .maximum = SimulationRandom::k_pages - 1.0},
      o.pages);
  v.visit({.name = "slate_size", .doc = "items on a page", .minimum = 1, .maximum = 1000}, o.slate_size);
  v.visit({.name = "given_likes", .doc = "likes known before the first page", .minimum = 0, .maximum = 1000},
          o.given_likes);
  v.visit({.name = "clicked_items",
           .doc = "what happens to a clicked item: leave or stay in the candidate set",
           .choices = {"leave", "stay"}},
          o.clicked_items);
}

void describe_choices(SimulationOptions& o, OptionVisitor& v) {
  v.visit({.name = "world", .doc = "kind and bootstrap replicate of the world, as in softmax-0"}, o.world);
  v.visit({.name = "lambda", .doc = "how far popularity is taste (1) or exposure (0)", .minimum = 0, .maximum = 1},
          o.lambda);
  v.visit({.name = "roles",
           .doc = "disjoint: refuse runs that learned from people of the world; closed_world: policies "
                  "learned from simulated logs only",
           .choices = {"disjoint", "closed_world"}},
          o.roles);
  v.visit({.name = "user_model",
           .doc = "how a page becomes clicks: multinomial logit, iterated logit, position-based, cascade, dependent "
                  "click, dynamic Bayesian network (mnl, iterated_logit, pbm, cascade, dcm, dbn), or one that the "
                  "program adds"},
          o.user_model);
  v.visit({.name = "random_click_rate",
           .doc = "share of pages of the random policy with a click (assumed)",
           .minimum = 0,
           .maximum = 0.99,
           .minimum_exclusive = true},
          o.random_click_rate);
  v.visit({.name = "popular_click_rate",
           .doc = "the same for the popularity policy (assumed)",
           .minimum = 0,
           .maximum = 0.99,
           .minimum_exclusive = true},
          o.popular_click_rate);
  v.visit({.name = "calibration_users",
           .doc = "newcomers on whom the click rates are solved",
           .minimum = 1,
           .maximum = 100000},
          o.calibration_users);
  v.visit({.name = "leave_probability", .doc = "to end the session after a page (assumed)", .minimum = 0, .maximum = 1},
          o.leave_probability);
  v.visit(
      {.name = "return_probability", .doc = "to come back for a next session (assumed)", .minimum = 0, .maximum = 1},
      o.return_probability);
  v.visit({.name = "page_seconds", .doc = "time per page", .unit = "seconds", .minimum = 0, .maximum = 1e6},
          o.page_seconds);
  v.visit({.name = "return_gap_seconds",
           .doc = "mean time between sessions",
           .unit = "seconds",
           .minimum = 0,
           .maximum = 1e9},
          o.return_gap_seconds);
}

void describe_user_models(SimulationOptions& o, OptionVisitor& v) {
  v.visit({.name = "iterated_picks", .doc = "clicks per page at most (assumed)", .minimum = 1, .maximum = 10},
          o.iterated_picks);
  v.visit({.name = "pbm_decay",
           .doc = "position k is examined with probability k^-decay (assumed)",
           .minimum = 0,
           .maximum = 10},
          o.pbm_decay);
  v.visit({.name = "dcm_continue",
           .doc = "probability to go on after a click at the first position (assumed)",
           .minimum = 0,
           .maximum = 1},
          o.dcm_continue);
  v.visit({.name = "dcm_decay", .doc = "factor on dcm_continue per position (assumed)", .minimum = 0, .maximum = 1},
          o.dcm_decay);
  v.visit(
      {.name = "dbn_continue", .doc = "probability to look at the next position (assumed)", .minimum = 0, .maximum = 1},
      o.dbn_continue);
  v.visit({.name = "dbn_satisfaction",
           .doc = "satisfaction by a clicked item without attraction (assumed)",
           .minimum = 0,
           .maximum = 1},
          o.dbn_satisfaction);
  v.visit({.name = "dbn_satisfaction_gain",
           .doc = "satisfaction added in proportion to the attraction (assumed)",
           .minimum = 0,
           .maximum = 1},
          o.dbn_satisfaction_gain);
}

/// Names of policies from outside the tree, for the help.
std::string own_names(const SimulationOptions& o) {
  if (o.own_policies == nullptr || o.own_policies->names().empty()) return {};
  return fmt::format("{}, ", fmt::join(o.own_policies->names(), ", "));
}

void describe_policies(SimulationOptions& o, OptionVisitor& v) {
  v.visit(
      {.name = "policies",
       .doc = fmt::format(
           "policies beside the encoders: {}, {}file:PATH; drawn at random by epsilon=SHARE: or softmax=TEMPERATURE: "
           "in front, also of encoder (those of the runs); a share of the places is kept for exploration by "
           "explore=SHARE: and for new items by fresh=SHARE:; bandit_RULE:encoder learns on vectors of the runs; "
           "newcomers are asked K items first by onboard:CHOOSER:K: before that ({}); sold places are filled by "
           "ads:RULE:POLICY ({})",
           fmt::join(std::span(k_policy_bases).first(std::size(k_policy_bases) - 1), ", "), own_names(o),
           fmt::join(k_question_choosers, ", "), fmt::join(k_ad_rules, ", "))},
      o.policies);
  v.visit({.name = "history_items", .doc = "newest likes in a user vector", .minimum = 0, .maximum = 1000},
          o.history_items);
  v.visit(
      {.name = "scoring",
       .doc = "how encoders find the best items of the catalogue: fp32, or int8 with fp32 for those that may be among "
              "them (the same items; needs AVX-512 VNNI, else fp32)",
       .choices = {"fp32", "int8"}},
      o.scoring);
  v.visit({.name = "oracle_draws", .doc = "prior draws of the informed oracle", .minimum = 1, .maximum = 1e6},
          o.oracle_draws);
  v.visit({.name = "oracle_candidates",
           .doc = "items the greedy informed oracle looks at closely",
           .minimum = 1,
           .maximum = 1e6},
          o.oracle_candidates);
  v.visit({.name = "bandit_dimension",
           .doc = "features of a profile that bandits see; more are projected",
           .minimum = 1,
           .maximum = 256},
          o.bandit_dimension);
  v.visit({.name = "bandit_ridge",
           .doc = "impressions without a click that every item of a bandit begins with",
           .minimum = 0,
           .maximum = 1e6,
           .minimum_exclusive = true},
          o.bandit_ridge);
  v.visit({.name = "bandit_width",
           .doc = "standard errors that bandit_ucb adds and bandit_thompson draws",
           .minimum = 0,
           .maximum = 100},
          o.bandit_width);
  v.visit({.name = "log_share",
           .doc = "share of users whose pages --log keeps, the same users for every policy",
           .minimum = 0,
           .maximum = 1,
           .minimum_exclusive = true},
          o.log_share);
  v.visit({.name = "threads", .doc = "worker threads; 0 for all cores", .minimum = 0, .maximum = 4096}, o.threads);
  v.visit({.name = "block_users",
           .doc = "users per unit of work (changes speed, not results)",
           .minimum = 1,
           .maximum = 1e6},
          o.block_users);
}

}  // namespace

void SimulationOptions::describe(OptionVisitor& visitor) {
  describe_users(*this, visitor);
  describe_choices(*this, visitor);
  describe_user_models(*this, visitor);
  describe_policies(*this, visitor);
}

std::vector<Problem> SimulationOptions::validate() const {
  std::vector<Problem> problems;
  if (!(random_click_rate < popular_click_rate)) {
    problems.push_back({"random_click_rate", fmt::format("(must be below simulation.popular_click_rate = {}) try 0.08",
                                                         popular_click_rate)});
  }
  if (dbn_satisfaction + dbn_satisfaction_gain > 1.0) {
    problems.push_back({"dbn_satisfaction_gain",
                        fmt::format("(with simulation.dbn_satisfaction = {} a probability could exceed 1) try {:.4g}",
                                    dbn_satisfaction, std::floor(1e4 * (1.0 - dbn_satisfaction)) / 1e4)});
  }
  const double beginnings = std::pow(static_cast<double>(slate_size), static_cast<double>(iterated_picks - 1));
  if (user_model == "iterated_logit" && beginnings > IteratedLogit::k_most_beginnings) {
    problems.push_back({"iterated_picks",
                        fmt::format("(with simulation.slate_size = {} a page has {:.0f} ordered beginnings, more than "
                                    "{:.0f}) use fewer picks",
                                    slate_size, beginnings, IteratedLogit::k_most_beginnings)});
  }
  for (const std::string& name : policies) {
    if (const std::string mistake = parse_policy_name(name, own_policies).mistake; !mistake.empty()) {
      problems.push_back({"policies", fmt::format("holds '{}' {}", name, mistake)});
    } else if (std::count(policies.begin(), policies.end(), name) > 1) {
      problems.push_back({"policies", fmt::format("holds '{}' more than once (results are told apart by name)", name)});
      break;
    }
  }
  return problems;
}

}  // namespace coldframe
