#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/data/text_views.h"
#include "framework/text/text_noise.h"

namespace coldframe {

struct NoisyItems {
  std::vector<std::string> texts;  // by ItemId
  double changed = 0.0;            // share of texts that are others than without noise
};

/// Names of the kinds that spoil the texts of items: `item_typos`, ..., `item_missing_fields`.
std::vector<std::string> item_noise_kinds();
bool is_item_noise(std::string_view kind);

/// The catalogue's texts under noise: text noise on the rendered text behind the prompt, `item_missing_fields` on the
/// fields of the item template. What newcomers write, and the titles in their histories, stay as they are.
class ItemNoise {
 public:
  /// thesaurus: for item_synonyms, may be nullptr. Borrows data and thesaurus.
  ItemNoise(const Dataset& dataset, const TextOptions& text, const Thesaurus* thesaurus, std::uint64_t seed);

  /// Every text is a function of (seed, item, draw, kind, severity) alone.
  NoisyItems noisy(const std::string& kind, double severity, std::uint32_t draw) const;

 private:
  NoiseKey key(ItemId item, std::uint32_t draw) const;

  const Dataset& dataset_;
  TextOptions text_;
  TextNoiser noiser_;
  std::uint64_t seed_;
  TextViews views_;
};

}  // namespace coldframe
