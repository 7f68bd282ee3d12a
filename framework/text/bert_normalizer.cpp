#include "framework/text/bert_normalizer.h"

#include <unicode/utf8.h>

#include <algorithm>

#include "framework/text/bert_characters.h"

namespace coldframe {
namespace {

void append_utf8(char32_t c, std::string& out) {
  char buffer[U8_MAX_LENGTH];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(buffer, length, c);
  out.append(buffer, static_cast<std::size_t>(length));
}

/// The part of the pipeline behind clean_text: holds back a run of combining marks until its order is known.
class MarkOrderer {
 public:
  MarkOrderer(const NormalizerSettings& settings, std::string& out)
      : strip_accents_(settings.strips_accents()), lowercase_(settings.lowercase), out_(out) {}

  void push(char32_t c) {
    if (!strip_accents_) {
      write(c);
      return;
    }
    decomposed_.clear();
    detail::append_decomposition(c, decomposed_);
    for (const char32_t part : decomposed_) {
      if (detail::combining_class(part) == 0) flush();
      pending_.push_back(part);
    }
  }

  /// Canonical ordering: a stable sort by combining class of what follows a starter, which stands first (class 0).
  void flush() {
    if (pending_.empty()) return;
    if (pending_.size() > 1) std::ranges::stable_sort(pending_, {}, detail::combining_class);
    for (const char32_t c : pending_) {
      if (!detail::is_non_spacing_mark(c)) write(c);
    }
    pending_.clear();
  }

 private:
  void write(char32_t c) {
    if (!lowercase_) {
      append_utf8(c, out_);
      return;
    }
    lower_.clear();
    detail::append_lowercase(c, lower_);
    for (const char32_t part : lower_) append_utf8(part, out_);
  }

  bool strip_accents_;
  bool lowercase_;
  std::string& out_;
  std::u32string pending_;
  std::u32string decomposed_;
  std::u32string lower_;
};

}  // namespace

BertNormalizer::BertNormalizer(const NormalizerSettings& settings) : settings_(settings) {
  for (char32_t c = 0; c < ascii_.size(); ++c) {
    const bool upper = c >= U'A' && c <= U'Z';
    char32_t mapped = upper && settings.lowercase ? c + 32 : c;
    if (settings.clean_text && detail::is_white_space(c)) mapped = U' ';
    const bool removed = settings.clean_text && detail::is_removed_control(c);
    ascii_[c] = removed ? std::int16_t{-1} : static_cast<std::int16_t>(mapped);
  }
}

std::string BertNormalizer::normalize(std::string_view text) const {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  MarkOrderer marks(settings_, out);
  std::size_t i = 0;
  while (i < text.size()) {
    if (const auto byte = static_cast<unsigned char>(text[i]); byte < ascii_.size()) {
      ++i;
      const std::int16_t mapped = ascii_[byte];
      if (mapped < 0) continue;
      marks.flush();
      out.push_back(static_cast<char>(mapped));
      continue;
    }
    UChar32 decoded = 0;
    U8_NEXT_OR_FFFD(text.data(), i, text.size(), decoded);
    const auto c = static_cast<char32_t>(decoded);
    if (settings_.clean_text && detail::is_removed_control(c)) continue;
    const bool ideograph = settings_.handle_chinese_chars && detail::is_cjk_ideograph(c);
    if (ideograph) marks.push(U' ');
    marks.push(settings_.clean_text && detail::is_white_space(c) ? U' ' : c);
    if (ideograph) marks.push(U' ');
  }
  marks.flush();
  return out;
}

}  // namespace coldframe
