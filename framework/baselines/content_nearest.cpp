#include "framework/baselines/content_nearest.h"

#include <cmath>
#include <map>

#include "framework/core/error.h"

namespace coldframe {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Letters of a word: bytes that do not continue a UTF-8 sequence.
std::size_t length(std::string_view word) {
  std::size_t letters = 0;
  for (const char c : word) letters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return letters;
}

}  // namespace

std::vector<std::string> content_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && is_letter(text[at])) {
      word += lower(text[at]);
      continue;
    }
    if (length(word) >= 2) words.push_back(word);
    word.clear();
  }
  return words;
}

ContentNearest::ContentNearest(const std::vector<std::string>& texts) : items_(texts.size()) {
  std::map<std::string, std::pair<std::uint32_t, std::size_t>> vocabulary;  // term, items that have it
  std::vector<std::map<std::uint32_t, double>> counts(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (const std::string& word : content_words(texts[i])) {
      const auto term = static_cast<std::uint32_t>(vocabulary.size());
      const auto known = vocabulary.try_emplace(word, term, 0).first;
      if (++counts[i][known->second.first] == 1) ++known->second.second;
    }
  }
  terms_ = vocabulary.size();
  std::vector<double> rarity(terms_);
  for (const auto& [word, entry] : vocabulary) {
    rarity[entry.first] =
        std::log((1.0 + static_cast<double>(texts.size())) / (1.0 + static_cast<double>(entry.second))) + 1.0;
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    double squares = 0;
    for (auto& [term, weight] : counts[i]) {
      weight *= rarity[term];
      squares += weight * weight;
    }
    for (const auto& [term, weight] : counts[i]) {
      items_[i].push_back({term, static_cast<float>(weight / std::sqrt(squares))});
    }
  }
}

void ContentNearest::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == items_.size());
  std::vector<float> wanted(terms_, 0.0f);
  for (const ItemId item : query.history) {
    for (const Word& word : items_[item.value()]) wanted[word.term] += word.weight;
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    float sum = 0;
    for (const Word& word : items_[i]) sum += word.weight * wanted[word.term];
    scores[i] = sum;
  }
}

}  // namespace coldframe
