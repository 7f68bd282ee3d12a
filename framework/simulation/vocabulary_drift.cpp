#include "framework/simulation/vocabulary_drift.h"

#include <memory>

#include "framework/simulation/detail/drift_times.h"
#include "framework/text/thesaurus.h"

namespace coldframe {
namespace {

SynonymSource synonyms_of(const VocabularyDriftOptions& options) {
  if (!options.synonyms.empty()) return read_synonyms(options.synonyms);
  return
      [thesaurus = std::make_shared<const Thesaurus>()](const std::string& word) { return thesaurus->synonyms(word); };
}

}  // namespace

void VocabularyDriftOptions::describe(OptionVisitor& v) {
  v.visit({.name = "kind",
           .doc = "how the words of newcomers' profiles change over periods (assumed)",
           .choices = {"none", "sudden", "gradual", "recurring"}},
          kind);
  v.visit({.name = "user_template",
           .doc = "template of the texts afterwards: other sentences, other words for the same values, as in "
                  "{gender:M=bloke,F=lady|person}"},
          user_template);
  v.visit({.name = "synonym_share",
           .doc = "share of the words with a synonym that give way to it in texts afterwards, the same words for "
                  "everybody (assumed)",
           .minimum = 0,
           .maximum = 1},
          synonym_share);
  v.visit({.name = "synonyms",
           .doc = "CSV file with the columns word and synonym; empty: WordNet (Debian package wordnet-base)"},
          synonyms);
  detail::visit_drift_times(v, at_period, over_periods,
                            "gradual: length of the change; recurring: periods between changes");
}

std::vector<Problem> VocabularyDriftOptions::validate() const {
  if (active() && user_template.empty() && synonym_share == 0) {
    return {{"user_template",
             "(is missing) say how profiles are written afterwards, set vocabulary_drift.synonym_share, or set "
             "vocabulary_drift.kind = none"}};
  }
  if (synonym_share == 0 && !synonyms.empty()) {
    return {{"synonyms", "(has no effect without vocabulary_drift.synonym_share) try synonym_share = 0.3"}};
  }
  if (!active() && (!user_template.empty() || synonym_share > 0)) {
    return {{user_template.empty() ? "synonym_share" : "user_template",
             "(has no effect without vocabulary_drift.kind) try kind = sudden"}};
  }
  return {};
}

VocabularyDrift::VocabularyDrift(const VocabularyDriftOptions& options, std::uint64_t population_seed,
                                 std::uint32_t pool)
    : options_(options), random_(population_seed), pool_(pool) {
  if (options.synonym_share > 0) shift_.emplace(synonyms_of(options), options.synonym_share, population_seed);
}

std::string VocabularyDrift::reworded(std::string text, std::span<const std::string> names) const {
  return shift_ ? shift_->rewritten(text, names) : std::move(text);
}

std::uint32_t VocabularyDrift::text_row(UserKey user, std::uint32_t profile_row, std::uint32_t period) const {
  const double weight = drift_weight(drift_kind(options_.kind), period, options_.at_period, options_.over_periods);
  return weight > 0 && random_.words_coin(user) < weight ? pool_ + profile_row : profile_row;
}

}  // namespace coldframe
