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

ContentNearest::ContentNearest(const std::vector<std::string>& texts) {
  std::vector<std::map<std::uint32_t, double>> counts(texts.size());
  std::vector<std::size_t> items_with;  // by term
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (const std::string& word : content_words(texts[i])) {
      const auto number = static_cast<std::uint32_t>(vocabulary_.size());
      const std::uint32_t term = vocabulary_.try_emplace(word, Term{number, 0}).first->second.number;
      items_with.resize(vocabulary_.size());
      if (++counts[i][term] == 1) ++items_with[term];
    }
  }
  std::vector<double> rarity(vocabulary_.size());
  for (auto& [word, term] : vocabulary_) {
    const auto with = static_cast<double>(items_with[term.number]);
    term.rarity = std::log((1.0 + static_cast<double>(texts.size())) / (1.0 + with)) + 1.0;
    rarity[term.number] = term.rarity;
  }
  for (std::map<std::uint32_t, double>& weights : counts) {
    for (auto& [term, weight] : weights) weight *= rarity[term];
    items_.push_back(row_of(weights));
  }
}

ContentNearest::Row ContentNearest::row_of(const std::map<std::uint32_t, double>& weights) const {
  double squares = 0;
  for (const auto& [term, weight] : weights) squares += weight * weight;
  Row row;
  for (const auto& [term, weight] : weights) row.push_back({term, static_cast<float>(weight / std::sqrt(squares))});
  return row;
}

ContentNearest::Row ContentNearest::row_of(std::string_view text) const {
  std::map<std::uint32_t, double> weights;
  for (const std::string& word : content_words(text)) {
    const auto known = vocabulary_.find(word);
    if (known != vocabulary_.end()) weights[known->second.number] += known->second.rarity;
  }
  return row_of(weights);
}

bool ContentNearest::can_score(const BaselineQuery& query) const {
  return !query.history.empty() || (!query.text.empty() && !row_of(query.text).empty());
}

void ContentNearest::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == items_.size());
  std::vector<float> wanted(vocabulary_.size(), 0.0f);
  for (const ItemId item : query.history) {
    for (const Word& word : items_[item.value()]) wanted[word.term] += word.weight;
  }
  if (const Row text = row_of(query.text); !text.empty()) {
    float squares = 0;
    for (const float weight : wanted) squares += weight * weight;
    const auto of_text = static_cast<float>(query.text_weight);
    for (float& weight : wanted) weight *= squares > 0 ? (1.0f - of_text) / std::sqrt(squares) : 0.0f;
    for (const Word& word : text) wanted[word.term] += (squares > 0 ? of_text : 1.0f) * word.weight;
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    float sum = 0;
    for (const Word& word : items_[i]) sum += word.weight * wanted[word.term];
    scores[i] = sum;
  }
}

}  // namespace coldframe
