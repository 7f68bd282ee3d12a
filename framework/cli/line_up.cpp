#include "framework/cli/line_up.h"

#include <utility>

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/attribute_regression.h"
#include "framework/baselines/content_nearest.h"
#include "framework/baselines/ease.h"
#include "framework/baselines/factor_fold_in.h"
#include "framework/baselines/item_knn.h"
#include "framework/baselines/unpersonalised.h"
#include "framework/simulation/baseline_policy.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/informed_oracle.h"

namespace coldframe {
namespace {

constexpr double k_usual_scale = 20.0;  // 1 / temperature of an encoder that was never trained here

/// Counts of role T, never of the world.
std::vector<float> popularity(const ExperimentData& data) {
  const std::vector<std::uint32_t> counts = data.likes.count_by_item(data.roles.users(Role::train));
  return {counts.begin(), counts.end()};
}

std::vector<std::uint64_t> item_keys(const Dataset& dataset) {
  std::vector<std::uint64_t> keys;
  for (std::uint32_t i = 0; i < dataset.items.size(); ++i) keys.push_back(dataset.item_key(ItemId(i)));
  return keys;
}

std::vector<std::string> item_texts(const ExperimentData& data) {
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) texts.push_back(data.texts.item(ItemId(i)));
  return texts;
}

/// Fitted on role T, or on item texts alone; nullptr for a name that is no baseline.
std::unique_ptr<Baseline> fit_baseline(const std::string& name, const ExperimentData& data) {
  if (name == "tfidf") return std::make_unique<ContentNearest>(item_texts(data));
  const TrainingLikes training = training_likes(data.likes, data.roles.users(Role::train));
  if (name == "item_prior") return std::make_unique<ItemPriorBaseline>(training);
  if (name == "attribute_popularity") return std::make_unique<AttributePopularity>(training, data.dataset.users);
  if (name == "attribute_regression") return std::make_unique<AttributeRegression>(training, data.dataset.users);
  if (name == "item_knn") return std::make_unique<ItemKnn>(training);
  if (name == "ease") return std::make_unique<Ease>(training);
  if (name == "fold_in") return std::make_unique<FactorFoldIn>(training, item_keys(data.dataset));
  return nullptr;
}

}  // namespace

bool learns_from_people(const std::string& policy) {
  return policy != "random" && policy != "tfidf" && policy != "oracle" && policy != "informed_oracle";
}

LineUp::LineUp(const Setting& setting, std::span<const std::unique_ptr<StoredRun>> runs)
    : setting_(setting),
      profiles_(pool_attributes(setting.encoders.population.observables, setting.encoders.data.dataset.users)) {
  for (const std::string& name : setting.encoders.options.policies) add_named(name);
  if (!runs.empty()) {
    add_encoder("frozen encoder", runs.front()->load_pretrained(), *runs.front(), k_usual_scale, "baseline");
  }
  for (const std::unique_ptr<StoredRun>& run : runs) {
    add_encoder(run->name(), run->load_learner(), *run, run->scale(), "strategy");
  }
}

void LineUp::add_named(const std::string& name) {
  const SimulationOptions& simulation = setting_.encoders.options;
  const Catalogue& catalogue = setting_.encoders.catalogue;
  const auto seed = static_cast<std::uint64_t>(simulation.seed);
  const TieBreak ties = catalogue.ties(seed);
  if (name == "random") add(std::make_unique<RandomPolicy>(name, seed, catalogue), "floor");
  if (name == "popularity") {
    add(std::make_unique<FixedScorePolicy>(name, popularity(setting_.encoders.data), ties), "baseline");
  }
  add_baseline(name);
  if (name == "informed_oracle") {
    const InformedOracleOptions options{.draws = static_cast<std::size_t>(simulation.oracle_draws),
                                        .close_candidates = static_cast<std::size_t>(simulation.oracle_candidates),
                                        .seed = seed,
                                        .dynamics = &setting_.dynamics};
    add(std::make_unique<InformedOracle>("informed oracle", setting_.newcomers, setting_.user_model, ties, options),
        "ceiling");
  }
  if (name == "oracle") {
    oracle_ = std::make_unique<LatentOracle>(name, setting_.user_model, ties);
    contestants_.emplace_back(*oracle_);
    roles_.emplace_back("ceiling");
  }
}

void LineUp::add_baseline(const std::string& name) {
  const ExperimentData& data = setting_.encoders.data;
  const TieBreak ties = setting_.encoders.catalogue.ties(static_cast<std::uint64_t>(setting_.encoders.options.seed));
  std::unique_ptr<Baseline> baseline = fit_baseline(name, data);
  if (baseline == nullptr) return;  // not a baseline
  add(std::make_unique<BaselinePolicy>(name, std::move(baseline), profiles_, popularity(data), ties), "baseline");
}

void LineUp::add(std::unique_ptr<Policy> policy, std::string role) {
  policies_.push_back(std::move(policy));
  contestants_.emplace_back(*policies_.back());
  roles_.push_back(std::move(role));
}

void LineUp::add_encoder(std::string name, std::unique_ptr<Learner> learner, const StoredRun& run, double scale,
                         std::string role) {
  encoders_.push_back(std::make_unique<EncoderContestant>(std::move(name), std::move(learner), run.experiment(), scale,
                                                          setting_.encoders));
  contestants_.emplace_back(encoders_.back()->policy());
  roles_.push_back(std::move(role));
}

}  // namespace coldframe
