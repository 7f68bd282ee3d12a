#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace coldframe {

class PolicyRegistry;

/// What a policy name may be based on, besides `file:PATH`; `encoder` stands for the trained encoder of every run,
/// `encoder_with_prior` for the same plus the item prior as role V weighs it.
inline constexpr std::string_view k_policy_bases[] = {"random",
                                                      "popularity",
                                                      "item_prior",
                                                      "attribute_popularity",
                                                      "attribute_regression",
                                                      "item_knn",
                                                      "ease",
                                                      "fold_in",
                                                      "tfidf",
                                                      "match_popularity",
                                                      "oracle",
                                                      "informed_oracle",
                                                      "encoder_with_prior",
                                                      "bandit_greedy",
                                                      "bandit_ucb",
                                                      "bandit_thompson",
                                                      "encoder"};

/// Who chooses the questions of an interview, in `onboard:CHOOSER:K:`.
inline constexpr std::string_view k_question_choosers[] = {"random", "popularity", "entropy", "classes", "gain"};

/// Who fills sold places, in `ads:RULE:`.
inline constexpr std::string_view k_ad_rules[] = {"random", "price", "revenue", "optimal", "oracle"};

/// Bandits, whose base says where their features come from: `bandit_ucb` has those of the attributes, and
/// `bandit_ucb:encoder` the profile vectors of every run.
inline constexpr std::string_view k_bandit_rules[] = {"bandit_greedy", "bandit_ucb", "bandit_thompson"};

/// The questions before the first page that a name asks for.
struct OnboardingName {
  std::string chooser;
  std::size_t questions = 0;
};

/// A policy as configurations and command lines name it:
/// [onboard:CHOOSER:K:][ads:RULE:][epsilon[=SHARE]:][softmax[=TEMPERATURE]:][explore[=SHARE]:][fresh[=SHARE]:]BASE.
/// softmax goes with neither explore nor fresh, and these not with ads.
struct PolicyName {
  std::string text;  // as it was written
  std::string base;  // "popularity", "file:scores.csv"
  std::optional<OnboardingName> onboarding;
  std::optional<std::string> ads;     // rule of the places that are sold
  std::optional<double> epsilon;      // share of uniform pages mixed in (UniformMixture); 0.1 when none is written
  std::optional<double> temperature;  // of slates drawn by SoftmaxPolicy; 1 when none is written
  std::optional<double> explore;      // share of places kept for exploration (ReservedPlaces); 0.1 when none is written
  std::optional<double> fresh;        // the same for new items
  std::string bandit_rule;            // "bandit_ucb" of bandit_ucb and of bandit_ucb:encoder; empty: no bandit

  /// Learns from its own pages, from period to period.
  bool bandit() const { return !bandit_rule.empty(); }
  /// Needs a run.
  bool of_run() const { return base == "encoder" || with_prior(); }
  bool with_prior() const { return base == "encoder_with_prior"; }
  /// Shows its pages as they are.
  bool plain() const { return !epsilon && !temperature && !explore && !fresh; }
  /// Path of a base `file:PATH`; empty for others.
  std::string file() const;
  /// What it would be without sold places: "onboard:gain:5:ease" of "onboard:gain:5:ads:price:ease".
  std::string without_ads() const;
  /// The same rule around another base: "epsilon=0.2:lora".
  std::string around(std::string_view other_base) const;
};

struct ParsedPolicyName {
  PolicyName name;
  std::string mistake;  // "(unknown policy) use random, ..."; empty: fine
};

/// `own`: further bases that a name may have (nullptr: none).
ParsedPolicyName parse_policy_name(std::string_view text, const PolicyRegistry* own = nullptr);

/// Throws ConfigError with the mistake; `where` is "--policy".
PolicyName policy_named(std::string_view text, std::string_view where, const PolicyRegistry* own = nullptr);

}  // namespace coldframe
