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
  void pack(std::size_t item);
  void shorten(const RoundedUsers& users, std::span<detail::Shortlist> lists) const;
  /// Panels 0, stride, 2 stride ... with one row of `scores` each; floors [8], of the users of the tile.
  void open_tile(const RoundedUsers& users, std::size_t tile, std::size_t stride, std::span<detail::TileScores> scores,
                 std::span<detail::Shortlist> lists, float* floors) const;
  void shorten_tile(const RoundedUsers& users, std::size_t tile, std::size_t panel, std::span<detail::Shortlist> lists,
                    float* floors) const;
  std::vector<RankedItem> rescore(std::span<const float> user, const TopRequest& request, const TieBreak& ties,
                                  detail::Shortlist& list, std::size_t& rescored) const;
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
  detail::Int8Kernel kernel_;
};

}  // namespace coldframe
