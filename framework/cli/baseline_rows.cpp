#include "framework/cli/baseline_rows.h"

#include "framework/baselines/standard_baselines.h"

namespace coldframe {

void BaselineScorer::score(std::span<const NewcomerQuery> queries, std::span<float> scores) {
  for (std::size_t q = 0; q < queries.size(); ++q) {
    baseline_.score({queries[q].key, queries[q].user, &users_, queries[q].history}, scores.subspan(q * items_, items_));
  }
}

std::vector<std::unique_ptr<Baseline>> make_baselines(const ExperimentData& data) {
  std::vector<std::uint64_t> item_keys;
  std::vector<std::string> item_texts;
  for (std::uint32_t i = 0; i < data.dataset.items.size(); ++i) {
    item_keys.push_back(data.dataset.item_key(ItemId(i)));
    item_texts.push_back(data.texts.item(ItemId(i)));
  }
  return standard_baselines(training_likes(data.likes, data.roles.users(Role::train)), data.dataset.users, item_keys,
                            /*seed=*/1, item_texts);
}

}  // namespace coldframe
