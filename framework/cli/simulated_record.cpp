#include "framework/cli/simulated_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/cli/simulation_text.h"
#include "framework/core/hash.h"
#include "framework/core/log.h"
#include "framework/simulation/informed_oracle.h"

namespace coldframe {
namespace {

std::vector<std::string> no_better_than_random(const ReplayResult& result) {
  std::vector<std::string> below;
  const auto random = std::ranges::find(result.policies, "random", &PolicyOutcome::policy);
  if (random == result.policies.end()) return below;
  for (const PolicyOutcome& outcome : result.policies) {
    if (&outcome == &*random || outcome.expected_rate() > random->expected_rate()) continue;
    below.push_back(outcome.policy);
    log_warning("{} is at or below the random policy", outcome.policy);
  }
  return below;
}

nlohmann::json runs_of(const Simulated& simulated) {
  nlohmann::json runs = nlohmann::json::array();
  for (const std::unique_ptr<StoredRun>& run : simulated.runs) {
    const nlohmann::json& summary = run->record().summary;
    runs.push_back({{"variant", summary.at("variant")},
                    {"fold", summary.at("fold")},
                    {"seed", summary.at("seed")},
                    {"digest", summary.value("digest", "")}});
  }
  return runs;
}

/// Whether the attainable ceiling is exact for its draws.
void add_ceiling(const Simulated& simulated, nlohmann::json& summary) {
  const SimulationOptions& simulation = simulated.experiment.simulation;
  const auto& policies = simulated.result.policies;
  if (std::ranges::find(policies, "informed oracle", &PolicyOutcome::policy) == policies.end()) return;
  const bool exact = InformedOracle::tries_all(
      simulated.catalogue.size(), static_cast<std::size_t>(simulation.slate_size), InformedOracleOptions());
  summary["informed_oracle"] = {{"draws", simulation.oracle_draws}, {"pages", exact ? "exact" : "greedy"}};
}

void add_answers(const Simulated& simulated, nlohmann::json& summary) {
  const OnboardingOptions& onboarding = simulated.experiment.onboarding;
  summary["onboarding"] = {{"like_rate", onboarding.like_rate},
                           {"familiarity", onboarding.familiarity},
                           {"bar", simulated.answers->scale().no_click}};
  for (const PolicyOutcome& outcome : simulated.result.policies) {
    const auto& [like, dislike, unknown] = outcome.answers;
    if (like + dislike + unknown == 0) continue;
    summary["answers"][outcome.policy] = {{"like", like}, {"dislike", dislike}, {"unknown", unknown}};
  }
}

void add_mix(const Simulated& simulated, nlohmann::json& summary) {
  const MixDriftOptions& drift = simulated.experiment.mix_drift;
  summary["mix_drift"] = {{"kind", drift.kind},
                          {"weights", drift.weights},
                          {"at_period", drift.at_period},
                          {"over_periods", drift.over_periods}};
  for (const PopulationMix::Share& share : simulated.mix->shares()) {
    summary["mix_shares"].push_back(
        {{"attribute", share.attribute}, {"level", share.level}, {"before", share.before}, {"after", share.after}});
  }
}

/// Until the first and the k_first_impressions-th impression, for items that arrived before the last newcomers' period
/// ended.
nlohmann::json waiting_times(const Simulated& simulated, const PolicyOutcome& outcome) {
  const PopulationObservables& known = simulated.population.observables;
  const PeriodClock clock{known.start, known.period_seconds};
  const auto last = static_cast<std::int64_t>(simulated.result.end) - 1;
  const std::int64_t end = clock.begin(known.users_per_period == 0 ? 1 : last / known.users_per_period + 1);
  nlohmann::json waiting = nlohmann::json::array();
  for (const std::size_t k : {std::size_t{1}, k_first_impressions}) {
    const WaitingTime time = waiting_time(outcome.new_item_impressions, simulated.catalogue, clock.begin(0), end, k);
    waiting.push_back({{"k", time.k}, {"items", time.items}, {"reached", time.reached}, {"median_days", nullptr}});
    if (time.median_seconds) waiting.back()["median_days"] = *time.median_seconds / 86400.0;
  }
  return waiting;
}

void add_catalogue(const Simulated& simulated, nlohmann::json& summary) {
  const CatalogueChurnOptions& churn = simulated.experiment.catalogue_churn;
  const DataOptions& data = simulated.experiment.data;
  const std::size_t synthetic = simulated.population.synthetic_items.size();
  if (data.new_item_share == 0 && churn.leave_share == 0 && synthetic == 0) return;
  summary["catalogue"] = {{"new_item_share", data.new_item_share},
                          {"role_seed", data.roles.seed},
                          {"arrive_at_period", churn.arrive_at_period},
                          {"arrive_over_periods", churn.arrive_over_periods},
                          {"leave_share", churn.leave_share},
                          {"leave_at_period", churn.leave_at_period},
                          {"leave_over_periods", churn.leave_over_periods}};
  if (synthetic > 0) summary["catalogue"]["synthetic_items"] = synthetic;
  if (!simulated.catalogue.any_new()) return;
  for (const PolicyOutcome& outcome : simulated.result.policies) {
    const NewItemCounts& fresh = outcome.new_items;
    summary["new_items"][outcome.policy] = {{"shown", fresh.shown},
                                            {"clicks", fresh.clicks},
                                            {"expected", fresh.expected.value()},
                                            {"waiting", waiting_times(simulated, outcome)}};
  }
}

nlohmann::json json_of(const Estimate& estimate) {
  nlohmann::json json = {{"value", estimate.value}};
  if (estimate.interval) json["interval"] = {estimate.interval->low, estimate.interval->high};
  return json;
}

void add_search(const Simulated& simulated, nlohmann::json& summary) {
  const SearchOptions& search = simulated.experiment.search;
  summary["search"] = {{"share", search.share},
                       {"attribute", search.attribute},
                       {"intents", simulated.search->intents().size()},
                       {"intent_gain", search.intent_gain},
                       {"query_template", search.query_template},
                       {"typo_share", search.typo_share},
                       {"minimum_items", search.minimum_items},
                       {"query_weight", search.query_weight}};
  for (std::size_t p = 0; p < simulated.result.policies.size(); ++p) {
    const PolicyOutcome& outcome = simulated.result.policies[p];
    const SearchCounts& pages = outcome.search;
    nlohmann::json& policy = summary["search_pages"][outcome.policy];
    policy = {{"pages", pages.pages}, {"clicks", pages.clicks}, {"expected", pages.expected.value()}};
    if (simulated.search_rates != nullptr) policy["expected_per_page"] = json_of(simulated.search_rates->rate(p));
  }
}

/// The section, who is in the inventory (assumed or given), and what came of it.
void add_ads(const Simulated& simulated, nlohmann::json& summary) {
  const AdsOptions& ads = simulated.experiment.ads;
  nlohmann::json inventory = nlohmann::json::object();
  for (const ItemId item : simulated.ads->inventory()) {
    inventory[simulated.data.dataset.items.ids[item.value()]] = simulated.ads->price(item);
  }
  summary["ads"] = {{"positions", ads.positions},          {"median_price", ads.median_price},
                    {"price_sigma", ads.price_sigma},      {"prices", ads.prices},
                    {"click_value", ads.click_value},      {"inventory", std::move(inventory)},
                    {"click_estimate", "likes of role T"}, {"assumed", ads.prices.empty()}};
  summary["ad_results"] = ads_json(simulated.result, simulated.ad_rates);
}

/// What the shift makes of the profiles as the population writes them.
void add_words(const Simulated& simulated, nlohmann::json& summary) {
  std::vector<std::string> texts;
  for (const Profile& profile : simulated.population.observables.pool) texts.push_back(profile.text);
  const WordShiftSummary shift = summarise(*simulated.words, texts);
  summary["word_shift"] = {{"replaced", shift.replaced}, {"words", shift.words}, {"changed", shift.changed}};
}

}  // namespace

SimulationRecord make_simulation_record(const Simulated& simulated) {
  const SimulationOptions& simulation = simulated.experiment.simulation;
  const std::string& path = simulated.experiment.population.path;
  const WorldDriftOptions& drift = simulated.experiment.world_drift;
  const ReplayResult& result = simulated.result;
  SimulationRecord record;
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    record.policies.push_back(simulated_policy(result.policies[p], simulated.roles[p]));
  }
  record.summary = {
      {"population", path},
      {"population_digest", sha256_file(path)},
      {"world", simulation.world},
      {"lambda", simulation.lambda},
      {"user_model", simulation.user_model},
      {"choice", {{"scale", simulated.calibration.scale.scale}, {"no_click", simulated.calibration.scale.no_click}}},
      {"dynamics", simulated.experiment.dynamics.active()},
      {"world_drift",
       {{"kind", drift.kind}, {"to", drift.to}, {"at_period", drift.at_period}, {"over_periods", drift.over_periods}}},
      {"seed", simulation.seed},
      {"users", result.end - result.begin},
      {"complete", result.end - result.begin == static_cast<std::uint64_t>(simulation.users)},
      {"pages", simulation.sessions * simulation.pages},
      {"slate_size", simulation.slate_size},
      {"roles",
       {{"world", simulated.population.world_users.fingerprint},
        {"baselines", simulated.data.roles.fingerprint(Role::train)},
        {"held_out", simulated.data.roles.fingerprint(Role::held_out)}}},
      {"data", simulated.data.checksum},
      {"user_vector", simulated.experiment.evaluation.user_vector},
      {"click_rate",
       {{"random", simulated.calibration.reached.random}, {"popularity", simulated.calibration.reached.popular}}},
      {"runs", runs_of(simulated)},
      {"scoring", simulated.scoring},
      {"digest", result.digest()},
      {"below_random", no_better_than_random(result)},
      {"provenance", to_json(simulated.invocation.provenance)}};
  add_ceiling(simulated, record.summary);
  if (simulated.answers != nullptr) add_answers(simulated, record.summary);
  if (simulated.mix != nullptr) add_mix(simulated, record.summary);
  if (simulated.search != nullptr) add_search(simulated, record.summary);
  if (simulated.ads != nullptr) add_ads(simulated, record.summary);
  if (simulated.saved != nullptr) record.summary["variance_reduction"] = saved_json(simulated.result, *simulated.saved);
  add_catalogue(simulated, record.summary);
  const VocabularyDriftOptions& words = simulated.experiment.vocabulary_drift;
  if (words.active()) {
    record.summary["vocabulary_drift"] = {{"kind", words.kind},
                                          {"user_template", words.user_template},
                                          {"at_period", words.at_period},
                                          {"over_periods", words.over_periods}};
    if (words.synonym_share > 0) {
      record.summary["vocabulary_drift"]["synonym_share"] = words.synonym_share;
      record.summary["vocabulary_drift"]["synonyms"] = words.synonyms;
    }
    if (simulated.words != nullptr) add_words(simulated, record.summary);
  }
  record.config = to_json(simulated.invocation.config);
  return record;
}

}  // namespace coldframe
