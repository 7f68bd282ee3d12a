#include "framework/cli/radius_trial.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_map>

#include "framework/core/progress.h"
#include "framework/text/single_edits.h"

namespace coldframe {
namespace {

/// Rows of the newcomers whose typos are enumerated, ascending.
std::vector<std::size_t> sampled_rows(std::span<const HeldOutUser> users, std::size_t count, std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::subsample);
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t row = 0; row < users.size(); ++row) order.emplace_back(random.uniform(users[row].key), row);
  std::ranges::sort(order);
  order.resize(std::min(count, order.size()));
  std::vector<std::size_t> rows;
  for (const auto& [place, row] : order) rows.push_back(row);
  std::ranges::sort(rows);
  return rows;
}

/// What the prior adds to a score that is divided by its scale: weight prior / scale.
std::vector<double> offsets_of(const NewcomerScoring& scoring) {
  std::vector<double> offsets;
  for (const float prior : scoring.prior) offsets.push_back(scoring.weight / scoring.scale * prior);
  return offsets;
}

std::vector<ItemId> sorted(std::vector<ItemId> items) {
  std::ranges::sort(items);
  return items;
}

/// Utility of the list that one user gets by these scores.
class ListUtility {
 public:
  ListUtility(const OpenedRun& run, MetricCut utility)
      : evaluator_(run.items(), {utility}, tie_break(run.experiment(), run.data())) {}

  double of(const HeldOutUser& newcomer, std::span<const double> scores) {
    const std::vector<float> rounded(scores.begin(), scores.end());
    double value = 0.0;
    evaluator_.evaluate(newcomer.key, rounded, newcomer.masked, newcomer.targets, {&value, 1});
    return value;
  }

 private:
  RankingEvaluator evaluator_;
};

std::vector<ItemId> top_set(std::span<const double> scores, std::span<const ItemId> masked, std::size_t k) {
  std::vector<ItemId> top = candidates_by_score(scores, masked, k);
  top.resize(std::min(k, top.size()));
  return sorted(std::move(top));
}

}  // namespace

/// User vectors at one k through one template: clean, and of every single edit of the sampled.
struct RadiusTrial::Newcomers {
  std::string text_template;
  std::size_t shots = 0;
  std::vector<std::vector<double>> clean;                // [users][D]
  std::vector<std::size_t> sampled;                      // rows
  std::vector<std::vector<std::vector<double>>> edited;  // [sampled][edits][D]
};

RadiusTrial::Newcomers RadiusTrial::newcomers(const NoisePlan& plan, const std::string& source, std::size_t shots,
                                              std::size_t typo_users) {
  TextOptions text = run_.experiment().text;
  text.user = source;
  const UserVector rule = run_.experiment().evaluation.user_vector_rule();
  const NewcomerNoise writer(run_.data(), run_.newcomers(), text, rule, nullptr, plan.seed);
  const std::vector<NoisyQuery> queries = writer.clean(shots);
  Newcomers made{source, shots, {}, sampled_rows(run_.newcomers().users(), typo_users, plan.seed), {}};

  std::unordered_map<std::string, std::size_t> rows;
  std::vector<Tokens> tokens;
  const auto add = [&](const std::string& written) {
    if (rows.try_emplace(written, tokens.size()).second) tokens.push_back(run_.texts().text(written));
  };
  std::vector<std::vector<std::string>> edits;
  for (const NoisyQuery& query : queries) add(query.text);
  for (const std::size_t row : made.sampled) {
    std::vector<std::string>& of = edits.emplace_back();
    for (const std::string& edit : single_edits(queries[row].text.substr(text.user_prompt.size()))) {
      of.push_back(text.user_prompt + edit);
      add(of.back());
    }
  }
  const EncodedTexts encoded = encoder_.encode(tokens, "encode newcomers with single typos");
  const bool recomposed = rule == UserVector::recompose;
  const VectorTable items = recomposed ? vector_table(items_) : VectorTable(0, items_.width, {});
  const auto vector_of = [&](const std::string& written, const NoisyQuery& query) {
    const std::span<const float> row = encoded.row(rows.at(written));
    std::vector<float> vector(row.begin(), row.end());
    if (recomposed) recompose(row, items, query.history, shots, vector);
    return std::vector<double>(vector.begin(), vector.end());
  };
  for (const NoisyQuery& query : queries) made.clean.push_back(vector_of(query.text, query));
  for (std::size_t s = 0; s < made.sampled.size(); ++s) {
    std::vector<std::vector<double>>& of = made.edited.emplace_back();
    for (const std::string& edit : edits[s]) of.push_back(vector_of(edit, queries[made.sampled[s]]));
  }
  return made;
}

