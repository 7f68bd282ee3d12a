#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/cli/stored_run.h"
#include "framework/comm/group.h"
#include "framework/data/text_views.h"
#include "framework/evaluation/options.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/encoder_policy.h"
#include "framework/simulation/search_options.h"
#include "framework/simulation/simulation_options.h"
#include "framework/training/lane_pool.h"

namespace coldframe {

/// A trained encoder in the simulator: its item and profile vectors, encoded once (collective), and the policy that
/// ranks by them. Nothing of LibTorch is left in the loop under `recompose`.
class EncoderContestant {
 public:
  /// What all contestants of a simulation share; borrowed.
  struct Setting {
    const ExperimentData& data;
    const EntityTable& profiles;       // what texts say about the users whose requests have this profile_row
    const std::string& user_template;  // of their texts; empty: that of the run
    const SimulationOptions& options;
    UserVector user_vector;
    const Catalogue& catalogue;
    const Group& group;
    LanePool& pool;
    const VocabularyDrift* words = nullptr;  // nullptr: all write in the same words
    std::span<const Query> queries = {};     // by their rows; empty: nobody searches
    SearchOptions search = {};               // how policies read them
    bool profile_vectors = false;            // whether they are asked for
  };
  /// `experiment` is that of the run: its texts and token limit. `scale` is 1 / temperature.
  EncoderContestant(std::string name, std::unique_ptr<Learner> learner, const Experiment& experiment, double scale,
                    const Setting& setting);
  ~EncoderContestant();

  /// Needs this object as long as it is used.
  std::shared_ptr<const ScoredPolicy> policy() const { return policy_; }
  /// The same with weight * prior [I] added to the scaled score, called `called`.
  std::shared_ptr<const ScoredPolicy> policy_with_prior(std::string called, double weight,
                                                        std::span<const float> prior);
  /// Vectors of the profiles without likes, [profiles, D], those in new words behind them where words change; needs
  /// Setting::profile_vectors.
  const VectorTable& profile_vectors() const { return *profiles_; }

 private:
  class Reencoder;
  std::shared_ptr<const EncoderPolicy> ranking(std::string called, const ItemTable& items) const;

  std::unique_ptr<Learner> learner_;  // kept under `reencode` only
  std::unique_ptr<Reencoder> reencoder_;
  std::unique_ptr<ItemTable> items_;
  std::vector<std::unique_ptr<const ItemTable>> with_prior_;
  std::unique_ptr<VectorTable> profiles_;
  std::unique_ptr<UserVectors> users_;
  std::unique_ptr<VectorTable> queries_;
  std::unique_ptr<UserVectors> searching_;  // users_ with queries
  TieBreak ties_;
  Scoring scoring_;
  std::shared_ptr<const EncoderPolicy> policy_;
};

}  // namespace coldframe
