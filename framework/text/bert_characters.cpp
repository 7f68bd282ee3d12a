#include "framework/text/bert_characters.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>

namespace coldframe::detail {
namespace {

constexpr int k_category_tables = 8;       // Unicode version of the general categories in `tokenizers`
constexpr int k_decomposition_tables = 9;  // ... of its canonical decompositions and combining classes

bool assigned_by(char32_t c, int version) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] > 0 && age[0] <= version;
}

bool category_in(char32_t c, std::uint32_t mask) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & mask) != 0 && assigned_by(c, k_category_tables);
}

/// Characters `first` .. `last`, every `step`th of them, map to themselves + `shift`.
struct CaseRange {
  char32_t first;
  char32_t last;
  char32_t step;
  std::int32_t shift;
};

// Lower-case mappings of Unicode 16 and 17, which ICU before 78 does not know.
constexpr std::array k_new_case_ranges = {
    CaseRange{0x1C89, 0x1C89, 1, 1},    CaseRange{0xA7CB, 0xA7CB, 1, -42343}, CaseRange{0xA7CC, 0xA7CE, 2, 1},
    CaseRange{0xA7D2, 0xA7D4, 2, 1},    CaseRange{0xA7DA, 0xA7DA, 1, 1},      CaseRange{0xA7DC, 0xA7DC, 1, -42561},
    CaseRange{0x10D50, 0x10D65, 1, 32}, CaseRange{0x16EA0, 0x16EB8, 1, 27},
};

char32_t simple_lowercase(char32_t c) {
  for (const CaseRange& range : k_new_case_ranges) {
    if (c >= range.first && c <= range.last && (c - range.first) % range.step == 0) return c + range.shift;
  }
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
}

const icu::Normalizer2& canonical() {
  static const icu::Normalizer2& normalizer = [&]() -> const icu::Normalizer2& {
    UErrorCode status = U_ZERO_ERROR;
    return *icu::Normalizer2::getNFDInstance(status);
  }();
  return normalizer;
}

}  // namespace

bool is_removed_control(char32_t c) {
  if (c == U'\t' || c == U'\n' || c == U'\r') return false;
  return c == 0 || c == 0xFFFD || category_in(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK);
}

bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

bool is_punctuation(char32_t c) {
  if (c < 0x80) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  // U+166D became a symbol and U+111C9 a mark in later versions.
  return c == 0x166D || c == 0x111C9 || category_in(c, U_GC_P_MASK);
}

bool is_cjk_ideograph(char32_t c) {
  if (c < 0x3400) return false;
  return (c >= 0x4E00 && c <= 0x9FFF) || c <= 0x4DBF || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) ||
         (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_non_spacing_mark(char32_t c) {
  // Mn in Unicode 8 but not today, and the reverse.
  if (c == 0x1734) return true;
  if (c == 0x1885 || c == 0x1886 || c == 0xA9BD || c == 0x111C9) return false;
  return category_in(c, U_GC_MN_MASK);
}

bool is_word_character(char32_t c) {
  const auto code = static_cast<UChar32>(c);
  return u_hasBinaryProperty(code, UCHAR_ALPHABETIC) || u_hasBinaryProperty(code, UCHAR_JOIN_CONTROL) ||
         (U_GET_GC_MASK(code) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}

std::uint8_t combining_class(char32_t c) {
  const std::uint8_t value = u_getCombiningClass(static_cast<UChar32>(c));
  return value != 0 && assigned_by(c, k_decomposition_tables) ? value : 0;
}

void append_decomposition(char32_t c, std::u32string& out) {
  icu::UnicodeString decomposed;
  if (!canonical().getDecomposition(static_cast<UChar32>(c), decomposed) || !assigned_by(c, k_decomposition_tables)) {
    out.push_back(c);
    return;
  }
  for (std::int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
    out.push_back(static_cast<char32_t>(decomposed.char32At(i)));
  }
}

void append_lowercase(char32_t c, std::u32string& out) {
  // The one character whose unconditional lower-case mapping is longer than itself.
  if (c == 0x130) {
    out.append({U'i', char32_t{0x307}});
    return;
  }
  out.push_back(simple_lowercase(c));
}

}  // namespace coldframe::detail
