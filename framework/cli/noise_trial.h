#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "framework/cli/item_noise.h"
#include "framework/cli/newcomer_noise.h"
#include "framework/cli/opened_run.h"
#include "framework/reporting/robustness_report.h"

namespace coldframe {

/// What the newcomers of a run are put to.
struct NoisePlan {
  std::vector<std::string> kinds;       // on what newcomers write and liked
  std::vector<std::string> item_kinds;  // on the texts of the catalogue, which is encoded anew for each draw
  std::vector<double> severities;
  std::vector<std::size_t> shots;
  std::vector<std::string> templates;
  std::uint32_t draws = 8;
  std::uint64_t seed = 1;
  const Thesaurus* thesaurus = nullptr;
};

/// One way to score newcomers with a run: s = scale u . v + weight prior; without a prior the pure text score.
struct NewcomerScoring {
  std::string name;
  double scale = 1.0;
  double weight = 0.0;
  std::vector<float> prior;
};

/// The pure score, and with the item prior once `coldframe evaluate` has given it a weight.
std::vector<NewcomerScoring> newcomer_scorings(const OpenedRun& run);

/// Encodes every distinct text of the plan once and ranks all items for every distinct query; kinds that act on
/// histories are passed over at k = 0.
class NoiseTrial {
 public:
  explicit NoiseTrial(const OpenedRun& run);

  /// A series for each template, k and scorer (the pure score, and with the item prior once it has a weight).
  std::vector<RobustnessSeries> run(const NoisePlan& plan);
  /// Vectors of the catalogue, encoded once.
  const EncodedTexts& items() const { return clean_.scores.items(); }

 private:
  struct Condition {
    std::string kind;  // empty: clean
    double severity = 0.0;
    std::vector<std::vector<NoisyQuery>> draws;
  };
  struct Catalogue {
    explicit Catalogue(EncodedTexts items) : scores(std::move(items)), vectors(vector_table(scores.items())) {}
    ItemScores scores;
    VectorTable vectors;
  };
  /// What a series asked without noise, and was shown.
  struct Asked {
    NewcomerScoring scoring;
    std::size_t shots = 0;
    std::vector<NoisyQuery> queries;
    std::vector<std::vector<ItemId>> slates;
  };
  std::vector<Condition> conditions(const NoisePlan& plan, const NewcomerNoise& noise, std::size_t shots) const;
  void encode(const std::vector<Condition>& conditions);
  RobustnessSeries rank(const std::vector<Condition>& conditions, const NewcomerScoring& scoring, std::size_t shots);
  void spoil_items(const NoisePlan& plan, std::vector<RobustnessSeries>& all);
  /// From here on queries are ranked over this catalogue, by this scorer.
  void begin(Catalogue& catalogue, const NewcomerScoring& scoring);
  ServedScorer serve_queries(const std::vector<NoisyQuery>& queries, std::size_t shots);
  std::vector<float> user_vector(const NoisyQuery& query, std::size_t shots) const;

  const OpenedRun& run_;
  MetricCut utility_;
  std::size_t length_;
  BulkEncoder encoder_;
  Catalogue clean_;
  std::unordered_map<std::string, std::size_t> rows_;  // of encoded texts
  EncodedTexts texts_;
  Catalogue* serving_ = nullptr;                        // what begin() chose
  std::unordered_map<std::string, std::size_t> known_;  // queries ranked since then
  std::vector<std::pair<double, std::vector<ItemId>>> ranked_;
  std::vector<Asked> asked_;  // by series
};

}  // namespace coldframe
