#include "framework/evaluation/block_scorer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using detail::k_panel_items;
using detail::k_tile_users;

constexpr std::size_t k_strip_bytes = 256 << 10;  // item vectors that stay in the second cache
constexpr float k_infinity = std::numeric_limits<float>::infinity();

std::size_t pieces(std::size_t n, std::size_t size) { return (n + size - 1) / size; }

detail::ScoreKernel kernel_named(std::string_view name) {
  for (const detail::ScoreKernel& kernel : detail::score_kernels()) {
    if (name.empty() || name == kernel.name) return kernel;
  }
  throw ConfigError(fmt::format("scoring kernel '{}'", name), "this processor has no such kernel",
                    fmt::format("use one of {}", fmt::join(BlockScorer::kernels(), ", ")));
}

/// [U, D] to tiles [ceil(U / 8), D] with zeros for the users that fill up the last one.
std::vector<detail::UserColumn> packed_users(std::span<const float> users, std::size_t width) {
  const std::size_t count = users.size() / width;
  std::vector<detail::UserColumn> tiles(pieces(count, k_tile_users) * width);
  for (std::size_t u = 0; u < count; ++u) {
    detail::UserColumn* tile = tiles.data() + u / k_tile_users * width;
    for (std::size_t d = 0; d < width; ++d) tile[d].users[u % k_tile_users] = users[u * width + d];
  }
  return tiles;
}

}  // namespace

std::size_t check_scored_table(std::span<const float> vectors, std::size_t width, const BlockScorer::Terms& terms) {
  if (width == 0 || vectors.size() % width != 0) {
    throw DataError(fmt::format("{} numbers are no table of vectors of width {}", vectors.size(), width));
  }
  const std::size_t items = vectors.size() / width;
  if (!terms.prior.empty() && terms.prior.size() != items) {
    throw DataError(fmt::format("item prior of {} values", terms.prior.size()),
                    fmt::format("there are {} items", items));
  }
  return items;
}

BlockScorer::BlockScorer(std::span<const float> vectors, std::size_t width, const Terms& terms, std::string_view kernel)
    : items_(check_scored_table(vectors, width, terms)),
      width_(width),
      scale_(terms.scale),
      kernel_(kernel_named(kernel)) {
  prior_.resize(pieces(items_, k_panel_items));
  columns_.resize(prior_.size() * width);
  for (std::size_t i = 0; i < items_; ++i) {
    const std::size_t panel = i / k_panel_items, place = i % k_panel_items;
    for (std::size_t d = 0; d < width; ++d) columns_[panel * width + d].items[place] = vectors[i * width + d];
    if (!terms.prior.empty()) prior_[panel].items[place] = terms.prior[i];
  }
}

std::vector<std::string> BlockScorer::kernels() {
  std::vector<std::string> names;
  for (const detail::ScoreKernel& kernel : detail::score_kernels()) names.emplace_back(kernel.name);
  return names;
}

std::size_t BlockScorer::panel_items(std::size_t panel) const {
  return std::min(k_panel_items, items_ - panel * k_panel_items);
}

template <class Thresholds, class Use>
void BlockScorer::each_tile(std::span<const float> users, const Thresholds& thresholds, const Use& use) const {
  const std::vector<detail::UserColumn> packed = packed_users(users, width_);
  const std::size_t tiles = packed.size() / width_;
  const std::size_t strip = std::max<std::size_t>(k_strip_bytes / (sizeof(detail::ItemColumn) * width_), 1);
  detail::TileScores scores;
  for (std::size_t first = 0; first < panels(); first += strip) {
    const std::size_t last = std::min(first + strip, panels());
    for (std::size_t tile = 0; tile < tiles; ++tile) {
      for (std::size_t panel = first; panel < last; ++panel) {
        kernel_.tile(packed.data() + tile * width_, columns_.data() + panel * width_, width_,
                     {scale_, prior_[panel].items, thresholds(tile)}, scores);
        use(tile, panel, scores);
      }
    }
  }
}

void BlockScorer::score(std::span<const float> users, std::span<float> scores) const {
  const std::size_t count = users.size() / width_;
  CF_EXPECTS(users.size() == count * width_ && scores.size() == count * items_);
  const float nobody[k_tile_users] = {};
  each_tile(
      users, [&](std::size_t) { return nobody; },
      [&](std::size_t tile, std::size_t panel, const detail::TileScores& all) {
        const std::size_t held = std::min(k_tile_users, count - tile * k_tile_users);
        for (std::size_t u = 0; u < held; ++u) {
          float* row = scores.data() + (tile * k_tile_users + u) * items_ + panel * k_panel_items;
          std::copy_n(all.scores[u], panel_items(panel), row);
        }
      });
}

std::vector<std::vector<RankedItem>> BlockScorer::top(std::span<const float> users,
                                                      std::span<const TopRequest> requests,
                                                      const TieBreak& ties) const {
  CF_EXPECTS(users.size() == requests.size() * width_);
  std::vector<RunningTop> tops;
  for (const TopRequest& request : requests) tops.emplace_back(request, ties, items_);
  std::vector<float> thresholds(pieces(requests.size(), k_tile_users) * k_tile_users, k_infinity);
  for (std::size_t u = 0; u < tops.size(); ++u) thresholds[u] = tops[u].threshold();
  each_tile(
      users, [&](std::size_t tile) { return thresholds.data() + tile * k_tile_users; },
      [&](std::size_t tile, std::size_t panel, const detail::TileScores& scores) {
        const std::uint32_t real = ~std::uint32_t{0} >> (k_panel_items - panel_items(panel));
        const std::size_t held = std::min(k_tile_users, tops.size() - tile * k_tile_users);
        for (std::size_t u = 0; u < held; ++u) {
          std::uint32_t hits = scores.hits[u] & real;
          if (hits == 0) continue;
          RunningTop& top = tops[tile * k_tile_users + u];
          for (; hits != 0; hits &= hits - 1) {
            const auto place = static_cast<std::size_t>(std::countr_zero(hits));
            top.offer(ItemId(static_cast<std::uint32_t>(panel * k_panel_items + place)), scores.scores[u][place]);
          }
          thresholds[tile * k_tile_users + u] = top.threshold();
        }
      });
  std::vector<std::vector<RankedItem>> best;
  for (RunningTop& top : tops) best.push_back(top.finish());
  return best;
}

}  // namespace coldframe
