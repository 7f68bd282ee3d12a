#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/cli/newcomer_vectors.h"
#include "framework/text/text_noise.h"

namespace coldframe {

/// A newcomer as an encoder meets them: their text, and the history that recompose() averages in (empty under
/// reencode).
struct NoisyQuery {
  std::string text;
  std::vector<ItemId> history;  // oldest first
  bool changed = false;         // by the noise
};

/// Names of all kinds of noise on what newcomers write and liked, as on the command line.
std::vector<std::string> noise_kinds();
/// False for kinds (also of items) that know no chance, so that one draw says all.
bool noise_is_random(std::string_view kind);

/// The texts and histories of real newcomers under noise. True attributes, targets and masks stay; text noise acts on
/// the rendered text behind the prompt, `missing_fields` on the fields of the template, `shuffled_history` and
/// `shortened_history` on what was liked.
class NewcomerNoise {
 public:
  /// `text`: the options of the run, with the template that is asked for. thesaurus: for synonyms, may be nullptr.
  NewcomerNoise(const ExperimentData& data, const NewcomerSet& newcomers, const TextOptions& text, UserVector rule,
                const Thesaurus* thesaurus, std::uint64_t seed);

  std::vector<NoisyQuery> clean(std::size_t shots) const;
  /// One per newcomer, each a function of (seed, user, draw, kind, severity) alone.
  std::vector<NoisyQuery> noisy(const std::string& kind, double severity, std::uint32_t draw, std::size_t shots) const;

 private:
  NoisyQuery query(const TextViews& views, std::size_t row, std::vector<ItemId> history) const;
  EntityTable with_fields_left_out(double severity, std::uint32_t draw) const;
  NoiseKey key(std::size_t row, std::uint32_t draw) const;

  const ExperimentData& data_;
  const NewcomerSet& newcomers_;
  TextOptions text_;
  UserVector rule_;
  TextNoiser noiser_;
  std::uint64_t seed_;
  TextViews views_;
};

}  // namespace coldframe
