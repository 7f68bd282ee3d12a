#include "framework/cli/named_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/attribute_regression.h"
#include "framework/baselines/content_nearest.h"
#include "framework/baselines/ease.h"
#include "framework/baselines/factor_fold_in.h"
#include "framework/baselines/item_knn.h"
#include "framework/baselines/unpersonalised.h"
#include "framework/cli/program.h"
#include "framework/core/error.h"
#include "framework/simulation/baseline_policy.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/match_policy.h"
#include "framework/simulation/reserved_places.h"
#include "framework/simulation/softmax_policy.h"
#include "framework/simulation/uniform_mixture.h"

namespace coldframe {
namespace {

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

std::vector<float> popularity(const ExperimentData& data) {
  const std::vector<std::uint32_t> counts = data.likes.count_by_item(data.roles.users(Role::train));
  return {counts.begin(), counts.end()};
}

bool learns_from_people(const PolicyName& policy) {
  if (policy.ads == "revenue" || policy.ads == "optimal") return true;
  const auto& asked = policy.onboarding;
  if (asked && (asked->chooser == "popularity" || asked->chooser == "entropy" || asked->chooser == "classes")) {
    return true;
  }
  if (const PolicyEntry* own = own_policies().find(policy.base)) return own->teachers == PolicyTeachers::people;
  constexpr std::string_view unlearned[] = {"random", "tfidf", "oracle", "informed_oracle", "encoder"};
  return policy.file().empty() && !policy.bandit() && std::ranges::find(unlearned, policy.base) == std::end(unlearned);
}

std::shared_ptr<const Policy> NamedPolicies::make(const PolicyName& name) {
  std::shared_ptr<const Policy> made = base(name);
  return made == nullptr ? nullptr : randomised(name, std::move(made), name.text);
}

std::shared_ptr<const Policy> NamedPolicies::randomised(const PolicyName& name, std::shared_ptr<const Policy> base,
                                                        const std::string& called) const {
  if (name.fresh) {
    base = std::make_shared<ReservedPlaces>(called, std::move(base), ReservedFor::new_items, *name.fresh, setting_.seed,
                                            setting_.catalogue);
  }
  if (name.explore) {
    base = std::make_shared<ReservedPlaces>(called, std::move(base), ReservedFor::exploration, *name.explore,
                                            setting_.seed, setting_.catalogue);
  }
  if (name.temperature) {
    auto scored = std::dynamic_pointer_cast<const ScoredPolicy>(base);
    if (scored == nullptr) {
      throw ConfigError(fmt::format("policy {}", called), fmt::format("{} has no scores to draw by", base->name()),
                        "use epsilon: instead of softmax:");
    }
    base = std::make_shared<SoftmaxPolicy>(called, std::move(scored), *name.temperature, setting_.seed,
                                           setting_.catalogue);
  }
  if (!name.epsilon) return base;
  return std::make_shared<UniformMixture>(called, std::move(base), *name.epsilon, setting_.seed, setting_.catalogue);
}

/// Likes are for those who say that they learn from people: what they say decides which worlds they may meet.
std::shared_ptr<const Policy> NamedPolicies::own(const PolicyEntry& entry) {
  const Dataset& dataset = setting_.data.dataset;
  const bool learns = entry.teachers == PolicyTeachers::people;
  if (learns && likes_ == nullptr) {
    likes_ =
        std::make_unique<TrainingLikes>(training_likes(setting_.data.likes, setting_.data.roles.users(Role::train)));
  }
  return make_policy(entry, {entry.name, dataset.items, setting_.profiles, setting_.catalogue, setting_.seed,
                             learns ? likes_.get() : nullptr, learns ? &dataset.users : nullptr});
}

/// Everything that is written about items can be found, also what is too rare to be asked for.
std::vector<Intent> NamedPolicies::findable_values() const {
  if (setting_.search.attribute.empty()) {
    throw ConfigError("match_popularity finds items by search.attribute", "search.attribute is empty",
                      "name the item column, as in genres");
  }
  return read_intents(setting_.data.dataset.items, setting_.search.attribute, 1, "search.attribute");
}

std::shared_ptr<const Policy> NamedPolicies::base(const PolicyName& policy) {
  const std::string& name = policy.base;
  std::shared_ptr<const Policy>& known = bases_[name];
  if (known != nullptr) return known;
  const TieBreak ties = setting_.catalogue.ties(setting_.seed);
  if (!policy.file().empty()) {
    known = std::make_shared<FilePolicy>(name, policy.file(), setting_.data.dataset, setting_.file_users(), ties);
  } else if (const PolicyEntry* entry = own_policies().find(name)) {
    known = own(*entry);
  } else if (name == "random") {
    known = std::make_shared<RandomPolicy>(name, setting_.seed, setting_.catalogue);
  } else if (name == "popularity") {
    known = std::make_shared<FixedScorePolicy>(name, popularity(setting_.data), ties);
  } else if (name == "match_popularity") {
    known = std::make_shared<MatchPolicy>(name, popularity(setting_.data), findable_values(), ties);
  } else if (std::unique_ptr<Baseline> baseline = fit_baseline(name, setting_.data)) {
    known = std::make_shared<BaselinePolicy>(name, std::move(baseline), setting_.profiles, popularity(setting_.data),
                                             ties, setting_.search.query_weight);
  }
  return known;
}

}  // namespace coldframe
