#include "framework/cli/item_noise.h"

#include <fmt/format.h>

#include "framework/cli/missing_field_noise.h"

namespace coldframe {
namespace {

constexpr std::string_view k_prefix = "item_", k_missing = "missing_fields";

}  // namespace

std::vector<std::string> item_noise_kinds() {
  std::vector<std::string> kinds;
  for (const std::string& name : text_noise_names()) kinds.push_back(fmt::format("{}{}", k_prefix, name));
  kinds.push_back(fmt::format("{}{}", k_prefix, k_missing));
  return kinds;
}

bool is_item_noise(std::string_view kind) { return kind.starts_with(k_prefix); }

ItemNoise::ItemNoise(const Dataset& dataset, const TextOptions& text, const Thesaurus* thesaurus, std::uint64_t seed)
    : dataset_(dataset), text_(text), noiser_(thesaurus), seed_(seed), views_(dataset, text) {}

NoiseKey ItemNoise::key(ItemId item, std::uint32_t draw) const {
  return {seed_, UserKey(dataset_.item_key(item)), draw};
}

NoisyItems ItemNoise::noisy(const std::string& kind, double severity, std::uint32_t draw) const {
  const std::string_view what = std::string_view(kind).substr(k_prefix.size());
  const std::size_t items = dataset_.items.size(), prompt = text_.item_prompt.size();
  NoisyItems noisy;
  if (what == k_missing) {
    std::vector<KeyedRow> rows;
    for (std::uint32_t i = 0; i < items; ++i) rows.push_back({i, key(ItemId(i), draw)});
    const EntityTable table = with_missing_fields(dataset_.items, text_.item, "text.item", severity, rows);
    const TextViews views(dataset_.users, table, text_);
    for (std::uint32_t i = 0; i < items; ++i) noisy.texts.push_back(views.item(ItemId(i)));
  } else {
    const TextNoise text_kind = *text_noise_of(what);
    for (std::uint32_t i = 0; i < items; ++i) {
      const std::string_view written = std::string_view(views_.item(ItemId(i))).substr(prompt);
      noisy.texts.push_back(text_.item_prompt + noiser_.apply(text_kind, severity, written, key(ItemId(i), draw)).text);
    }
  }
  std::size_t changed = 0;
  for (std::uint32_t i = 0; i < items; ++i) changed += noisy.texts[i] != views_.item(ItemId(i));
  noisy.changed = items == 0 ? 0.0 : static_cast<double>(changed) / static_cast<double>(items);
  return noisy;
}

}  // namespace coldframe
