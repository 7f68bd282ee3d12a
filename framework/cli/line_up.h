#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/cli/encoder_contestant.h"
#include "framework/cli/named_policies.h"
#include "framework/cli/question_choosers.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/onboarding_options.h"
#include "framework/simulation/oracle.h"
#include "framework/simulation/replay_periods.h"
#include "framework/simulation/sponsored_policy.h"

namespace coldframe {

/// Who meets the newcomers: the policies of `simulation.policies`, then, when there are runs, the frozen encoder of the
/// first one and the trained strategy of each, and what policies based on `encoder` or `encoder_with_prior` make of the
/// latter. Making it
/// encodes texts (collective). What asks by information gain counts as a ceiling: it knows the world. Borrows its
/// setting.
class LineUp {
 public:
  struct Setting {
    EncoderContestant::Setting encoders;
    const Population& population;
    const Newcomers& newcomers;
    const UserModel& user_model;
    const UserDynamics& dynamics;
    const OnboardingOptions& onboarding;
    const AnswerLaw* answers;                 // needed when a policy asks newcomers
    const SearchLaw* search;                  // nullptr: nobody searches
    const AdMarket* ads;                      // needed when a policy shows ads
    std::optional<std::uint64_t> alone = {};  // the one newcomer who is replayed
  };
  LineUp(const Setting& setting, std::span<const std::unique_ptr<StoredRun>> runs);

  const std::vector<Contestant>& contestants() const { return contestants_; }
  /// "floor", "baseline", "ceiling" or "strategy"; parallel to contestants().
  const std::vector<std::string>& roles() const { return roles_; }
  std::vector<std::string> names() const;

  /// Contestants that learn from period to period.
  const std::vector<OnlineContestant>& online() const { return online_; }
  /// Whether the contestant draws its pages, but for sold places; parallel to contestants().
  PolicyKind kind(std::size_t contestant) const;

 private:
  void add_named(const PolicyName& name);
  void add_informed_oracle(const PolicyName& name);
  /// `policy` with the ads of the name if it wants any, after its questions if there are any.
  void add(const PolicyName& name, std::shared_ptr<const Policy> policy, const std::string& called, std::string role);
  AdSetting ad_setting() const;
  InformedOracleOptions oracle_options() const;
  struct BanditSight {
    const VectorTable& features;
    const VocabularyDrift* words = nullptr;  // that the features follow
  };
  void add_bandit(const PolicyName& name, const std::string& called, const BanditSight& sees);
  const VectorTable& attribute_features();
  void require_periods(const PolicyName& name) const;
  /// What a name based on a run makes of the run whose encoder was added last.
  void add_of_run(const PolicyName& name, const StoredRun& run);
  void add(std::shared_ptr<const Policy> policy, std::string role);
  void add_encoder(std::string name, std::unique_ptr<Learner> learner, const StoredRun& run, double scale,
                   std::string role);

  Setting setting_;
  EntityTable profiles_;  // the pool as baselines read it
  NamedPolicies named_;
  QuestionChoosers choosers_;
  std::vector<std::shared_ptr<const Policy>> policies_;
  std::unique_ptr<LatentOracle> oracle_;
  std::vector<std::unique_ptr<SponsoredOracle>> ad_oracles_;
  std::vector<std::unique_ptr<const Interview>> interviews_;  // before the pages of ad_oracles_
  std::unique_ptr<VectorTable> features_;                     // of attributes, for bandits
  std::vector<std::unique_ptr<VectorTable>> encoder_features_;
  std::vector<OnlineContestant> online_;
  std::vector<std::unique_ptr<EncoderContestant>> encoders_;
  std::vector<Contestant> contestants_;
  std::vector<std::string> roles_;
};

}  // namespace coldframe
