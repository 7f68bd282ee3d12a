#include "framework/simulation/detail/population_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace coldframe::detail {
namespace {

double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

std::string error_text(const std::vector<SoftmaxParameters>& errors, std::vector<double> SoftmaxParameters::*part) {
  if (errors.empty()) return "standard error unknown: fewer than two bootstrap refits";
  return fmt::format("bootstrap standard error {:.3f} (root mean square)", root_mean_square(errors[0].*part));
}

void add_softmax(const SoftmaxParameters& p, const std::vector<SoftmaxParameters>& errors,
                 std::vector<CardEntry>& card) {
  const auto add = [&](const char* name, std::vector<double> SoftmaxParameters::*part) {
    card.push_back({name, Identifiability::fitted, fmt::format("root mean square {:.3f}", root_mean_square(p.*part)),
                    error_text(errors, part)});
  };
  card.push_back(
      {"softmax.dimension", Identifiability::fitted, std::to_string(p.dimension), "by held-out likelihood inside W"});
  add("softmax.item_bias", &SoftmaxParameters::item_bias);
  if (p.groups > 1) add("softmax.group_bias", &SoftmaxParameters::group_bias);
  add("softmax.item_factors", &SoftmaxParameters::item_factors);
  if (p.attribute_size > 0) add("softmax.attribute_effect", &SoftmaxParameters::attribute_effect);
}

void add_chain(const ChainParameters& p, std::vector<CardEntry>& card) {
  card.push_back({"chain.length", Identifiability::assumed, std::to_string(p.length), "sweep over 1 .. 5"});
  card.push_back(
      {"chain.links", Identifiability::fitted,
       fmt::format("{}, root mean square {:.3f}", p.link_item.size(), root_mean_square(p.link_strength)),
       "links per anchor and ridge by held-out likelihood inside W; their spread over the bootstrap refits is "
       "in the refits themselves"});
}

void add_assumed(std::vector<CardEntry>& card) {
  const auto add = [&](const char* name, const char* value, const char* range) {
    card.push_back({name, Identifiability::assumed, value, fmt::format("sweep over {}", range)});
  };
  add("lambda", "1", "0, 0.5, 1: ratings cannot tell popularity by taste from popularity by exposure");
  add("random_click_rate", "0.08", "0.02 .. 0.2");
  add("popular_click_rate", "0.3", "0.1 .. 0.5");
  add("user_model", "mnl", "mnl, iterated_logit, pbm, cascade, dcm, dbn");
  add("iterated_picks", "3", "1 .. 4");
  add("pbm_decay", "1", "0 .. 2");
  add("dcm_continue", "0.6", "0.2 .. 0.9");
  add("dcm_decay", "0.9", "0.5 .. 1");
  add("dbn_continue", "0.9", "0.5 .. 1");
  add("dbn_satisfaction", "0.3", "0 .. 0.8");
  add("dbn_satisfaction_gain", "0.5", "0 .. 0.7");
  add("leave_probability", "0", "0 .. 0.3");
  add("return_probability", "1", "0.3 .. 1");
  add("taste_drift", "0", "0 .. 0.2");
  add("satiation", "0", "0 .. 3");
  add("leave_satisfaction, return_satisfaction", "0", "0 .. 4");
  add("leave_fatigue", "0", "0 .. 0.5");
  add("session_budget_seconds", "0", "0 (none), 300 .. 1800");
  add("mix_drift.weights", "none", "0.3 .. 3 for levels that matter");
  add("data.new_item_share", "0", "0 .. 0.3");
  add("catalogue_churn.leave_share", "0", "0 .. 0.3");
  add("vocabulary_drift.user_template", "none", "templates written by different people");
  add("onboarding.like_rate", "0.3", "0.1 .. 0.6");
  add("onboarding.familiarity", "1", "0 (everything is known), 0.3 .. 3");
  add("ads.positions", "none", "the places that a page would sell");
  add("ads.median_price, ads.price_sigma", "1, 1",
      "a median only scales revenue; 0 .. 2 for the spread, or prices of a file");
  add("ads.click_value", "0", "0 .. 10 times the median price");
  add("search.share", "0", "0 .. 0.5");
  add("search.intent_gain", "3", "0 .. 6");
  add("search.typo_share", "0", "0 .. 0.3");
}

void add_unknowable(std::vector<CardEntry>& card) {
  const auto add = [&](const char* name, const char* why) {
    card.push_back({name, Identifiability::not_identifiable, "", why});
  };
  add("click-through by position", "ratings hold no slates and no positions");
  add("prices of clicks", "a rating log holds no ads and no money");
  add("queries", "a rating log does not say what was searched for");
  add("leaving and return", "a rating log does not show visits without ratings");
}

}  // namespace

