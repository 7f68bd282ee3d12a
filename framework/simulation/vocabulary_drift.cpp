#include "framework/simulation/vocabulary_drift.h"

#include "framework/simulation/detail/drift_times.h"

namespace coldframe {

void VocabularyDriftOptions::describe(OptionVisitor& v) {
  v.visit({.name = "kind",
           .doc = "how the words of newcomers' profiles change over periods (assumed)",
           .choices = {"none", "sudden", "gradual", "recurring"}},
          kind);
  v.visit({.name = "user_template",
           .doc = "template of the texts afterwards: other sentences, other words for the same values, as in "
                  "{gender:M=bloke,F=lady|person}"},
          user_template);
  detail::visit_drift_times(v, at_period, over_periods,
                            "gradual: length of the change; recurring: periods between changes");
}

std::vector<Problem> VocabularyDriftOptions::validate() const {
  if (active() && user_template.empty()) {
    return {
        {"user_template", "(is missing) say how profiles are written afterwards, or set vocabulary_drift.kind = none"}};
  }
  if (!active() && !user_template.empty()) {
    return {{"user_template", "(has no effect without vocabulary_drift.kind) try kind = sudden"}};
  }
  return {};
}

std::uint32_t VocabularyDrift::text_row(UserKey user, std::uint32_t profile_row, std::uint32_t period) const {
  const double weight = drift_weight(drift_kind(options_.kind), period, options_.at_period, options_.over_periods);
  return weight > 0 && random_.words_coin(user) < weight ? pool_ + profile_row : profile_row;
}

}  // namespace coldframe
