#include "framework/evaluation/int8_scorer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/evaluation/detail/rounded_vector.h"

namespace coldframe {
namespace {

using detail::k_panel_items;
using detail::k_row_items;
using detail::k_tile_users;

constexpr std::size_t k_strip_bytes = 256 << 10;  // rounded item vectors that stay in the second cache
constexpr std::size_t k_opening_panels = 32;      // whose scores are all looked at before any is kept
constexpr float k_infinity = std::numeric_limits<float>::infinity();
constexpr float k_largest = std::numeric_limits<float>::max();
constexpr double k_roundoff = 0x1p-24;    // of one float32 operation
constexpr double k_outward = 1.0 + 1e-5;  // bounds are computed in floats themselves
constexpr double k_bounded = 1e30;        // beyond it sums of products may overflow

std::size_t pieces(std::size_t n, std::size_t size) { return (n + size - 1) / size; }

detail::Int8Kernel kernel_named(std::string_view name) {
  for (const detail::Int8Kernel& kernel : detail::int8_kernels()) {
    if (name.empty() || name == kernel.name) return kernel;
  }
  throw ConfigError(fmt::format("int8 scoring kernel '{}'", name), "this processor has no such kernel",
                    fmt::format("use one of {}", fmt::join(Int8Scorer::kernels(), ", ")));
}

float upward(double value) { return std::nextafter(static_cast<float>(value), k_infinity); }

}  // namespace

/// Users rounded and packed in tiles; the margin of a score is residual * panel.residual + length * panel.length +
/// panel.slack.
class Int8Scorer::RoundedUsers {
 public:
  RoundedUsers(std::span<const float> users, std::size_t width, float scale, double largest_item)
      : quads_(pieces(width, 4)), bounded_(users.size() / width, 1) {
    const std::size_t count = bounded_.size(), padded = pieces(count, k_tile_users) * k_tile_users;
    tiles_.resize(padded / k_tile_users * quads_);
    for (detail::UserQuad& quad : tiles_) {
      for (auto& four : quad.values) std::fill(std::begin(four), std::end(four), std::uint8_t{128});
    }
    for (std::vector<float>* column : {&factors_, &residuals_, &lengths_}) column->assign(padded, 0.0f);
    detail::RoundedVector twin;
    for (std::size_t u = 0; u < count; ++u) {
      const std::span<const float> vector = users.subspan(u * width, width);
      detail::round_to(vector, twin);
      add(u, twin, scale, largest_item);
    }
  }

  std::size_t quads() const { return quads_; }
  std::size_t tiles() const { return factors_.size() / k_tile_users; }
  const detail::UserQuad* tile(std::size_t tile) const { return tiles_.data() + tile * quads_; }
  const float* factors(std::size_t tile) const { return factors_.data() + tile * k_tile_users; }
  bool bounded(std::size_t user) const { return bounded_[user] != 0; }

  float margin(std::size_t user, const detail::Int8Panel& panel) const {
    return residuals_[user] * panel.residual + lengths_[user] * panel.length + panel.slack;
  }
  void margins(std::size_t tile, const detail::Int8Panel& panel, float* out) const {
    for (std::size_t u = 0; u < k_tile_users; ++u) out[u] = margin(tile * k_tile_users + u, panel);
  }

 private:
  void add(std::size_t u, const detail::RoundedVector& twin, float scale, double largest_item) {
    const double size = std::abs(static_cast<double>(scale));
    // Every operation of either score rounds once: D fused products, and a handful around them.
    const double operations = static_cast<double>(twin.numbers.size()) + 16;
    const double residual = size * twin.length * k_outward;
    const double length =
        size * (twin.residual + operations * k_roundoff * (twin.length + twin.residual)) * k_outward * k_outward;
    if (!(residual * largest_item < k_bounded && size < k_bounded)) {
      bounded_[u] = 0;
      return;
    }
    detail::UserQuad* tile = tiles_.data() + u / k_tile_users * quads_;
    for (std::size_t d = 0; d < twin.numbers.size(); ++d) {
      tile[d / 4].values[u % k_tile_users][d % 4] = static_cast<std::uint8_t>(twin.numbers[d] + 128);
    }
    factors_[u] = scale * twin.scale;
    residuals_[u] = static_cast<float>(residual);
    lengths_[u] = static_cast<float>(length);
  }

