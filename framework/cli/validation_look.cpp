#include "framework/cli/validation_look.h"

#include <fmt/format.h>

#include "framework/core/error.h"

namespace coldframe {

ValidationLook::ValidationLook(const Experiment& experiment, const ExperimentData& data, const TokenizedTexts& texts)
    : experiment_(experiment),
      data_(data),
      texts_(texts),
      users_(data, Role::validate, static_cast<std::size_t>(experiment.evaluation.masked)) {
  if (!users_.users().empty()) return;
  throw DataError(fmt::format("no user of role V has more than {} likes", experiment.evaluation.masked),
                  "nobody is left to validate on", "lower evaluation.masked and evaluation.shots, or set training.validate_every = 0");
}

Validation ValidationLook::operator()(const BulkEncoder& encoder) const {
  const std::size_t none = 0;
  EncoderScorer scorer(encoder, texts_, data_, users_, {&none, 1}, UserVector::reencode);
  NewcomerOptions options = experiment_.evaluation.newcomers();
  options.shots = {0};
  options.metrics = {{RankingMetric::ndcg, 10}};
  const NewcomerTable table = evaluate_newcomers(users_.users(), data_.dataset.items.size(), tie_break(experiment_, data_), scorer, options);
  return {table.rows.front().mean(0), {{"users", static_cast<double>(table.users.size())}}};
}

}  // namespace coldframe
