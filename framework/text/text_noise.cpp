#include "framework/text/text_noise.h"

#include <fmt/format.h>
#include <unicode/ucasemap.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/text/foreign_words.h"
#include "framework/text/text_spans.h"
#include "framework/text/thesaurus.h"
#include "framework/text/typing_error.h"

namespace coldframe {
namespace {

/// Frozen: the page of a kind in the counters.
constexpr std::uint32_t page_of(TextNoise kind) { return static_cast<std::uint32_t>(kind); }

enum class LetterCase { upper, lower };

std::string in_case(std::string_view word, LetterCase letter_case) {
  UErrorCode status = U_ZERO_ERROR;
  UCaseMap* map = ucasemap_open("", 0, &status);
  std::string out(3 * word.size() + 16, '\0');  // no full case mapping of a character is longer
  const std::int32_t size = (letter_case == LetterCase::upper ? ucasemap_utf8ToUpper : ucasemap_utf8ToLower)(
      map, out.data(), static_cast<std::int32_t>(out.size()), word.data(), static_cast<std::int32_t>(word.size()),
      &status);
  ucasemap_close(map);
  if (U_FAILURE(status))
    throw DataError(fmt::format("ICU cannot change the case of \"{}\" ({})", word, u_errorName(status)));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string other_case(std::string_view word) {
  std::string upper = in_case(word, LetterCase::upper);
  return upper != word ? upper : in_case(word, LetterCase::lower);
}

bool starts_with_capital(std::string_view word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; }

NoisyText truncated(double severity, std::string_view text) {
  const std::vector<std::size_t> bounds = grapheme_bounds(text);
  const std::size_t characters = bounds.size() - 1;
  const auto cut = static_cast<std::size_t>(severity * static_cast<double>(characters));
  NoisyText result{std::string(text.substr(0, bounds[characters - cut])), {}};
  for (std::size_t c = characters - cut; c < characters; ++c) result.edits.push_back(c);
  return result;
}

}  // namespace

std::vector<std::string> text_noise_names() {
  return {"typos", "casing", "synonyms", "out_of_domain", "chinese", "truncation"};
}

std::optional<TextNoise> text_noise_of(std::string_view name) {
  const std::vector<std::string> names = text_noise_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<TextNoise>(found - names.begin());
}

void require_severity(double severity) {
  if (!(severity >= 0.0 && severity <= 1.0)) {
    throw ConfigError(fmt::format("severity {}", severity), "it is a share, from 0 to 1", "try 0.05, 0.1, 0.2, 0.3");
  }
}

std::string TextNoiser::edited(TextNoise kind, std::string_view word, const PhiloxBlock& draw) const {
  switch (kind) {
    case TextNoise::typos:
      return mistyped(word, static_cast<TypingError>(uniform_below(draw[1], 4)), draw[2], draw[3]);
    case TextNoise::casing:
      return other_case(word);
    case TextNoise::synonyms: {
      const std::vector<std::string> words = thesaurus_->synonyms(word);
      if (words.empty()) return std::string(word);
      std::string chosen = words[uniform_below(draw[1], static_cast<std::uint32_t>(words.size()))];
      if (starts_with_capital(word) && chosen[0] >= 'a' && chosen[0] <= 'z')
        chosen[0] = static_cast<char>(chosen[0] - 'a' + 'A');
      return chosen;
    }
    case TextNoise::out_of_domain:
      return std::string(out_of_domain_word(draw[1]));
    case TextNoise::chinese:
      return in_chinese(word);
    case TextNoise::truncation:
      break;
  }
  return std::string(word);
}

NoisyText TextNoiser::apply(TextNoise kind, double severity, std::string_view text, const NoiseKey& key) const {
  require_severity(severity);
  if (kind == TextNoise::truncation) return truncated(severity, text);
  if (kind == TextNoise::synonyms && thesaurus_ == nullptr) {
    throw ConfigError("synonyms without a thesaurus", "they come from WordNet", "install wordnet-base");
  }
  const KeyedRandom random(key.seed, Purpose::text_noise);
  NoisyText result;
  std::size_t copied = 0, ordinal = 0;
  for (const WordSpan& span : words_of(text)) {
    const std::size_t number = ordinal++;
    if (!span.letters) continue;
    const PhiloxBlock draw = random.block(key.user, key.draw, page_of(kind), static_cast<std::uint32_t>(number));
    if (uniform_double(draw[0]) >= severity) continue;
    const std::string_view word = text.substr(span.begin, span.end - span.begin);
    const std::string replacement = edited(kind, word, draw);
    if (replacement == word) continue;
    result.text += text.substr(copied, span.begin - copied);
    result.text += replacement;
    result.edits.push_back(number);
    copied = span.end;
  }
  result.text += text.substr(copied);
  return result;
}

}  // namespace coldframe