  std::size_t quads_;
  std::vector<std::uint8_t> bounded_;  // [U]
  std::vector<detail::UserQuad> tiles_;
  std::vector<float> factors_, residuals_, lengths_;  // [U, filled up to whole tiles]
};

bool Int8Scorer::worthwhile() { return detail::int8_kernels().size() > 1; }

std::vector<std::string> Int8Scorer::kernels() {
  std::vector<std::string> names;
  for (const detail::Int8Kernel& kernel : detail::int8_kernels()) names.emplace_back(kernel.name);
  return names;
}

Int8Scorer::Int8Scorer(std::span<const float> vectors, std::size_t width, const BlockScorer::Terms& terms,
                       std::string_view kernel)
    : vectors_(vectors),
      items_(check_scored_table(vectors, width, terms)),
      width_(width),
      scale_(terms.scale),
      prior_(terms.prior),
      kernel_(kernel_named(kernel)) {
  if (width > k_widest) {
    throw ConfigError(fmt::format("int8 scores of vectors of width {}", width),
                      fmt::format("their sums fit 32 bits up to {}", k_widest), "score in fp32");
  }
  panels_.resize(pieces(items_, k_panel_items));
  for (detail::Int8Panel& panel : panels_) {
    std::fill(std::begin(panel.offsets), std::end(panel.offsets), 0);
    std::fill(std::begin(panel.scales), std::end(panel.scales), 0.0f);
    std::fill(std::begin(panel.prior), std::end(panel.prior), 0.0f);
    panel.slack = 1e-30f;  // what underflow may take
  }
  quads_.resize(panels_.size() * pieces(width, 4), detail::ItemQuad{});
  for (std::size_t i = 0; i < items_; ++i) pack(i);
}

void Int8Scorer::pack(std::size_t item) {
  const std::size_t place = item % k_panel_items;
  detail::Int8Panel& panel = panels_[item / k_panel_items];
  detail::ItemQuad* quads = quads_.data() + item / k_panel_items * pieces(width_, 4);
  detail::RoundedVector twin;
  detail::round_to(vectors_.subspan(item * width_, width_), twin);
  std::int32_t sum = 0;
  for (std::size_t d = 0; d < width_; ++d) {
    quads[d / 4].values[place][d % 4] = static_cast<std::int8_t>(twin.numbers[d]);
    sum += twin.numbers[d];
  }
  const double length = std::max(twin.length, twin.rounded_length);
  largest_length_ = std::max(largest_length_, length);
  panel.offsets[place] = -128 * sum;
  panel.scales[place] = twin.scale;
  panel.residual = std::max(panel.residual, upward(twin.residual));
  panel.length = std::max(panel.length, upward(length));
  if (prior_.empty()) return;
  panel.prior[place] = prior_[item];
  if (std::isfinite(prior_[item])) {
    panel.slack = std::max(panel.slack, upward(16 * k_roundoff * std::abs(prior_[item]) + 1e-30));
  }
}

void Int8Scorer::shorten(const RoundedUsers& users, std::span<detail::Shortlist> lists) const {
  const std::size_t strip = std::max<std::size_t>(k_strip_bytes / (sizeof(detail::ItemQuad) * users.quads()), 1);
  std::vector<float> floors(users.tiles() * k_tile_users, k_largest);
  for (std::size_t u = 0; u < lists.size(); ++u) floors[u] = users.bounded(u) ? lists[u].floor() : k_largest;
  const auto held = [&](std::size_t tile) {
    return lists.subspan(tile * k_tile_users, std::min(k_tile_users, lists.size() - tile * k_tile_users));
  };
  // A sample from all over the catalogue, since its order often follows something.
  std::vector<detail::TileScores> opening(std::min(k_opening_panels, panels_.size()));
  const std::size_t stride = opening.empty() ? 1 : panels_.size() / opening.size();
  for (std::size_t tile = 0; tile < users.tiles(); ++tile) {
    open_tile(users, tile, stride, opening, held(tile), floors.data() + tile * k_tile_users);
  }
  for (std::size_t first = 0; first < panels_.size(); first += strip) {
    const std::size_t last = std::min(first + strip, panels_.size());
    for (std::size_t tile = 0; tile < users.tiles(); ++tile) {
      for (std::size_t panel = first; panel < last; ++panel) {
        if (panel % stride == 0 && panel / stride < opening.size()) continue;
        shorten_tile(users, tile, panel, held(tile), floors.data() + tile * k_tile_users);
      }
    }
  }
}

void Int8Scorer::open_tile(const RoundedUsers& users, std::size_t tile, std::size_t stride,
                           std::span<detail::TileScores> scores, std::span<detail::Shortlist> lists,
                           float* floors) const {
  const std::size_t quads = users.quads();
  const float everything[k_tile_users] = {-k_infinity, -k_infinity, -k_infinity, -k_infinity,
                                          -k_infinity, -k_infinity, -k_infinity, -k_infinity};
  float margins[k_tile_users], largest[k_tile_users] = {};
  for (std::size_t row = 0; row < scores.size(); ++row) {
    const std::size_t panel = row * stride;
    users.margins(tile, panels_[panel], margins);
    for (std::size_t u = 0; u < k_tile_users; ++u) largest[u] = std::max(largest[u], margins[u]);
    kernel_.tile(users.tile(tile), quads_.data() + panel * quads, quads, panels_[panel],
                 {users.factors(tile), everything}, scores[row]);
  }
  // The last panel may hold places that stand for nothing.
  const bool whole = scores.empty() || ~real_places((scores.size() - 1) * stride) == 0;
  for (std::size_t u = 0; u < lists.size(); ++u) {
    if (!users.bounded(tile * k_tile_users + u)) continue;
    detail::Shortlist& list = lists[u];
    list.open(scores.first(scores.size() - (whole ? 0 : 1)), u, largest[u]);
    for (std::size_t row = 0; row < scores.size(); ++row) {
      const std::size_t panel = row * stride;
      const float margin = users.margin(tile * k_tile_users + u, panels_[panel]);
      const float threshold = detail::below(list.floor() - margin);
      const std::uint32_t hits = kernel_.hits(scores[row].scores[u], threshold) & real_places(panel);
      if (hits != 0) list.take(kernel_, scores[row].scores[u], hits, first_item(panel), margin);
    }
    floors[u] = list.floor();
  }
}

void Int8Scorer::shorten_tile(const RoundedUsers& users, std::size_t tile, std::size_t panel,
                              std::span<detail::Shortlist> lists, float* floors) const {
  detail::TileScores scores;
  float margins[k_tile_users], thresholds[k_tile_users];
  users.margins(tile, panels_[panel], margins);
  for (std::size_t u = 0; u < k_tile_users; ++u) thresholds[u] = detail::below(floors[u] - margins[u]);
  const std::size_t quads = users.quads();
  kernel_.tile(users.tile(tile), quads_.data() + panel * quads, quads, panels_[panel],
               {users.factors(tile), thresholds}, scores);
  for (std::size_t u = 0; u < lists.size(); ++u) {
    const std::uint32_t hits = scores.hits[u] & real_places(panel);
    if (hits == 0 || !users.bounded(tile * k_tile_users + u)) continue;
    lists[u].take(kernel_, scores.scores[u], hits, first_item(panel), margins[u]);
    floors[u] = lists[u].floor();
  }
}

std::vector<RankedItem> Int8Scorer::rescore(std::span<const float> user, const TopRequest& request,
                                            const TieBreak& ties, detail::Shortlist& list,
                                            std::size_t& rescored) const {
  using Hit = detail::Shortlist::Hit;
  std::vector<Hit>& hits = list.survivors();
  // Those that look best come first: their scores rule out most of the others.
  const std::size_t first = std::min(pieces(list.wanted(), k_row_items) * k_row_items, hits.size());
  if (first < hits.size()) {
    std::nth_element(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(first), hits.end(),
                     [](const Hit& a, const Hit& b) { return a.upper > b.upper; });
  }
  RunningTop top(request, ties, items_);
  const auto products = detail::score_kernels().front().rows;
  const float* rows[k_row_items];
  float sums[k_row_items];
  std::uint32_t items[k_row_items];
  std::size_t waiting = 0;
  const auto offer_waiting = [&] {
    for (std::size_t w = waiting; w < k_row_items; ++w) rows[w] = rows[0];
    products(user.data(), rows, width_, sums);
    for (std::size_t w = 0; w < waiting; ++w) {
      const float scaled = scale_ * sums[w];
      top.offer(ItemId(items[w]), scaled + (prior_.empty() ? 0.0f : prior_[items[w]]));
    }
    rescored += waiting;
    waiting = 0;
  };
  for (std::size_t h = 0; h < hits.size(); ++h) {
    if (h == first && waiting > 0) offer_waiting();
    if (hits[h].upper < top.threshold()) continue;
    items[waiting] = hits[h].item;
    rows[waiting] = vectors_.data() + hits[h].item * width_;
    if (++waiting == k_row_items) offer_waiting();
  }
  if (waiting > 0) offer_waiting();
  return top.finish();
}

std::vector<std::vector<RankedItem>> Int8Scorer::top(std::span<const float> users, std::span<const TopRequest> requests,
                                                     const TieBreak& ties, std::vector<std::size_t>* rescored) const {
  CF_EXPECTS(users.size() == requests.size() * width_);
  const RoundedUsers twins(users, width_, scale_, largest_length_);
  std::vector<detail::Shortlist> lists;
  for (const TopRequest& request : requests) lists.emplace_back(request, items_);
  shorten(twins, lists);
  std::vector<std::vector<RankedItem>> best;
  if (rescored != nullptr) rescored->assign(requests.size(), 0);
  for (std::size_t u = 0; u < requests.size(); ++u) {
    if (!twins.bounded(u)) lists[u].take_all(requests[u]);
    std::size_t count = 0;
    best.push_back(rescore(users.subspan(u * width_, width_), requests[u], ties, lists[u], count));
    if (rescored != nullptr) (*rescored)[u] = count;
  }
  return best;
}

}  // namespace coldframe
