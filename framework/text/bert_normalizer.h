#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coldframe {

struct NormalizerSettings {
  bool clean_text = true;            // control characters go, every white space becomes a blank
  bool handle_chinese_chars = true;  // blanks around every CJK ideograph
  std::optional<bool> strip_accents =
      std::nullopt;       // canonical decomposition, then non-spacing marks go; unset: as lowercase
  bool lowercase = true;  // character by character, without context (no final sigma)

  bool strips_accents() const { return strip_accents.value_or(lowercase); }
};

/// The text normalisation of BERT (Devlin et al., 2019), in the form of `tokenizers`' BertNormalizer.
class BertNormalizer {
 public:
  explicit BertNormalizer(const NormalizerSettings& settings);

  /// Normalised UTF-8. Ill-formed sequences count as U+FFFD.
  std::string normalize(std::string_view text) const;

 private:
  NormalizerSettings settings_;
  std::array<std::int16_t, 128> ascii_;  // what an ASCII character becomes, -1: nothing
};

}  // namespace coldframe
