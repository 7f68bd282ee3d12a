#include "framework/cli/baseline_rows.h"

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/ease.h"
#include "framework/baselines/item_knn.h"
#include "framework/baselines/unpersonalised.h"
#include "framework/core/log.h"

namespace coldframe {

void BaselineScorer::score(std::span<const NewcomerQuery> queries, std::span<float> scores) {
  for (std::size_t q = 0; q < queries.size(); ++q) {
    baseline_.score({queries[q].key, queries[q].user, &users_, queries[q].history}, scores.subspan(q * items_, items_));
  }
}

std::vector<std::unique_ptr<Baseline>> make_baselines(const ExperimentData& data) {
  const TrainingLikes training = training_likes(data.likes, data.roles.users(Role::train));
  std::vector<std::uint64_t> item_keys;
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) item_keys.push_back(data.dataset.item_key(ItemId(i)));
  std::vector<std::unique_ptr<Baseline>> baselines;
  baselines.push_back(std::make_unique<RandomBaseline>(/*seed=*/1, std::move(item_keys)));
  baselines.push_back(std::make_unique<PopularityBaseline>(training));
  if (!data.dataset.users.columns.empty()) {
    baselines.push_back(std::make_unique<AttributePopularity>(training, data.dataset.users));
  }
  baselines.push_back(std::make_unique<ItemKnn>(training));
  if (training.items <= EaseOptions{}.most_items) {
    baselines.push_back(std::make_unique<Ease>(training));
  } else {
    log_warning("no EASE row: {} items (its dense inverse is made for at most {})", training.items, EaseOptions{}.most_items);
  }
  baselines.push_back(std::make_unique<ItemPriorBaseline>(training));
  return baselines;
}

}  // namespace coldframe
