#include "framework/cli/enlarged_data.h"

#include <utility>

#include "framework/simulation/synthetic_items.h"

namespace coldframe {

std::unique_ptr<ExperimentData> enlarged_data(const Experiment& experiment, const EntityTable& more_items) {
  auto data = std::make_unique<ExperimentData>(experiment);
  if (more_items.size() == 0) return data;
  data->new_items.resize(data->dataset.items.size(), false);
  append_items(data->dataset, more_items);
  data->new_items.resize(data->dataset.items.size(), true);
  data->likes = Likes(data->dataset, experiment.data.likes);
  // They refer to the table of users, so that they cannot be assigned.
  TextViews texts(data->dataset, experiment.text);
  std::destroy_at(&data->texts);
  std::construct_at(&data->texts, std::move(texts));
  return data;
}

}  // namespace coldframe
