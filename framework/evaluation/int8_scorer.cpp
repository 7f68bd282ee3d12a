#include "framework/evaluation/int8_scorer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using detail::k_panel_items;
using detail::k_row_items;
using detail::k_tile_users;

constexpr std::size_t k_strip_bytes = 256 << 10;  // rounded item vectors that stay in the second cache
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

/// A vector as whole numbers times a scale, and what that is worth.
struct Rounded {
  float scale = 0;
  std::vector<int> numbers;
  double length = 0;    // of the vector
  double residual = 0;  // length of what rounding took away; infinity when a value is not finite
  double rounded_length = 0;
};

Rounded rounded(std::span<const float> vector) {
  Rounded out;
  out.numbers.assign(vector.size(), 0);
  float largest = 0;
  bool finite = true;
  for (const float x : vector) {
    finite = finite && std::isfinite(x);
    largest = std::max(largest, std::abs(x));
  }
  if (!finite) {
    out.length = out.residual = k_infinity;
    return out;
  }
  out.scale = largest / 127.0f;
  double squares = 0, rest = 0, kept = 0;
  for (std::size_t d = 0; d < vector.size(); ++d) {
    const double x = vector[d], scale = out.scale;
    if (out.scale > 0) out.numbers[d] = std::clamp(static_cast<int>(std::lround(x / scale)), -127, 127);
    const double twin = scale * out.numbers[d];
    squares += x * x;
    rest += (x - twin) * (x - twin);
    kept += twin * twin;
  }
  out.length = std::sqrt(squares);
  out.residual = std::sqrt(rest);
  out.rounded_length = std::sqrt(kept);
  return out;
}

float upward(double value) { return std::nextafter(static_cast<float>(value), k_infinity); }
float downward(double value) { return std::nextafter(static_cast<float>(value), -k_infinity); }

}  // namespace

/// Candidates that may still be among the best k of a user, while items come panel by panel.
class Int8Scorer::Shortlist {
 public:
  struct Hit {
    float center;
    float upper;  // bound of the float32 score
    ItemId item;
  };

  Shortlist(const TopRequest& request, std::size_t items)
      : candidates_(request.candidates, items), k_(std::min(request.k, request.candidates.size())) {
    floor_ = k_ == 0 ? k_largest : -k_infinity;
  }

  /// What is surely scored below it leaves.
  float floor() const { return floor_; }
  std::vector<Hit>& hits() { return hits_; }
  std::size_t wanted() const { return k_; }

  void offer(ItemId item, float center, float margin) {
    if (!candidates_.holds(item)) return;
    const double upper = static_cast<double>(center) + margin, lower = static_cast<double>(center) - margin;
    if (std::isnan(upper) || std::isnan(lower)) {
      hits_.push_back({k_infinity, k_infinity, item});
      return;
    }
    hits_.push_back({center, upward(upper), item});
    if (k_ == 0) return;
    if (lower_.size() == k_) {
      if (lower <= lower_.front()) return;
      std::pop_heap(lower_.begin(), lower_.end(), std::greater<>());
      lower_.pop_back();
    }
    lower_.push_back(lower);
    std::push_heap(lower_.begin(), lower_.end(), std::greater<>());
    if (lower_.size() == k_) floor_ = downward(lower_.front());
  }

  /// Leaves nothing out.
  void take_all(const TopRequest& request) {
    hits_.clear();
    for (const ItemId item : request.candidates) hits_.push_back({k_infinity, k_infinity, item});
    floor_ = -k_infinity;
  }

