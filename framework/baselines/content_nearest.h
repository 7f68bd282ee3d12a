#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

/// Nearest content by TF-IDF (Salton and Buckley 1988): the floor that every text encoder must clear. Words are runs of
/// at least two letters and digits, ASCII letters in lower case, other UTF-8 bytes taken for letters;
///   w_it = count_it (ln((1 + n) / (1 + df_t)) + 1), rows of length 1,
/// score_j = sum over i in the history of w_i . w_j. It learns from item texts alone, from no user at all.
/// With a text that the user searches for: score_j = ((1 - a) h + a q) . w_j, a its weight, h the sum above and q the
/// text as a row, both of length 1; q alone without a history, h alone where no word of the text is in the vocabulary.
class ContentNearest final : public Baseline {
 public:
  /// texts: one per item.
  explicit ContentNearest(const std::vector<std::string>& texts);
  std::string_view name() const override { return "TF-IDF content"; }
  std::size_t minimum_history() const override { return 1; }
  bool can_score(const BaselineQuery& query) const override;
  void score(const BaselineQuery& query, std::span<float> scores) const override;

 private:
  struct Word {
    std::uint32_t term;
    float weight;
  };
  using Row = std::vector<Word>;  // of length 1, terms ascending
  struct Term {
    std::uint32_t number = 0;
    double rarity = 0;
  };
  Row row_of(const std::map<std::uint32_t, double>& weights) const;
  Row row_of(std::string_view text) const;  // empty: no word is known

  std::vector<Row> items_;  // [items]
  std::unordered_map<std::string, Term> vocabulary_;
};

/// The words of a text as above, in order.
std::vector<std::string> content_words(std::string_view text);

}  // namespace coldframe
