#include "framework/simulation/enlarged_population.h"

#include <fmt/format.h>

#include <numeric>
#include <string>

#include "framework/core/error.h"
#include "framework/simulation/item_regression.h"
#include "framework/simulation/synthetic_items.h"

namespace coldframe {
namespace {

std::string explained_text(const ItemRegression& fit) {
  const double sum = std::accumulate(fit.explained.begin(), fit.explained.end(), 0.0);
  return fmt::format(
      "ridge {} by rows left out, of whose variance attributes explain {:.0f} % on average; the rest is "
      "drawn with its covariance",
      fit.ridge, 100 * sum / static_cast<double>(fit.explained.size()));
}

}  // namespace

void enlarge_population(Population& population, const Dataset& data, std::size_t items) {
  if (items == 0) return;
  if (population.synthetic_items.size() > 0) {
    throw ConfigError("synthetic items", "the population has some already", "make it again with as many as are wanted");
  }
  EntityTable added = draw_synthetic_items(data.items, {.count = items, .seed = population.seed});
  const ItemFeatures features(data.items);
  std::vector<World> worlds = population.latents.worlds;
  std::vector<CardEntry> card = {{"synthetic items", Identifiability::assumed, std::to_string(items),
                                  "attributes like those of the catalogue's items; nobody has met them"}};
  for (World& world : worlds) {
    const ItemRegression fit = add_items(world, features, data.items, added, population.seed);
    if (world.replicate > 0) continue;
    card.push_back({world.kind() + ".synthetic_items", Identifiability::fitted,
                    fmt::format("regression on {} attributes", fit.features), explained_text(fit)});
  }
  population.latents.worlds = std::move(worlds);
  population.card.insert(population.card.end(), card.begin(), card.end());
  population.item_ids.insert(population.item_ids.end(), added.ids.begin(), added.ids.end());
  population.world_popularity.resize(population.item_ids.size(), 0);
  population.synthetic_items = std::move(added);
}

}  // namespace coldframe
