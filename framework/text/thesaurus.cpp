#include "framework/text/thesaurus.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::array<std::string_view, 4> k_parts = {"noun", "verb", "adj", "adv"};

std::string lowered(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view line_at(std::string_view text, std::size_t begin) {
  return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

std::size_t number_in(std::string_view digits, int base = 10) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw DataError(fmt::format("the WordNet database holds \"{}\" where a number should be", digits), "it is damaged",
                    "install wordnet-base again");
  }
  return value;
}

/// The line of a lemma by bisection over the bytes; the licence on top is indented and sorts before every word.
std::string_view find_line(std::string_view index, std::string_view lemma) {
  std::size_t low = 0, high = index.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const std::size_t before = middle == 0 ? std::string_view::npos : index.rfind('\n', middle - 1);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const std::string_view line = line_at(index, begin);
    const std::string_view found = line.substr(0, line.find(' '));
    if (found == lemma) return line;
    if (found < lemma) {
      low = begin + line.size() + 1;
    } else {
      high = begin;
    }
  }
  return {};
}

/// "lemma pos senses p pointers{p} senses tagged offset..."
std::vector<std::size_t> offsets_in(std::string_view line) {
  const std::vector<std::string_view> fields = fields_of(line);
  std::vector<std::size_t> offsets;
  if (fields.size() < 4) return offsets;
  const std::size_t first = 6 + number_in(fields[3]);
  for (std::size_t f = first; f < fields.size(); ++f) offsets.push_back(number_in(fields[f]));
  return offsets;
}

/// "offset file pos count(hex) word id word id ...": single words other than `lemma`.
std::vector<std::string> other_words(std::string_view sense, std::string_view lemma) {
  const std::vector<std::string_view> fields = fields_of(sense);
  std::vector<std::string> words;
  if (fields.size() < 4) return words;
  const std::size_t count = number_in(fields[3], 16);
  for (std::size_t w = 0; w < count && 4 + 2 * w < fields.size(); ++w) {
    std::string word = lowered(fields[4 + 2 * w]);
    word = word.substr(0, word.find('('));  // "ready(p)" may only stand behind its noun
    if (word != lemma && word.find('_') == std::string::npos && std::ranges::find(words, word) == words.end()) {
      words.push_back(std::move(word));
    }
  }
  return words;
}

}  // namespace

std::filesystem::path Thesaurus::default_folder() {
  const char* chosen = std::getenv("COLDFRAME_WORDNET");
  return chosen != nullptr && *chosen != '\0' ? chosen : "/usr/share/wordnet";
}

Thesaurus::Thesaurus(const std::filesystem::path& folder) {
  for (std::size_t p = 0; p < k_parts.size(); ++p) {
    const std::filesystem::path index = folder / fmt::format("index.{}", k_parts[p]);
    const std::filesystem::path data = folder / fmt::format("data.{}", k_parts[p]);
    if (!std::filesystem::is_regular_file(index) || !std::filesystem::is_regular_file(data)) {
      throw IoError(fmt::format("no WordNet database in {}", folder.string()), "synonyms come from there",
                    "install the Debian package wordnet-base, or name a folder in COLDFRAME_WORDNET");
    }
    parts_[p] = {read_file(index), read_file(data)};
  }
}

std::vector<std::string> Thesaurus::synonyms(std::string_view word) const {
  const std::string lemma = lowered(word);
  if (lemma.empty()) return {};
  for (const Part& part : parts_) {
    for (const std::size_t offset : offsets_in(find_line(part.index, lemma))) {
      if (offset >= part.data.size()) continue;
      std::vector<std::string> words = other_words(line_at(part.data, offset), lemma);
      if (!words.empty()) return words;
    }
  }
  return {};
}

}  // namespace coldframe
