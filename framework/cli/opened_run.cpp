#include "framework/cli/opened_run.h"

#include <fmt/format.h>

#include "framework/cli/encoding_progress.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/progress.h"

namespace coldframe {

NewcomerSet held_out_newcomers(const Experiment& experiment, const ExperimentData& data) {
  const auto masked = static_cast<std::size_t>(experiment.evaluation.masked);
  NewcomerSet newcomers(data, Role::held_out, masked);
  if (newcomers.users().empty()) {
    throw DataError(fmt::format("no user of role H has more than {} likes", masked), "nobody is left to be tested",
                    "lower evaluation.masked and evaluation.shots, or data.like_threshold");
  }
  return newcomers;
}

std::optional<double> prior_weight_of(const StoredRun& run) {
  const nlohmann::json& model = run.record().summary.at("model");
  if (!model.contains("item_prior_weight") || !model["item_prior_weight"].is_number()) return std::nullopt;
  return model["item_prior_weight"].get<double>();
}

OpenedRun::OpenedRun(const std::string& folder, std::int64_t threads, const Invocation& invocation)
    : folder_(folder), group_(invocation.group), clock_(invocation.clock), run_(folder, invocation.line.sources) {
  data_ = run_.load_data();
  newcomers_ = std::make_unique<NewcomerSet>(held_out_newcomers(experiment(), *data_));
  learner_ = run_.load_learner();
  texts_ = std::make_unique<TokenizedTexts>(*data_, learner_->tokenizer, token_limit(experiment(), *learner_->encoder));
  pool_ =
      std::make_unique<LanePool>(threads > 0 ? static_cast<int>(threads) : discover_topology(group_).default_threads);
}

BulkEncoder OpenedRun::encoder() const {
  BulkEncoder encoder(group_, *pool_, *learner_->encoder, learner_->parameters, experiment().batch.tokens);
  show_progress(encoder, group_, clock_, "encode");
  return encoder;
}

std::optional<double> OpenedRun::prior_weight() const { return prior_weight_of(run_); }

std::string OpenedRun::people() const {
  return data_->checksum + data_->roles.fingerprint(Role::held_out) + std::to_string(experiment().evaluation.masked);
}

ServedScorer serve(const OpenedRun& run, NewcomerScorer& scorer, std::size_t shots, MetricCut utility,
                   std::size_t length) {
  ServedScorer served;
  RankingEvaluator evaluator(run.items(), {utility}, tie_break(run.experiment(), run.data()), length);
  std::vector<float> scores(run.items());
  Progress progress("rank items", "newcomers", static_cast<std::int64_t>(run.newcomers().users().size()), run.clock());
  for (const HeldOutUser& newcomer : run.newcomers().users()) {
    progress.advance();
    const NewcomerQuery query{newcomer.user, newcomer.key, newcomer.support.first(shots)};
    scorer.score({&query, 1}, scores);
    double value = 0.0;
    evaluator.evaluate(newcomer.key, scores, newcomer.masked, newcomer.targets, {&value, 1});
    served.utility.push_back(value);
    const auto top = evaluator.top().first(std::min(evaluator.top().size(), length));
    served.slates.emplace_back(top.begin(), top.end());
  }
  return served;
}

}  // namespace coldframe
