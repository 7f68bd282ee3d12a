#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "framework/evaluation/tie_break.h"
#include "framework/simulation/answer_law.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/search_law.h"
#include "framework/simulation/user_dynamics.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

struct InformedOracleOptions {
  std::size_t draws = 4096;
  std::size_t close_candidates = 64;   // items the greedy search looks at with every draw
  std::size_t enumerate_below = 5000;  // ordered slates up to this many are all tried: exact for the draws
  std::uint64_t seed = 1;
  const UserDynamics* dynamics = nullptr;  // how users change; nullptr: not at all
  const AnswerLaw* answers = nullptr;      // of users who were asked (onboarded_policy.h); nullptr: nobody is
  const Catalogue* catalogue = nullptr;    // whose new items nobody liked before they came; nullptr: none is new
  const SearchLaw* search = nullptr;       // of sessions that begin with a query; nullptr: none does
};

/// The attainable ceiling: knows the world and the law of choice, but of a user only what every policy sees. Latent
/// states are drawn from the law given the attributes and weighted by the likelihood of given likes (Plackett-Luce over
/// the catalogue), of answers, of queries, whose meaning it knows, and of all shown pages; the slate with the highest
/// posterior mean reward is taken, by enumeration when small, else greedily. The draws are integration nodes shared by
/// all users. With dynamics it follows satiation, which the history determines, and moves every draw as the same clicks
/// would move a user in that state; like the oracle it is then myopic.
class InformedOracle final : public Policy {
 public:
  /// Borrows everything.
  InformedOracle(std::string name, const Newcomers& newcomers, const UserModel& model, TieBreak ties,
                 const InformedOracleOptions& options);
  ~InformedOracle() override;
  const std::string& name() const override;
  PolicyKind kind() const override { return PolicyKind::deterministic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

  /// Whether pages are found by trying all of them, and are therefore exact for the draws; else greedily.
  static bool tries_all(std::size_t candidates, std::size_t slate_size, const InformedOracleOptions& options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coldframe
