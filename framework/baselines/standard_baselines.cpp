#include "framework/baselines/standard_baselines.h"

#include "framework/baselines/attribute_popularity.h"
#include "framework/baselines/attribute_regression.h"
#include "framework/baselines/content_nearest.h"
#include "framework/baselines/ease.h"
#include "framework/baselines/factor_fold_in.h"
#include "framework/baselines/item_knn.h"
#include "framework/baselines/unpersonalised.h"

namespace coldframe {

std::vector<std::unique_ptr<Baseline>> standard_baselines(const TrainingLikes& training, const EntityTable& users,
                                                          const std::vector<std::uint64_t>& item_keys,
                                                          std::uint64_t seed,
                                                          const std::vector<std::string>& item_texts) {
  std::vector<std::unique_ptr<Baseline>> baselines;
  baselines.push_back(std::make_unique<RandomBaseline>(seed, item_keys));
  baselines.push_back(std::make_unique<PopularityBaseline>(training));
  baselines.push_back(std::make_unique<AttributePopularity>(training, users));
  baselines.push_back(std::make_unique<ItemKnn>(training));
  if (training.items <= EaseOptions{}.most_items) baselines.push_back(std::make_unique<Ease>(training));
  baselines.push_back(std::make_unique<ItemPriorBaseline>(training));
  baselines.push_back(std::make_unique<AttributeRegression>(training, users));
  baselines.push_back(std::make_unique<FactorFoldIn>(training, item_keys, FactorFoldInOptions{.seed = seed}));
  if (!item_texts.empty()) baselines.push_back(std::make_unique<ContentNearest>(item_texts));
  return baselines;
}

}  // namespace coldframe
