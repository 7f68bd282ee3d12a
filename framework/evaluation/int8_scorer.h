#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/evaluation/block_scorer.h"
#include "framework/evaluation/detail/int8_kernels.h"
#include "framework/evaluation/detail/shortlist.h"

namespace coldframe {

// Legend: U users, I items, D width.

/// BlockScorer::top() with the same bits in less time: every vector is rounded to whole numbers from -127 to 127 times
/// a scale of its own, all items are scored by those, and only what may belong to the best k is scored again in
/// float32. For a user u and an item q with rounded twins u', q' the scores differ by at most
///   |scale| (|u| |q - q'| + |u - u'| |q'|)   (Cauchy and Schwarz)
/// plus what float32 rounds, bounded from D and the lengths. An item leaves when its upper bound lies below the k-th
/// largest lower bound of candidates; so all of the best k stay, ties included, for any vectors. Vectors that have no
/// finite bound leave nothing out. Borrows vectors and prior. Thread-safety: const.
class Int8Scorer {
 public:
  /// Whether this processor multiplies such numbers faster than float32 (AVX-512 VNNI).
  static bool worthwhile();

  /// As BlockScorer. kernel: one of kernels(), or empty for the best. ConfigError for a width above k_widest.
  Int8Scorer(std::span<const float> vectors, std::size_t width, const BlockScorer::Terms& terms,
             std::string_view kernel = {});

  std::size_t items() const { return items_; }

  /// As BlockScorer::top(). rescored, when it is not null, gets how many items of each user were scored again [U].
  std::vector<std::vector<RankedItem>> top(std::span<const float> users, std::span<const TopRequest> requests,
                                           const TieBreak& ties, std::vector<std::size_t>* rescored = nullptr) const;

  static std::vector<std::string> kernels();
  static constexpr std::size_t k_widest = 65536;  // sums stay in 32 bits

 private:
  class RoundedUsers;
  struct TileState;
  /// Whether floors rise by the peaks of what was scored: after the first strip, whenever twice as much was seen, and
  /// at the end.
  enum class Lift { no, yes };
  static constexpr std::size_t k_most_panels = 512;  // of a strip

  void pack(std::size_t item);
  /// Strip by strip: all scores of a tile of users first, then what they leave of every list.
  void shorten(const RoundedUsers& users, std::span<detail::Shortlist> lists) const;
  void score_tile(const RoundedUsers& users, std::size_t tile, std::size_t panel, TileState& state,
                  detail::TileScores& scores) const;
  void shorten_strip(const RoundedUsers& users, std::size_t user, std::span<const detail::TileScores> strip,
                     std::size_t first_panel, Lift lift, TileState& state, detail::Shortlist& list) const;
  std::vector<RankedItem> rescore(std::span<const float> user, const TopRequest& request, const TieBreak& ties,
                                  std::span<detail::Shortlist::Hit> hits, std::size_t& rescored) const;
  void fetch_early(std::span<const detail::Shortlist::Hit> hits) const;
  std::uint32_t first_item(std::size_t panel) const {
    return static_cast<std::uint32_t>(panel * detail::k_panel_items);
  }
  /// Bits of a panel that stand for items: the last one may be filled up.
  std::uint32_t real_places(std::size_t panel) const {
    return ~std::uint32_t{0} >> (detail::k_panel_items - std::min(detail::k_panel_items, items_ - first_item(panel)));
  }

  std::span<const float> vectors_;
  std::size_t items_;
  std::size_t width_;
  float scale_;
  std::span<const float> prior_;
  double largest_length_ = 0;              // of all items, as they are and rounded
  std::vector<detail::ItemQuad> quads_;    // [panels, ceil(D / 4)]
  std::vector<detail::Int8Panel> panels_;  // [panels]
  detail::Int8Panel worst_ = {};           // largest residual, length and slack of all
  detail::Int8Kernel kernel_;
};

}  // namespace coldframe
