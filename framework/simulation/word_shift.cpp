#include "framework/simulation/word_shift.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/data/delimited_reader.h"
#include "framework/simulation/random_layout.h"
#include "framework/text/text_spans.h"

namespace coldframe {
namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }

std::string in_small_letters(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (is_capital(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Bytes [begin, end) of a text.
struct Stretch {
  std::size_t begin = 0, end = 0;
};

std::vector<Stretch> places_of(std::span<const std::string> names, std::string_view text) {
  std::vector<Stretch> places;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + name.size())) {
      places.push_back({at, at + name.size()});
    }
  }
  return places;
}

std::size_t column(const std::filesystem::path& path, const Record& header, std::string_view name) {
  const auto at = std::ranges::find(header.fields, name);
  if (at != header.fields.end()) return static_cast<std::size_t>(at - header.fields.begin());
  throw DataError(fmt::format("{}: its columns are {}", path.string(), fmt::join(header.fields, ", ")),
                  fmt::format("{} is missing", name), "name word and synonym in the first line");
}

}  // namespace

SynonymSource read_synonyms(const std::filesystem::path& path) {
  DelimitedReader lines(path);
  Record line;
  if (!lines.next(line)) throw DataError(fmt::format("{} is empty", path.string()), "it holds no synonym");
  const std::size_t width = line.fields.size();
  const std::size_t word = column(path, line, "word"), synonym = column(path, line, "synonym");
  const auto fail = [&](std::string_view why) {
    throw DataError(fmt::format("{}:{}", path.string(), line.line), why, "correct the row");
  };
  auto table = std::make_shared<std::unordered_map<std::string, std::vector<std::string>>>();
  while (lines.next(line)) {
    if (!line.problem.empty()) fail(line.problem);
    if (line.fields.size() != width) fail(fmt::format("{} fields, the header has {}", line.fields.size(), width));
    const std::string from = in_small_letters(line.fields[word]);
    const std::string& to = line.fields[synonym];
    if (from.empty() || to.empty()) fail("word or synonym is empty");
    if (from == in_small_letters(to)) fail(fmt::format("'{}' stands for itself", from));
    std::vector<std::string>& known = (*table)[from];
    if (std::ranges::find(known, to) == known.end()) known.push_back(to);
  }
  if (table->empty())
    throw DataError(fmt::format("{} names no word", path.string()), "nothing could change", "add rows");
  return [table](const std::string& asked) {
    const auto found = table->find(asked);
    return found == table->end() ? std::vector<std::string>() : found->second;
  };
}

WordShift::WordShift(SynonymSource synonyms, double share, std::uint64_t seed)
    : synonyms_(std::move(synonyms)), share_(share), random_(derived_seed(seed, "synonyms"), Purpose::drift) {
  if (!(share >= 0.0 && share <= 1.0)) {
    throw ConfigError(fmt::format("a share {} of words", share), "must be from 0 to 1", "try 0.3");
  }
}

std::string WordShift::replacement(std::string_view word) const {
  const std::string plain = in_small_letters(word);
  const bool acronym = word.size() > 1 && is_capital(word[0]) && std::ranges::none_of(word, is_small);
  if (acronym || grapheme_bounds(word).size() <= k_shortest_word) return std::string(word);
  const PhiloxBlock draw = random_.block(UserKey(stable_hash(plain)));
  if (!(uniform_double(draw[0]) < share_)) return std::string(word);
  const std::vector<std::string> known = synonyms_(plain);
  if (known.empty()) return std::string(word);
  std::string chosen = known[uniform_below(draw[1], static_cast<std::uint32_t>(known.size()))];
  if (is_capital(word[0]) && is_small(chosen[0])) chosen[0] = static_cast<char>(chosen[0] - 'a' + 'A');
  return chosen;
}

std::string WordShift::rewritten(std::string_view text, std::span<const std::string> names) const {
  const std::vector<Stretch> kept = places_of(names, text);
  std::string out;
  std::size_t copied = 0;
  for (const WordSpan& span : words_of(text)) {
    const auto covers = [&](const Stretch& place) { return span.begin < place.end && place.begin < span.end; };
    if (!span.letters || std::ranges::any_of(kept, covers)) continue;
    out += text.substr(copied, span.begin - copied);
    out += replacement(text.substr(span.begin, span.end - span.begin));
    copied = span.end;
  }
  return out += text.substr(copied);
}

WordShiftSummary summarise(const WordShift& shift, std::span<const std::string> texts) {
  WordShiftSummary summary;
  for (const std::string& text : texts) {
    for (const WordSpan& span : words_of(text)) {
      if (!span.letters) continue;
      const std::string_view word = std::string_view(text).substr(span.begin, span.end - span.begin);
      const std::string now = shift.replacement(word);
      summary.words += 1;
      if (now == word) continue;
      summary.changed += 1;
      summary.replaced[in_small_letters(word)] = in_small_letters(now);
    }
  }
  return summary;
}

}  // namespace coldframe
