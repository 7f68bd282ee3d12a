#include "framework/evaluation/int8_scorer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "framework/core/error.h"
#include "framework/evaluation/detail/rounded_vector.h"

namespace coldframe {
namespace {

using detail::k_panel_items;
using detail::k_row_items;
using detail::k_tile_users;

constexpr std::size_t k_strip_bytes = 512 << 10;  // rounded item vectors that stay in the second cache
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
  detail::Int8Terms terms(std::size_t tile, const float* floors) const {
    const std::size_t first = tile * k_tile_users;
    return {factors_.data() + first, floors, residuals_.data() + first, lengths_.data() + first};
  }
  bool bounded(std::size_t user) const { return bounded_[user] != 0; }

  float margin(std::size_t user, const detail::Int8Panel& panel) const {
    return residuals_[user] * panel.residual + lengths_[user] * panel.length + panel.slack;
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
    for (std::size_t q = 0; q < quads_; ++q) {
      std::uint8_t* four = tile[q].values[u % k_tile_users];
      std::int8_t numbers[4] = {};
      std::memcpy(numbers, twin.numbers.data() + 4 * q, std::min<std::size_t>(4, twin.numbers.size() - 4 * q));
      for (std::size_t k = 0; k < 4; ++k) four[k] = static_cast<std::uint8_t>(numbers[k] + 128);
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
  worst_.slack = 1e-30f;
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
  worst_.residual = std::max(worst_.residual, panel.residual);
  worst_.length = std::max(worst_.length, panel.length);
  if (prior_.empty()) return;
  panel.prior[place] = prior_[item];
  if (std::isfinite(prior_[item])) {
    panel.slack = std::max(panel.slack, upward(16 * k_roundoff * std::abs(prior_[item]) + 1e-30));
    worst_.slack = std::max(worst_.slack, panel.slack);
  }
}

/// Where the users of a tile stand while panels go by.
struct Int8Scorer::TileState {
  float floors[k_tile_users];
  detail::ScorePeaks peaks[k_tile_users];
  detail::ScorePeaks nowhere[k_tile_users];  // of the last panel, whose places may stand for nothing
};

void Int8Scorer::shorten(const RoundedUsers& users, std::span<detail::Shortlist> lists) const {
  const std::size_t strip =
      std::clamp<std::size_t>(k_strip_bytes / (sizeof(detail::ItemQuad) * users.quads()), 1, k_most_panels);
  std::vector<TileState> tiles(users.tiles());
  for (TileState& tile : tiles) {
    std::fill(std::begin(tile.floors), std::end(tile.floors), k_largest);
    for (detail::ScorePeaks& peaks : tile.peaks) {
      for (auto& half : peaks.lanes) std::fill(std::begin(half), std::end(half), -k_infinity);
    }
  }
  for (std::size_t u = 0; u < lists.size(); ++u) {
    if (users.bounded(u)) tiles[u / k_tile_users].floors[u % k_tile_users] = lists[u].floor();
  }
  const auto scores = std::make_unique_for_overwrite<detail::TileScores[]>(std::min(strip, panels_.size()));
  std::size_t looked = 0;  // panels that floors were lifted by
  for (std::size_t first = 0; first < panels_.size(); first += strip) {
    const std::size_t last = std::min(first + strip, panels_.size());
    const Lift lift = first == 0 || last >= 2 * looked || last == panels_.size() ? Lift::yes : Lift::no;
    if (lift == Lift::yes) looked = last;
    for (std::size_t tile = 0; tile < users.tiles(); ++tile) {
      for (std::size_t panel = first; panel < last; ++panel) {
        score_tile(users, tile, panel, tiles[tile], scores[panel - first]);
      }
      const std::size_t from = tile * k_tile_users;
      for (std::size_t u = from; u < std::min(from + k_tile_users, lists.size()); ++u) {
        if (users.bounded(u)) shorten_strip(users, u, {scores.get(), last - first}, first, lift, tiles[tile], lists[u]);
      }
    }
  }
}

void Int8Scorer::score_tile(const RoundedUsers& users, std::size_t tile, std::size_t panel, TileState& state,
                            detail::TileScores& scores) const {
  detail::ScorePeaks* peaks = ~real_places(panel) == 0 ? state.peaks : state.nowhere;
  const std::size_t quads = users.quads();
  kernel_.tile(users.tile(tile), quads_.data() + panel * quads, quads, panels_[panel], users.terms(tile, state.floors),
               peaks, panel % 2, scores);
}

void Int8Scorer::shorten_strip(const RoundedUsers& users, std::size_t user, std::span<const detail::TileScores> strip,
                               std::size_t first_panel, Lift lift, TileState& state, detail::Shortlist& list) const {
  const std::size_t place = user % k_tile_users;
  if (lift == Lift::yes) list.lift(kernel_, state.peaks[place], users.margin(user, worst_));
  std::uint16_t rows[k_most_panels];
  std::size_t count = 0;
  for (std::size_t row = 0; row < strip.size(); ++row) {
    rows[count] = static_cast<std::uint16_t>(row);  // overwritten by the next one unless it counts
    count += static_cast<std::size_t>(strip[row].hits[place] != 0);
  }
  for (const std::uint16_t row : std::span(rows).first(count)) {
    const std::size_t panel = first_panel + row;
    const float margin = users.margin(user, panels_[panel]);
    const float* scores = strip[row].scores[place];
    // Floors have risen since the row was scored.
    const std::uint32_t hits = kernel_.hits(scores, detail::below(list.floor() - margin)) & real_places(panel);
    if (hits != 0) list.take(kernel_, scores, hits, first_item(panel), margin);
  }
  state.floors[place] = list.floor();
}

std::vector<RankedItem> Int8Scorer::rescore(std::span<const float> user, const TopRequest& request,
                                            const TieBreak& ties, std::span<detail::Shortlist::Hit> hits,
                                            std::size_t& rescored) const {
  using Hit = detail::Shortlist::Hit;
  // Those that look best come first: their scores rule out most of the others.
  const std::size_t wanted = std::min(request.k, request.candidates.size());
  const std::size_t first = std::min(pieces(wanted, k_row_items) * k_row_items, hits.size());
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
  lists.reserve(requests.size());
  for (const TopRequest& request : requests) lists.emplace_back(request, items_);
  shorten(twins, lists);
  for (std::size_t u = 0; u < requests.size(); ++u) {
    if (!twins.bounded(u)) lists[u].take_all(requests[u]);
    lists[u].survivors();
  }
  std::vector<std::vector<RankedItem>> best;
  best.reserve(requests.size());
  if (rescored != nullptr) rescored->assign(requests.size(), 0);
  for (std::size_t u = 0; u < requests.size(); ++u) {
    if (u + 1 < requests.size()) fetch_early(lists[u + 1].kept());
    std::size_t count = 0;
    best.push_back(rescore(users.subspan(u * width_, width_), requests[u], ties, lists[u].kept(), count));
    if (rescored != nullptr) (*rescored)[u] = count;
  }
  return best;
}

/// Vectors that are about to be read lie all over the table.
void Int8Scorer::fetch_early(std::span<const detail::Shortlist::Hit> hits) const {
  constexpr std::size_t k_line = 64 / sizeof(float), k_lines = 8, k_hits = 32;  // the processor follows from there
  for (const detail::Shortlist::Hit& hit : hits.first(std::min(hits.size(), k_hits))) {
    const float* vector = vectors_.data() + hit.item * width_;
    for (std::size_t d = 0; d < std::min(width_, k_lines * k_line); d += k_line) __builtin_prefetch(vector + d);
  }
}

}  // namespace coldframe
