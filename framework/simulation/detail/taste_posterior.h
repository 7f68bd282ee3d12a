#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "framework/simulation/answer_law.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/search_law.h"
#include "framework/simulation/user_dynamics.h"
#include "framework/simulation/user_model.h"

namespace coldframe::detail {

/// A session that began with a query, for every draw. M draws.
struct KnownSearch {
  const SearchLaw* law = nullptr;
  std::uint32_t intent = 0;
  std::vector<float> loss;  // [M] log Z: what items of other kinds lose
};

/// What a history says about one user now: draws of the latent state and their weights. M draws.
struct Knowledge {
  const TasteModel* taste = nullptr;
  std::shared_ptr<const TasteDraws> draws;
  std::vector<double> log_weights;         // [M]
  const UserDynamics* dynamics = nullptr;  // nullptr: users stay as they were born
  UserCondition condition;                 // without a state: only what the history determines
  std::optional<KnownSearch> search;       // nothing while the user browses

  std::vector<float> weights() const;  // [M], adding up to 1
  /// Utility [M] of an item now.
  std::vector<float> utilities(ItemId item) const;
};

struct PosteriorOptions {
  std::size_t draws = 4096;
  std::uint64_t seed = 1;
  const UserDynamics* dynamics = nullptr;  // how users change; nullptr: not at all
  const AnswerLaw* answers = nullptr;      // of users who were asked; nullptr: nobody is
  const Catalogue* catalogue = nullptr;    // whose new items nobody liked before they came; nullptr: none is new
  const SearchLaw* search = nullptr;       // of sessions that begin with a query; nullptr: none does
};

/// The posterior of a newcomer's latent state given everything a platform sees, under the law of the world: prior draws
/// given the attributes, weighted by the likelihood of likes given (Plackett-Luce over the catalogue), answers, queries
/// and pages. The draws are integration nodes shared by all users. Borrows everything. Thread-safety: const.
class TastePosterior {
 public:
  TastePosterior(const Newcomers& newcomers, const UserModel& model, const PosteriorOptions& options);
  Knowledge after(const PolicyRequest& request) const;

 private:
  std::shared_ptr<const TasteDraws> prior_of(const Profile& profile, std::uint32_t period) const;
  Knowledge at_birth(const PolicyRequest& request) const;
  void weigh_given(const PolicyRequest& request, Knowledge& known) const;
  void weigh_answers(std::span<const Answer> answers, Knowledge& known) const;
  /// How likely every draw chooses an item that has a value, and asks for the value. [M] each.
  struct IntentMass {
    std::vector<float> match;
    std::vector<float> chosen;
  };
  using IntentMasses = std::vector<IntentMass>;  // [C]
  IntentMasses masses_of(const Knowledge& known) const;
  std::shared_ptr<const IntentMasses> known_masses(const Knowledge& known) const;
  void enter(const Query* query, bool new_session, Knowledge& known) const;

  const Newcomers* newcomers_;
  const UserModel* model_;
  PosteriorOptions options_;
  std::vector<float> normals_;  // [L, M]
  mutable std::mutex mutex_;
  using PriorKey = std::pair<std::size_t, std::vector<std::uint16_t>>;  // stage of the world, attribute levels
  mutable std::map<PriorKey, std::shared_ptr<const TasteDraws>> prior_;
  // Of prior draws, which live as long as this object.
  mutable std::map<const TasteDraws*, std::shared_ptr<const IntentMasses>> masses_;
};

/// The same with equally weighted draws that stand for the weighted ones: systematic resampling with fixed offsets.
Knowledge resampled(const Knowledge& known, std::span<const float> weights, std::size_t count);

}  // namespace coldframe::detail
