#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "framework/baselines/baseline.h"
#include "framework/cli/learner.h"
#include "framework/cli/newcomer_vectors.h"
#include "framework/evaluation/newcomers.h"

namespace coldframe {

/// Lets a baseline answer the evaluation's questions.
class BaselineScorer final : public NewcomerScorer {
 public:
  BaselineScorer(const Baseline& baseline, const EntityTable& users, std::size_t items)
      : baseline_(baseline), users_(users), items_(items) {}
  void score(std::span<const NewcomerQuery> queries, std::span<float> scores) override;
  std::size_t minimum_shots() const override { return baseline_.minimum_history(); }

 private:
  const Baseline& baseline_;
  const EntityTable& users_;
  std::size_t items_;
};

/// Floors and baselines that stand in every table, fitted on role T: random, popularity, popularity by similar
/// attributes (when there are attributes), item-kNN, EASE, the item prior alone, attribute regression, factor fold-in,
/// TF-IDF of item texts.
std::vector<std::unique_ptr<Baseline>> make_baselines(const ExperimentData& data);

}  // namespace coldframe
