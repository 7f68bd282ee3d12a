#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/simulation/catalogue.h"
#include "framework/simulation/policy.h"

namespace coldframe {

/// Chooses which item a newcomer is asked about next. An answer depends on the request alone, whose history holds what
/// was asked before. Thread-safety: called from several threads at once.
class QuestionChooser {
 public:
  virtual ~QuestionChooser() = default;
  /// Nothing when there is no item left to ask about.
  virtual std::optional<ItemId> next(const PolicyRequest& request) const = 0;
};

/// Items a newcomer may be asked about: candidates about which nothing is known yet, ascending.
std::vector<ItemId> askable(const PolicyRequest& request);

/// Items in random order, another one for every user.
class RandomQuestions final : public QuestionChooser {
 public:
  RandomQuestions(std::uint64_t seed, const Catalogue& catalogue);
  std::optional<ItemId> next(const PolicyRequest& request) const override;

 private:
  TieBreak order_;
};

/// Items in the order of fixed scores [I], highest first, ties by keyed hash: by popularity, or by the entropy of what
/// others answered.
class ScoredQuestions final : public QuestionChooser {
 public:
  ScoredQuestions(std::vector<double> scores, TieBreak ties);
  std::optional<ItemId> next(const PolicyRequest& request) const override;

 private:
  std::vector<double> scores_;
  TieBreak ties_;
};

/// Entropy [I] of the three answers like, dislike and unknown over real users, of whom `rated` rated an item and
/// `liked` liked it (Entropy0 of Rashid, Karypis and Riedl, "Learning preferences of new users in recommender systems:
/// an information theoretic approach", SIGKDD Explorations 10, 2008, with equal weights).
std::vector<double> answer_entropies(std::span<const std::uint32_t> liked, std::span<const std::uint32_t> rated,
                                     std::size_t users);

}  // namespace coldframe