CertifiedSeries RadiusTrial::certify(const NewcomerScoring& scoring, const Newcomers& newcomers) const {
  const LinearScorer scorer(items_.vectors.span(), items_.width, Similarity::dot_product, offsets_of(scoring));
  const auto k = static_cast<std::size_t>(run_.experiment().evaluation.coverage_at);
  const std::span<const HeldOutUser> users = run_.newcomers().users();
  CertifiedSeries series{scoring.name, newcomers.text_template, newcomers.shots, {}, {}, {}};
  std::vector<std::vector<ItemId>> tops;
  Progress progress("certify lists", "newcomers", static_cast<std::int64_t>(users.size()), run_.clock());
  for (std::size_t row = 0; row < users.size(); ++row) {
    progress.advance();
    CertifiedRadius certified = certified_radius(scorer, newcomers.clean[row], users[row].masked, k);
    series.set_radius.push_back(certified.set.radius);
    series.order_radius.push_back(certified.order.radius);
    tops.push_back(sorted(std::move(certified.top)));
  }
  try_typos(scorer, newcomers, series, tops);
  return series;
}

void RadiusTrial::try_typos(const LinearScorer& scorer, const Newcomers& newcomers, CertifiedSeries& series,
                            const std::vector<std::vector<ItemId>>& tops) const {
  const auto k = static_cast<std::size_t>(run_.experiment().evaluation.coverage_at);
  ListUtility list(run_, parse_metric(run_.experiment().evaluation.metrics.front()));
  Progress progress("rank under typos", "newcomers", static_cast<std::int64_t>(newcomers.sampled.size()), run_.clock());
  for (std::size_t s = 0; s < newcomers.sampled.size(); ++s) {
    progress.advance();
    const std::size_t row = newcomers.sampled[s];
    const HeldOutUser& newcomer = run_.newcomers().users()[row];
    TypoRow typos{newcomer.key, {}, 0, 0, list.of(newcomer, scorer.scores(newcomers.clean[row])), 0.0, 0.0};
    typos.worst = std::numeric_limits<double>::infinity();
    for (const std::vector<double>& edited : newcomers.edited[s]) {
      const std::vector<double> scores = scorer.scores(edited);
      const double shift = euclidean_distance(edited, newcomers.clean[row]), utility = list.of(newcomer, scores);
      typos.shifts.push_back(shift);
      typos.mean += utility / static_cast<double>(newcomers.edited[s].size());
      typos.worst = std::min(typos.worst, utility);
      if (shift < series.set_radius[row]) continue;  // proved to change nothing
      ++typos.beyond;
      if (top_set(scores, newcomer.masked, k) != tops[row]) ++typos.changed;
    }
    series.typos.push_back(std::move(typos));
  }
}

std::vector<CertifiedSeries> RadiusTrial::run(const NoisePlan& plan, std::size_t typo_users) {
  const std::vector<NewcomerScoring> scorings = newcomer_scorings(run_);
  const std::size_t smallest = plan.shots.empty() ? 0 : *std::ranges::min_element(plan.shots);
  std::vector<CertifiedSeries> all;
  for (const std::string& source : plan.templates) {
    for (const std::size_t shots : plan.shots) {
      const Newcomers made = newcomers(plan, source, shots, shots == smallest ? typo_users : 0);
      for (const NewcomerScoring& scoring : scorings) all.push_back(certify(scoring, made));
    }
  }
  return all;
}

}  // namespace coldframe
