#include "framework/baselines/standard_baselines.h"

#include <utility>

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/ease.h"
#include "framework/baselines/item_knn.h"
#include "framework/baselines/unpersonalised.h"

namespace coldframe {

std::vector<std::unique_ptr<Baseline>> standard_baselines(const TrainingLikes& training, const EntityTable& users,
                                                          std::vector<std::uint64_t> item_keys, std::uint64_t seed) {
  std::vector<std::unique_ptr<Baseline>> baselines;
  baselines.push_back(std::make_unique<RandomBaseline>(seed, std::move(item_keys)));
  baselines.push_back(std::make_unique<PopularityBaseline>(training));
  baselines.push_back(std::make_unique<AttributePopularity>(training, users));
  baselines.push_back(std::make_unique<ItemKnn>(training));
  if (training.items <= EaseOptions{}.most_items) baselines.push_back(std::make_unique<Ease>(training));
  baselines.push_back(std::make_unique<ItemPriorBaseline>(training));
  return baselines;
}

}  // namespace coldframe
