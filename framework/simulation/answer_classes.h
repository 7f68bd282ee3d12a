#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/simulation/observables.h"

namespace coldframe {

// Legend: C classes, I items, U people.

/// What a real user would have answered: likes and dislikes among the items they rated; about all others, unknown.
struct AnswerSheet {
  UserKey key;                // names them in random numbers
  std::vector<Answer> rated;  // distinct items
};

struct AnswerClassOptions {
  std::size_t classes = 8;
  double pseudo_people = 2.0;  // per class and item, who answer as everybody does on average
  std::size_t starts = 4;      // the best of them is kept
  std::size_t iterations = 60;
  double tolerance = 1e-5;  // stop when an iteration gains less per person
  std::uint64_t seed = 0;
};

/// A latent class model of answers (Lazarsfeld and Henry, "Latent structure analysis", 1968): a person is of class c
/// with probability w_c, and then answers like, dislike or unknown about each item independently with the
/// probabilities p_ci of the class.
struct AnswerClasses {
  std::size_t items = 0;
  std::vector<double> weights;        // w [C]
  std::vector<double> probabilities;  // p [C, I, 3], by AnswerKind; all positive
  std::vector<double> objective;      // penalised log-likelihood after each iteration of the best start

  std::size_t size() const { return weights.size(); }
  double probability(std::size_t c, ItemId item, AnswerKind kind) const {
    return probabilities[(c * items + item.value()) * 3 + static_cast<std::size_t>(kind)];
  }
};

/// Fitted by EM (Dempster, Laird and Rubin, "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39,
/// 1977) with a Dirichlet prior: pseudo_people of every class answer about an item as all people do. Starts deal people
/// out to classes by keyed words. Throws DataError without people or with items outside the catalogue.
AnswerClasses fit_answer_classes(std::span<const AnswerSheet> people, std::size_t items,
                                 const AnswerClassOptions& options);

}  // namespace coldframe