std::vector<CardEntry> make_card(const Population& population, const std::vector<WorldTrial>& trials,
                                 double unigram_held_out, std::size_t world_users) {
  std::vector<CardEntry> card;
  card.push_back({"world users", Identifiability::fitted, std::to_string(world_users),
                  "role W, SHA-256 " + population.world_users.fingerprint});
  card.push_back({"held-out log-likelihood per like, unigram", Identifiability::fitted,
                  fmt::format("{:.4f}", unigram_held_out), "the floor"});
  for (const WorldTrial& trial : trials) {
    const std::string ridge = trial.ridge > 0 ? fmt::format(", ridge {}", trial.ridge) : "";
    card.push_back({fmt::format("held-out log-likelihood per like, {} of size {}{}", trial.kind, trial.size, ridge),
                    Identifiability::fitted, fmt::format("{:.4f}", trial.held_out),
                    fmt::format("{:+.4f} against unigram", trial.held_out - unigram_held_out)});
  }
  for (const World& world : population.latents.worlds) {
    if (world.replicate > 0) continue;
    if (const auto* softmax = std::get_if<SoftmaxParameters>(&world.parameters)) {
      add_softmax(*softmax, population.latents.standard_errors, card);
    } else if (const auto* topics = std::get_if<TopicParameters>(&world.parameters)) {
      card.push_back(
          {"topics.count", Identifiability::fitted, std::to_string(topics->topics), "by held-out likelihood inside W"});
    } else {
      add_chain(std::get<ChainParameters>(world.parameters), card);
    }
  }
  for (const AttributeField& field : population.observables.law.fields()) {
    const std::string value =
        field.parent < 0 ? "margin of W"
                         : "given " + population.observables.law.fields()[static_cast<std::size_t>(field.parent)].name;
    card.push_back({"attribute law: " + field.name, Identifiability::fitted, value,
                    fmt::format("{} levels, smoothed; largest standard error of a share {:.3f}", field.levels.size(),
                                0.5 / std::sqrt(static_cast<double>(std::max<std::size_t>(world_users, 1))))});
  }
  add_assumed(card);
  add_unknowable(card);
  return card;
}

namespace {

constexpr std::int64_t k_bulk_seconds = 3600;

/// How the users of the source rated: what their log cannot tell follows from it.
struct Activity {
  std::size_t users = 0;    // with interactions
  std::size_t in_bulk = 0;  // all of theirs within k_bulk_seconds
  std::size_t fewest = 0;   // interactions of the least active one
};

Activity activity_of(const Interactions& log, std::size_t users) {
  struct User {
    std::size_t count = 0;
    std::int64_t first = 0, last = 0;
  };
  std::vector<User> all(users);
  for (std::size_t row = 0; row < log.size(); ++row) {
    User& user = all[log.user[row].value()];
    const std::int64_t time = log.timed() ? log.timestamp[row] : 0;
    user.first = user.count == 0 ? time : std::min(user.first, time);
    user.last = user.count == 0 ? time : std::max(user.last, time);
    ++user.count;
  }
  Activity activity;
  for (const User& user : all) {
    if (user.count == 0) continue;
    activity.fewest = activity.users == 0 ? user.count : std::min(activity.fewest, user.count);
    ++activity.users;
    activity.in_bulk += user.last - user.first <= k_bulk_seconds ? 1 : 0;
  }
  return activity;
}

}  // namespace

void add_source_facts(const Dataset& data, const PopulationOptions& options, std::vector<CardEntry>& card) {
  const auto unknown = [&](const char* name, std::string why) {
    card.push_back({name, Identifiability::not_identifiable, "", std::move(why)});
  };
  const Activity activity = activity_of(data.interactions, data.users.size());
  if (data.interactions.timed()) {
    unknown("session length",
            fmt::format("the log holds what was rated, not visits; {:.0f} % of its users did all of it "
                        "within an hour",
                        activity.users == 0
                            ? 0.0
                            : 100.0 * static_cast<double>(activity.in_bulk) / static_cast<double>(activity.users)));
    unknown("satiation and drift", "times are when a rating was entered, not when an item was consumed");
  } else {
    unknown("session length, satiation and drift", "n/a: the source has no times");
  }
  if (activity.fewest > 1) {
    unknown("users with little activity",
            fmt::format("nobody in the source has fewer than {} interactions", activity.fewest));
  }
  const bool rated = !data.interactions.implicit();
  card.push_back(
      {"likes", Identifiability::assumed, rated ? "ratings at or above data.like_threshold" : "every interaction",
       rated ? "sweep over thresholds of the rating scale" : "n/a: the source has no ratings to set a bar on"});
  if (!data.interactions.timed()) {
    unknown("order of likes", "n/a: the source has no times; keyed hashes order them");
  }
  if (options.attributes.empty()) {
    unknown("attributes", data.users.columns.empty() ? "n/a: the source says nothing about its users"
                                                     : "n/a: population.attributes is empty");
  } else if (options.group.empty()) {
    unknown("item biases by group", "n/a: population.group is empty");
  }
  card.push_back({"missing_share, typo_share", Identifiability::assumed,
                  fmt::format("{}, {}", options.missing_share, options.typo_share),
                  "sweep over 0 .. 0.5: what real newcomers leave out is not in the source"});
}

}  // namespace coldframe::detail
