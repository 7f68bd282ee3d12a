#include "framework/cli/noise_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "framework/cli/training_users.h"
#include "framework/core/progress.h"
#include "framework/evaluation/ranking_stability.h"

namespace coldframe {
namespace {

double share_of(double part, std::size_t whole) { return whole == 0 ? 0.0 : part / static_cast<double>(whole); }

/// Adds one draw's lists to the sums of a result.
struct Stability {
  double jaccard = 0.0, rbo = 0.0, kendall = 0.0, changed = 0.0;
  std::size_t lists = 0, with_kendall = 0;

  void add(std::span<const ItemId> clean, std::span<const ItemId> noisy) {
    jaccard += coldframe::jaccard(clean, noisy);
    rbo += rbo_extrapolated(clean, noisy);
    if (const auto tau = kendall_tau_of_lists(clean, noisy)) {
      kendall += *tau;
      ++with_kendall;
    }
    ++lists;
  }
  void write(NoisyResult& result) const {
    result.changed = share_of(changed, lists);
    result.jaccard = share_of(jaccard, lists);
    result.rbo = share_of(rbo, lists);
    result.kendall = share_of(kendall, with_kendall);
  }
};

/// The same text and history of the same user give the same list; users differ in masks, targets and ties.
std::string query_key(std::size_t row, const NoisyQuery& query) {
  std::string key = fmt::format("{}\n", row);
  for (const ItemId item : query.history) key += fmt::format("{} ", item.value());
  return key + query.text;
}

}  // namespace

std::vector<NewcomerScoring> newcomer_scorings(const OpenedRun& run) {
  std::vector<NewcomerScoring> scorings = {{run.run().name(), 1.0, 0.0, {}}};
  if (const auto weight = run.prior_weight()) {
    scorings.push_back({run.run().name() + " + item prior", run.run().scale(), *weight, training_prior(run.data())});
  }
  return scorings;
}

NoiseTrial::NoiseTrial(const OpenedRun& run)
    : run_(run),
      utility_(parse_metric(run.experiment().evaluation.metrics.front())),
      length_(static_cast<std::size_t>(run.experiment().evaluation.coverage_at)),
      encoder_(run.encoder()),
      clean_(encode_items(encoder_, run.texts(), run.data())) {}

std::vector<NoiseTrial::Condition> NoiseTrial::conditions(const NoisePlan& plan, const NewcomerNoise& noise,
                                                          std::size_t shots) const {
  std::vector<Condition> conditions = {{"", 0.0, {noise.clean(shots)}}};
  for (const std::string& kind : plan.kinds) {
    if (shots == 0 && kind.ends_with("_history")) continue;
    for (const double severity : plan.severities) {
      Condition condition{kind, severity, {}};
      const std::uint32_t draws = noise_is_random(kind) ? plan.draws : 1;
      for (std::uint32_t draw = 0; draw < draws; ++draw) {
        condition.draws.push_back(noise.noisy(kind, severity, draw, shots));
      }
      conditions.push_back(std::move(condition));
    }
  }
  return conditions;
}

void NoiseTrial::encode(const std::vector<Condition>& conditions) {
  rows_.clear();
  std::vector<Tokens> tokens;
  for (const Condition& condition : conditions) {
    for (const auto& draw : condition.draws) {
      for (const NoisyQuery& query : draw) {
        if (rows_.try_emplace(query.text, tokens.size()).second) tokens.push_back(run_.texts().text(query.text));
      }
    }
  }
  texts_ = encoder_.encode(tokens, "encode newcomers under noise");
}

void NoiseTrial::begin(Catalogue& catalogue, const NewcomerScoring& scoring) {
  catalogue.scores.set_prior(scoring.scale, scoring.weight, scoring.prior);
  serving_ = &catalogue;
  known_.clear();
  ranked_.clear();
}

std::vector<float> NoiseTrial::user_vector(const NoisyQuery& query, std::size_t shots) const {
  const std::span<const float> text = texts_.row(rows_.at(query.text));
  std::vector<float> vector(text.begin(), text.end());
  if (run_.experiment().evaluation.user_vector_rule() == UserVector::recompose) {
    recompose(text, serving_->vectors, query.history, shots, vector);
  }
  return vector;
}

ServedScorer NoiseTrial::serve_queries(const std::vector<NoisyQuery>& queries, std::size_t shots) {
  ServedScorer served;
  RankingEvaluator evaluator(run_.items(), {utility_}, tie_break(run_.experiment(), run_.data()), length_);
  std::vector<float> scores(run_.items());
  for (std::size_t row = 0; row < queries.size(); ++row) {
    const auto [place, is_new] = known_.try_emplace(query_key(row, queries[row]), ranked_.size());
    if (is_new) {
      const HeldOutUser& newcomer = run_.newcomers().users()[row];
      serving_->scores.score(user_vector(queries[row], shots), scores);
      double value = 0.0;
      evaluator.evaluate(newcomer.key, scores, newcomer.masked, newcomer.targets, {&value, 1});
      const auto top = evaluator.top().first(std::min(evaluator.top().size(), length_));
      ranked_.emplace_back(value, std::vector<ItemId>(top.begin(), top.end()));
    }
    served.utility.push_back(ranked_[place->second].first);
    served.slates.push_back(ranked_[place->second].second);
  }
  return served;
}

RobustnessSeries NoiseTrial::rank(const std::vector<Condition>& conditions, const NewcomerScoring& scoring,
                                  std::size_t shots) {
  begin(clean_, scoring);
  const std::vector<NoisyQuery>& queries = conditions.front().draws.front();
  const ServedScorer clean = serve_queries(queries, shots);
  asked_.push_back({scoring, shots, queries, clean.slates});
  RobustnessSeries series{scoring.name, "", shots, clean.utility, {}};
  const std::size_t draws = std::transform_reduce(conditions.begin(), conditions.end(), std::size_t{0}, std::plus<>{},
                                                  [](const Condition& condition) { return condition.draws.size(); });
  Progress progress(fmt::format("rank for k = {}", shots), "draws", static_cast<std::int64_t>(draws), run_.clock());
  for (std::size_t c = 1; c < conditions.size(); ++c) {
    NoisyResult result{conditions[c].kind, conditions[c].severity, {}, 0, 0, 0, 0};
    Stability stability;
    for (const std::vector<NoisyQuery>& draw : conditions[c].draws) {
      ServedScorer noisy = serve_queries(draw, shots);
      progress.advance();
      for (std::size_t u = 0; u < draw.size(); ++u) {
        stability.add(clean.slates[u], noisy.slates[u]);
        stability.changed += draw[u].changed ? 1.0 : 0.0;
      }
      result.utility.push_back(std::move(noisy.utility));
    }
    stability.write(result);
    series.results.push_back(std::move(result));
  }
  return series;
}

/// Every disturbed catalogue is encoded once and ranked by all series, whose queries are those without noise.
void NoiseTrial::spoil_items(const NoisePlan& plan, std::vector<RobustnessSeries>& all) {
  if (plan.item_kinds.empty()) return;
  std::vector<Condition> queries(1);
  for (const Asked& asked : asked_) queries.front().draws.push_back(asked.queries);
  encode(queries);
  const ItemNoise noise(run_.data().dataset, run_.experiment().text, plan.thesaurus, plan.seed);
  for (const std::string& kind : plan.item_kinds) {
    for (const double severity : plan.severities) {
      std::vector<NoisyResult> results(all.size(), {kind, severity, {}, 0, 0, 0, 0});
      std::vector<Stability> stability(all.size());
      const std::uint32_t draws = noise_is_random(kind) ? plan.draws : 1;
      for (std::uint32_t draw = 0; draw < draws; ++draw) {
        const NoisyItems items = noise.noisy(kind, severity, draw);
        std::vector<Tokens> tokens;
        for (const std::string& text : items.texts) tokens.push_back(run_.texts().text(text));
        Catalogue spoiled(encoder_.encode(tokens, fmt::format("encode items under {} {:g}", kind, severity)));
        for (std::size_t s = 0; s < all.size(); ++s) {
          begin(spoiled, asked_[s].scoring);
          ServedScorer noisy = serve_queries(asked_[s].queries, asked_[s].shots);
          for (std::size_t u = 0; u < noisy.slates.size(); ++u) {
            stability[s].add(asked_[s].slates[u], noisy.slates[u]);
            stability[s].changed += items.changed;
          }
          results[s].utility.push_back(std::move(noisy.utility));
        }
      }
      for (std::size_t s = 0; s < all.size(); ++s) {
        stability[s].write(results[s]);
        all[s].results.push_back(std::move(results[s]));
      }
    }
  }
}

std::vector<RobustnessSeries> NoiseTrial::run(const NoisePlan& plan) {
  const std::vector<NewcomerScoring> scorings = newcomer_scorings(run_);
  std::vector<RobustnessSeries> all;
  asked_.clear();
  for (const std::string& source : plan.templates) {
    TextOptions text = run_.experiment().text;
    text.user = source;
    const NewcomerNoise noise(run_.data(), run_.newcomers(), text, run_.experiment().evaluation.user_vector_rule(),
                              plan.thesaurus, plan.seed);
    for (const std::size_t shots : plan.shots) {
      const std::vector<Condition> under = conditions(plan, noise, shots);
      encode(under);
      for (const NewcomerScoring& scoring : scorings) {
        all.push_back(rank(under, scoring, shots));
        all.back().text_template = source;
      }
    }
  }
  spoil_items(plan, all);
  return all;
}

}  // namespace coldframe
