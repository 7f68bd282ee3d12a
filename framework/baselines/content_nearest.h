#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

/// Nearest content by TF-IDF (Salton and Buckley 1988): the floor that every text encoder must clear. Words are runs of
/// at least two letters and digits, ASCII letters in lower case, other UTF-8 bytes taken for letters;
///   w_it = count_it (ln((1 + n) / (1 + df_t)) + 1), rows of length 1,
/// score_j = sum over i in the history of w_i . w_j. It learns from item texts alone, from no user at all.
class ContentNearest final : public Baseline {
 public:
  /// texts: one per item.
  explicit ContentNearest(const std::vector<std::string>& texts);
  std::string_view name() const override { return "TF-IDF content"; }
  std::size_t minimum_history() const override { return 1; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

 private:
  struct Word {
    std::uint32_t term;
    float weight;
  };
  std::vector<std::vector<Word>> items_;  // [items], terms ascending
  std::size_t terms_ = 0;
};

/// The words of a text as above, in order.
std::vector<std::string> content_words(std::string_view text);

}  // namespace coldframe