 private:
  CandidateSet candidates_;
  std::size_t k_;
  float floor_;
  std::vector<double> lower_;  // the k largest lower bounds, least first
  std::vector<Hit> hits_;
};

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
    for (std::size_t u = 0; u < count; ++u) add(u, users.subspan(u * width, width), scale, largest_item);
  }

  std::size_t quads() const { return quads_; }
  std::size_t tiles() const { return factors_.size() / k_tile_users; }
  const detail::UserQuad* tile(std::size_t tile) const { return tiles_.data() + tile * quads_; }
  const float* factors(std::size_t tile) const { return factors_.data() + tile * k_tile_users; }
  bool bounded(std::size_t user) const { return bounded_[user] != 0; }

  void margins(std::size_t tile, const detail::Int8Panel& panel, float* out) const {
    const float* residuals = residuals_.data() + tile * k_tile_users;
    const float* lengths = lengths_.data() + tile * k_tile_users;
    for (std::size_t u = 0; u < k_tile_users; ++u) {
      out[u] = residuals[u] * panel.residual + lengths[u] * panel.length + panel.slack;
    }
  }

 private:
  void add(std::size_t u, std::span<const float> vector, float scale, double largest_item) {
    const Rounded twin = rounded(vector);
    const double size = std::abs(static_cast<double>(scale));
    // Every operation of either score rounds once: D fused products, and a handful around them.
    const double operations = static_cast<double>(vector.size()) + 16;
    const double residual = size * twin.length * k_outward;
    const double length =
        size * (twin.residual + operations * k_roundoff * (twin.length + twin.residual)) * k_outward * k_outward;
    if (!(residual * largest_item < k_bounded && size < k_bounded)) {
      bounded_[u] = 0;
      return;
    }
    detail::UserQuad* tile = tiles_.data() + u / k_tile_users * quads_;
    for (std::size_t d = 0; d < vector.size(); ++d) {
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
  const Rounded twin = rounded(vectors_.subspan(item * width_, width_));
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

void Int8Scorer::shorten(const RoundedUsers& users, std::span<Shortlist> lists) const {
  const std::size_t strip = std::max<std::size_t>(k_strip_bytes / (sizeof(detail::ItemQuad) * users.quads()), 1);
  std::vector<float> floors(users.tiles() * k_tile_users, k_largest);
  for (std::size_t u = 0; u < lists.size(); ++u) floors[u] = users.bounded(u) ? lists[u].floor() : k_largest;
  for (std::size_t first = 0; first < panels_.size(); first += strip) {
    const std::size_t last = std::min(first + strip, panels_.size());
    for (std::size_t tile = 0; tile < users.tiles(); ++tile) {
      const std::size_t user = tile * k_tile_users;
      const std::span<Shortlist> held = lists.subspan(user, std::min(k_tile_users, lists.size() - user));
      for (std::size_t panel = first; panel < last; ++panel) {
        shorten_tile(users, tile, panel, held, floors.data() + user);
      }
    }
  }
}

void Int8Scorer::shorten_tile(const RoundedUsers& users, std::size_t tile, std::size_t panel,
                              std::span<Shortlist> lists, float* floors) const {
  detail::TileScores scores;
  float margins[k_tile_users], thresholds[k_tile_users];
  users.margins(tile, panels_[panel], margins);
  for (std::size_t u = 0; u < k_tile_users; ++u) {
    const float threshold = floors[u] - margins[u];
    thresholds[u] = threshold - std::abs(threshold) * 0x1p-22f - 1e-36f;  // what this line itself rounds
  }
  const std::size_t quads = users.quads(), first = panel * k_panel_items;
  kernel_.tile(users.tile(tile), quads_.data() + panel * quads, quads, panels_[panel],
               {users.factors(tile), thresholds}, scores);
  const std::uint32_t real = ~std::uint32_t{0} >> (k_panel_items - std::min(k_panel_items, items_ - first));
  for (std::size_t u = 0; u < lists.size(); ++u) {
    std::uint32_t hits = scores.hits[u] & real;
    if (hits == 0 || !users.bounded(tile * k_tile_users + u)) continue;
    for (; hits != 0; hits &= hits - 1) {
      const auto place = static_cast<std::size_t>(std::countr_zero(hits));
      lists[u].offer(ItemId(static_cast<std::uint32_t>(first + place)), scores.scores[u][place], margins[u]);
    }
    floors[u] = lists[u].floor();
  }
}

std::vector<RankedItem> Int8Scorer::rescore(std::span<const float> user, const TopRequest& request,
                                            const TieBreak& ties, Shortlist& list, std::size_t& rescored) const {
  using Hit = Shortlist::Hit;
  std::vector<Hit>& hits = list.hits();
  std::erase_if(hits, [&](const Hit& hit) { return hit.upper < list.floor(); });
  // Those that look best come first: their scores rule out most of the others.
  const std::size_t first = std::min(list.wanted(), hits.size());
  if (first < hits.size()) {
    std::nth_element(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(first), hits.end(),
                     [](const Hit& a, const Hit& b) { return a.center > b.center; });
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
    items[waiting] = hits[h].item.value();
    rows[waiting] = vectors_.data() + hits[h].item.value() * width_;
    if (++waiting == k_row_items) offer_waiting();
  }
  if (waiting > 0) offer_waiting();
  return top.finish();
}

std::vector<std::vector<RankedItem>> Int8Scorer::top(std::span<const float> users, std::span<const TopRequest> requests,
                                                     const TieBreak& ties, std::vector<std::size_t>* rescored) const {
  CF_EXPECTS(users.size() == requests.size() * width_);
  const RoundedUsers twins(users, width_, scale_, largest_length_);
  std::vector<Shortlist> lists;
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
