#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/simulation/observables.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/word_shift.h"
#include "framework/simulation/world_drift_options.h"

namespace coldframe {

/// The `[vocabulary_drift]` section: the words in which newcomers write their profiles change over periods (assumed).
/// With probability w(period) as in `[world_drift]` a newcomer writes by `user_template` instead of the template of
/// before, with `synonym_share` of the words replaced by synonyms (WordShift), or both, for life; who they are and what
/// they like stays.
struct VocabularyDriftOptions final : Options {
  std::string kind = "none";  // none | sudden | gradual | recurring
  std::string user_template;  // empty: that of before
  double synonym_share = 0;
  std::string synonyms;  // file; empty: WordNet
  std::int64_t at_period = 1;
  std::int64_t over_periods = 4;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
  bool active() const { return kind != "none"; }
};

/// Which text of a profile a newcomer has: row p of `pool` profiles in the old words, row pool + p in the new ones.
/// Thread-safety: const.
class VocabularyDrift {
 public:
  /// IoError or DataError when synonyms are wanted and cannot be read.
  VocabularyDrift(const VocabularyDriftOptions& options, std::uint64_t population_seed, std::uint32_t pool);

  std::uint32_t text_row(UserKey user, std::uint32_t profile_row, std::uint32_t period) const;
  /// Empty: texts are written by the template of before.
  const std::string& user_template() const { return options_.user_template; }
  /// A text of those who write in new words; `names` in it, as titles of items, stay.
  std::string reworded(std::string text, std::span<const std::string> names = {}) const;
  const WordShift* shift() const { return shift_ ? &*shift_ : nullptr; }  // nullptr: no word has another

 private:
  VocabularyDriftOptions options_;
  SimulationRandom random_;
  std::uint32_t pool_;
  std::optional<WordShift> shift_;
};

}  // namespace coldframe
