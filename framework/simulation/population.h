#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/roles.h"
#include "framework/simulation/attribute_law.h"
#include "framework/simulation/observables.h"
#include "framework/simulation/population_options.h"
#include "framework/simulation/role_guard.h"
#include "framework/simulation/world.h"

namespace coldframe {

/// Writes a profile text from attribute names and values (same length); given by the caller, so that the same template
/// serves training, evaluation and simulation.
using ProfileRenderer =
    std::function<std::string(std::span<const std::string> names, std::span<const std::string> values)>;

/// How far a number of the generator can be trusted.
enum class Identifiability { fitted, assumed, not_identifiable };

/// One line of the card.
struct CardEntry {
  std::string name;
  Identifiability identifiability = Identifiability::assumed;
  std::string value;     // as text; empty when not identifiable
  std::string evidence;  // standard error, range to sweep, or why it cannot be known
};

/// What a platform may know: who newcomers are and when they come. HDF5 group /observables.
struct PopulationObservables {
  AttributeLaw law;
  std::vector<Profile> pool;
  std::string profile_template;
  std::string evaluation_template;  // of every encoder's newcomers; empty: each encoder's own
  std::int64_t start = 0;
  double period_seconds = 0;
  std::int64_t users_per_period = 0;
};

/// What only nature knows. HDF5 group /latents.
struct PopulationLatents {
  std::int32_t group_field = -1;  // field of the attribute law whose level is the group, -1: one group
  std::vector<World> worlds;
  std::vector<SoftmaxParameters> standard_errors;  // none or one, over the bootstrap refits
};

/// The generator of newcomers: nothing here is a person. Newcomer n is a pure function of (seed, n).
struct Population {
  std::uint64_t seed = 0;
  PopulationObservables observables;
  PopulationLatents latents;
  RoleMembers world_users;                      // W
  std::vector<std::string> item_ids;            // external ids in the order of the world's items
  EntityTable synthetic_items;                  // the last of them, which the data set does not have
  std::vector<std::uint32_t> world_popularity;  // likes of W per item: calibrates click rates, never a policy
  std::string data_name;
  std::string data_checksum;
  std::string licence;
  std::vector<CardEntry> card;

  /// ConfigError that lists what there is, and says which `key` asked for it.
  const World& world(std::string_view name, std::string_view key = "simulation.world") const;
};

/// Fits worlds and attribute law on the users of role W; `progress` as in fit_worlds().
Population make_population(const Dataset& data, const Roles& roles, const Likes& likes,
                           const PopulationOptions& options, const ProfileRenderer& render,
                           const std::string& profile_template, const FitProgress& progress = {});

/// What worlds are fitted on: the likes of W with encoded attributes.
WorldData make_world_data(const Dataset& data, std::span<const UserId> users, const Likes& likes,
                          const AttributeLaw& law, std::int32_t group_field);

/// Throws DataError unless the population was made from a data set with exactly these items in this order, the
/// population's synthetic items behind them (append_items()).
void require_same_items(const Population& population, const Dataset& data);

}  // namespace coldframe
