#include "framework/text/text_spans.h"

#include <fmt/format.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <memory>

#include "framework/core/error.h"
#include "framework/core/utf8.h"

namespace coldframe {
namespace {

void require(UErrorCode status) {
  if (U_FAILURE(status)) throw DataError(fmt::format("ICU cannot segment text ({})", u_errorName(status)));
}

struct Closer {
  void operator()(UBreakIterator* iterator) const { ubrk_close(iterator); }
  void operator()(UText* text) const { utext_close(text); }
};

/// visit(begin, end, rule status) for every segment of the text.
template <class Visit>
void for_segments(std::string_view text, UBreakIteratorType type, Visit visit) {
  if (const auto at = find_invalid_utf8(text)) {
    throw DataError(fmt::format("a text to segment is not UTF-8 at byte {}", *at));
  }
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UText, Closer> view(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status));
  const std::unique_ptr<UBreakIterator, Closer> iterator(ubrk_open(type, "en", nullptr, 0, &status));
  require(status);
  ubrk_setUText(iterator.get(), view.get(), &status);
  require(status);
  auto begin = static_cast<std::size_t>(ubrk_first(iterator.get()));
  for (std::int32_t next = ubrk_next(iterator.get()); next != UBRK_DONE; next = ubrk_next(iterator.get())) {
    visit(begin, static_cast<std::size_t>(next), ubrk_getRuleStatus(iterator.get()));
    begin = static_cast<std::size_t>(next);
  }
}

}  // namespace

std::vector<WordSpan> words_of(std::string_view text) {
  std::vector<WordSpan> words;
  for_segments(text, UBRK_WORD, [&](std::size_t begin, std::size_t end, std::int32_t status) {
    if (status >= UBRK_WORD_NUMBER) words.push_back({begin, end, status >= UBRK_WORD_LETTER});
  });
  return words;
}

std::vector<std::size_t> grapheme_bounds(std::string_view text) {
  std::vector<std::size_t> bounds;
  for_segments(text, UBRK_CHARACTER, [&](std::size_t begin, std::size_t, std::int32_t) { bounds.push_back(begin); });
  bounds.push_back(text.size());
  return bounds;
}

}  // namespace coldframe
