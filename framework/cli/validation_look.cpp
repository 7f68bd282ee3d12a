#include "framework/cli/validation_look.h"

#include <fmt/format.h>

#include "framework/baselines/unpersonalised.h"
#include "framework/cli/baseline_rows.h"
#include "framework/cli/training_users.h"
#include "framework/core/error.h"

namespace coldframe {

ValidationLook::ValidationLook(const Experiment& experiment, const ExperimentData& data, const TokenizedTexts& texts)
    : experiment_(experiment),
      data_(data),
      texts_(texts),
      users_(data, Role::validate, static_cast<std::size_t>(experiment.evaluation.masked)) {
  if (users_.users().empty()) {
    throw DataError(fmt::format("no user of role V has more than {} likes", experiment.evaluation.masked),
                    "nobody is left to validate on", "lower evaluation.masked and evaluation.shots, or set training.validate_every = 0");
  }
  prior_ = training_prior(data);
  const PopularityBaseline popularity(training_likes(data.likes, data.roles.users(Role::train)));
  BaselineScorer scorer(popularity, data.dataset.users, data.dataset.items.size());
  const ShotRow row = table(scorer).rows.front();
  popularity_ = {row.mean(0), row.mean(1)};
}

Validation ValidationLook::operator()(const BulkEncoder& encoder, const ScoreRule& rule) const {
  const std::size_t none = 0;
  EncoderScorer scorer(encoder, texts_, data_, users_, {&none, 1}, UserVector::reencode);
  if (rule.item_prior > 0) scorer.set_prior(rule.scale, rule.item_prior, prior_);
  const NewcomerTable found = table(scorer);
  const double ndcg = found.rows.front().mean(0);
  return {ndcg,
          {{"users", static_cast<double>(found.users.size())},
           {"recall@20", found.rows.front().mean(1)},
           {"popularity.ndcg@10", popularity_[0]},
           {"popularity.recall@20", popularity_[1]}}};
}

NewcomerTable ValidationLook::table(NewcomerScorer& scorer) const {
  NewcomerOptions options = experiment_.evaluation.newcomers();
  options.shots = {0};
  options.metrics = {{RankingMetric::ndcg, 10}, {RankingMetric::recall, 20}};
  return evaluate_newcomers(users_.users(), data_.dataset.items.size(), tie_break(experiment_, data_), scorer, options);
}

std::string validation_text(const Validation& found) {
  std::string text = fmt::format("role V: ndcg@10 {:.4f}", found.score);
  for (const auto& [name, value] : found.values) text += fmt::format(", {} {:.4g}", name, value);
  return text;
}

}  // namespace coldframe
