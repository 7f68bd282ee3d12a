#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "framework/simulation/chain_world.h"
#include "framework/simulation/softmax_world.h"
#include "framework/simulation/taste_model.h"
#include "framework/simulation/topic_world.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

struct PopulationOptions;

/// One ground truth: a fitted law of taste. replicate 0 is the fit on W, 1, 2, ... are refits on bootstrapped users.
struct World {
  std::uint32_t replicate = 0;
  std::variant<SoftmaxParameters, TopicParameters, ChainParameters> parameters;

  std::string kind() const;  // "softmax", "topics" or "chain"
  std::string name() const;  // "softmax-0"
};

inline constexpr std::string_view k_world_kinds[] = {"softmax", "topics", "chain"};  // as World::parameters holds them

/// What the choice of dimension and scale looked like.
struct WorldTrial {
  std::string kind;
  std::size_t size = 0;  // dimension, topics or links per anchor
  double ridge = 0;      // 0: none
  double held_out = 0;   // log-likelihood per like of held-out users of W
};

struct FittedWorlds {
  std::vector<World> worlds;  // per kind: the fit, then its bootstrap refits
  std::vector<WorldTrial> trials;
  double unigram_held_out = 0;
};

/// Told after every fit, one at a time: how many are done, of how many.
using FitProgress = std::function<void(std::size_t done, std::size_t all)>;

/// Chooses dimension and scale inside W by held-out likelihood, fits every configured kind of taste on all of W and
/// refits on bootstrapped users. Independent fits run in parallel; the result does not depend on the number of threads.
FittedWorlds fit_worlds(const WorldData& data, const PopulationOptions& options, const FitProgress& progress = {});

/// lambda in [0, 1] scales popularity: 1 takes it for taste, 0 for exposure.
std::unique_ptr<TasteModel> make_taste(const World& world, double lambda);

/// log of the mean likelihood of each user's likes over keyed prior draws, per like: comparable between kinds of taste.
double held_out_log_likelihood(const TasteModel& taste, const WorldData& data, std::size_t draws, std::uint64_t seed);

}  // namespace coldframe
