#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "framework/simulation/chain_world.h"
#include "framework/simulation/detail/fast_math.h"

namespace coldframe {
namespace {

constexpr std::size_t k_spare_slots = 3;  // for clicked items, beside those of the anchors

/// Sums over links by item, with the list of items that have one. Zero outside the list, so clearing is cheap.
class LinkSums {
 public:
  explicit LinkSums(std::size_t items) : sum_(items, 0.0), listed_(items, 0) {}
  void add(std::uint32_t item, double value) {
    if (listed_[item] == 0) {
      listed_[item] = 1;
      items_.push_back(item);
    }
    sum_[item] += value;
  }
  void sort() { std::sort(items_.begin(), items_.end()); }
  double at(std::uint32_t item) const { return sum_[item]; }
  const std::vector<std::uint32_t>& items() const { return items_; }
  void clear() {
    for (const std::uint32_t item : items_) sum_[item] = listed_[item] = 0;
    items_.clear();
  }

 private:
  std::vector<double> sum_;
  std::vector<std::uint8_t> listed_;
  std::vector<std::uint32_t> items_;
};

/// The first step of a chain for given attributes: masses and their running sums.
struct WalkBase {
  std::vector<double> mass;
  std::vector<double> below;  // [I + 1] sum of mass before an item
};

class ChainTaste final : public TasteModel {
 public:
  ChainTaste(const ChainParameters& p, double lambda)
      : p_(p), slots_(p.length + k_spare_slots), base_(p.groups * p.items), log_total_(p.groups) {
    for (std::size_t g = 0; g < p_.groups; ++g) {
      double* base = base_.data() + g * p_.items;
      for (std::size_t i = 0; i < p_.items; ++i) base[i] = lambda * p_.item_bias[i] + p_.group_bias[g * p_.items + i];
      const double largest = *std::max_element(base, base + p_.items);
      double total = 0;
      for (std::size_t i = 0; i < p_.items; ++i) total += std::exp(base[i] - largest);
      log_total_[g] = largest + std::log(total);
    }
    into_begin_.assign(p_.items + 1, 0);
    for (const std::uint32_t item : p_.link_item) ++into_begin_[item + 1];
    for (std::size_t i = 0; i < p_.items; ++i) into_begin_[i + 1] += into_begin_[i];
    into_.resize(p_.link_item.size());
    std::vector<std::uint64_t> next(into_begin_.begin(), into_begin_.end() - 1);
    for (std::uint32_t anchor = 0; anchor < p_.items; ++anchor) {
      for (std::size_t e = p_.link_begin[anchor]; e < p_.link_begin[anchor + 1]; ++e) {
        into_[next[p_.link_item[e]]++] = {anchor, p_.link_strength[e]};
      }
    }
  }

  std::string_view kind() const override { return "chain"; }
  std::size_t item_count() const override { return p_.items; }
  std::size_t latent_size() const override { return 2 * slots_; }

  void place(std::span<const double> x, std::span<const double> normals, std::span<double> state) const override {
    LinkSums sums(p_.items);
    walk(
        walk_base(x), sums, [&](std::size_t l) { return normals[l]; },
        [&](std::size_t at) -> double& { return state[at]; });
  }

  TasteDraws place_many(std::uint32_t group, std::span<const double> x, std::span<const float> normals,
                        std::size_t count) const override {
    TasteDraws draws{count, group, std::vector<float>(latent_size() * count), std::vector<float>(count), {}};
    const WalkBase base = walk_base(x);
    LinkSums sums(p_.items);
    for (std::size_t m = 0; m < count; ++m) {
      walk(
          base, sums, [&](std::size_t l) { return static_cast<double>(normals[l * count + m]); },
          [&](std::size_t at) -> float& { return draws.latent[at * count + m]; });
    }
    add_offsets(draws);
    return draws;
  }

  void utilities(std::uint32_t group, std::span<const double> state, std::span<double> out) const override {
    LinkSums sums(p_.items);
    const double shift = std::log(static_cast<double>(p_.items)) -
                         log_normaliser(group, sums, [&](std::size_t at) { return state[at]; });
    const double* base = base_.data() + group * p_.items;
    for (std::size_t i = 0; i < p_.items; ++i) out[i] = base[i] + shift;
    for (const std::uint32_t item : sums.items()) out[item] += sums.at(item);
  }

  void drift(std::span<double> state, ItemId item, double rate) const override {
    move(item, rate, [&](std::size_t at) -> double& { return state[at]; });
  }

  void drift_many(TasteDraws& draws, ItemId item, double rate) const override {
    for (std::size_t m = 0; m < draws.count; ++m) {
      move(item, rate, [&](std::size_t at) -> float& { return draws.latent[at * draws.count + m]; });
    }
    add_offsets(draws);
  }

  void likeness(ItemId item, std::span<double> out) const override {
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t e = p_.link_begin[item.value()]; e < p_.link_begin[item.value() + 1]; ++e) {
      out[p_.link_item[e]] += 0.5 * p_.link_strength[e];
    }
    for (std::size_t e = into_begin_[item.value()]; e < into_begin_[item.value() + 1]; ++e) {
      out[into_[e].anchor] += 0.5 * into_[e].strength;
    }
    for (double& value : out) value = -std::expm1(-std::max(0.0, value));
    out[item.value()] = 1.0;
  }

  void item_utilities(const TasteDraws& draws, ItemId item, std::span<float> out) const override {
    std::vector<float> strength(p_.items, 0.0f);
    for (std::size_t e = into_begin_[item.value()]; e < into_begin_[item.value() + 1]; ++e) {
      strength[into_[e].anchor] = static_cast<float>(into_[e].strength);
    }
    const auto base = static_cast<float>(base_[draws.group * p_.items + item.value()]);
    for (std::size_t m = 0; m < draws.count; ++m) out[m] = base + draws.offsets[m];
    for (std::size_t s = 0; s < slots_; ++s) {
      const float* anchor = draws.latent.data() + s * draws.count;
      const float* weight = draws.latent.data() + (slots_ + s) * draws.count;
      for (std::size_t m = 0; m < draws.count; ++m) out[m] += weight[m] * strength[static_cast<std::size_t>(anchor[m])];
    }
  }

 private:
  struct LinkInto {
    std::uint32_t anchor;
    double strength;
  };

  WalkBase walk_base(std::span<const double> x) const {
    WalkBase base{p_.item_bias, std::vector<double>(p_.items + 1, 0.0)};
    for (std::size_t p = 0; p < p_.attribute_size; ++p) {
      const double* effect = p_.attribute_effect.data() + p * p_.items;
      for (std::size_t i = 0; i < p_.items; ++i) base.mass[i] += x[p] * effect[i];
    }
    const double largest = *std::max_element(base.mass.begin(), base.mass.end());
    for (std::size_t i = 0; i < p_.items; ++i) {
      base.mass[i] = std::exp(base.mass[i] - largest);
      base.below[i + 1] = base.below[i] + base.mass[i];
    }
    return base;
  }

  /// Draws the anchors one after the other, each by the inverse distribution function of one normal.
  template <class Normal, class Place>
  void walk(const WalkBase& base, LinkSums& sums, Normal normal, Place place) const {
    for (std::size_t at = 0; at < 2 * slots_; ++at) place(at) = 0;
    std::vector<std::uint32_t> anchors;
    for (std::size_t l = 0; l < p_.length; ++l) {
      const double uniform = 0.5 * std::erfc(-normal(l) / std::numbers::sqrt2);
      const std::uint32_t anchor = draw(base, sums, anchors, uniform);
      anchors.push_back(anchor);
      place(l) = static_cast<std::remove_reference_t<decltype(place(l))>>(anchor);
      place(slots_ + l) = 1;
      sums.add(anchor, 0.0);
      for (std::size_t e = p_.link_begin[anchor]; e < p_.link_begin[anchor + 1]; ++e) {
        sums.add(p_.link_item[e], p_.link_strength[e]);
      }
      sums.sort();
    }
    sums.clear();
  }

  /// The item at which the running sum of masses, as the links change them, passes the share `uniform` of the total.
  std::uint32_t draw(const WalkBase& base, const LinkSums& sums, const std::vector<std::uint32_t>& anchors,
                     double uniform) const {
    const auto change = [&](std::uint32_t item) {
      const bool taken = std::find(anchors.begin(), anchors.end(), item) != anchors.end();
      return base.mass[item] * (taken ? -1.0 : std::expm1(sums.at(item)));
    };
    double total = base.below.back();
    for (const std::uint32_t item : sums.items()) total += change(item);
    const double target = uniform * total;
    double changed = 0;
    for (const std::uint32_t item : sums.items()) {
      if (target < base.below[item] + changed) break;
      const double with = changed + change(item);
      if (target < base.below[item + 1] + with) return item;
      changed = with;
    }
    const auto after = std::upper_bound(base.below.begin(), base.below.end(), target - changed);
    auto item = static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(after - base.below.begin() - 1, 0, static_cast<std::ptrdiff_t>(p_.items) - 1));
    // Rounding may land on an anchor at the edge of its empty interval.
    while (std::find(anchors.begin(), anchors.end(), item) != anchors.end()) item = (item + 1) % p_.items;
    return static_cast<std::uint32_t>(item);
  }

  /// log sum_i exp(base_i + links); leaves the sums in `sums`.
  template <class State>
  double log_normaliser(std::uint32_t group, LinkSums& sums, State state) const {
    for (std::size_t s = 0; s < slots_; ++s) {
      const auto weight = static_cast<double>(state(slots_ + s));
      if (weight == 0) continue;
      const auto anchor = static_cast<std::size_t>(state(s));
      for (std::size_t e = p_.link_begin[anchor]; e < p_.link_begin[anchor + 1]; ++e) {
        sums.add(p_.link_item[e], weight * p_.link_strength[e]);
      }
    }
    double share = 1;
    const double* base = base_.data() + group * p_.items;
    for (const std::uint32_t item : sums.items()) {
      share += std::exp(base[item] - log_total_[group]) * std::expm1(sums.at(item));
    }
    return log_total_[group] + std::log(share);
  }

  void add_offsets(TasteDraws& draws) const {
    LinkSums sums(p_.items);
    const double log_items = std::log(static_cast<double>(p_.items));
    for (std::size_t m = 0; m < draws.count; ++m) {
      const double normaliser =
          log_normaliser(draws.group, sums, [&](std::size_t at) { return draws.latent[at * draws.count + m]; });
      draws.offsets[m] = static_cast<float>(log_items - normaliser);
      sums.clear();
    }
  }

  template <class Place>
  void move(ItemId item, double rate, Place place) const {
    using Number = std::remove_reference_t<decltype(place(0))>;
    std::size_t slot = slots_, lightest = 0;
    for (std::size_t s = 0; s < slots_; ++s) {
      Number& weight = place(slots_ + s);
      weight *= static_cast<Number>(1.0 - rate);
      if (weight > 0 && static_cast<std::uint32_t>(place(s)) == item.value()) slot = s;
      if (weight < place(slots_ + lightest)) lightest = s;
    }
    if (slot == slots_) {
      slot = lightest;
      place(slot) = static_cast<Number>(item.value());
    }
    place(slots_ + slot) += static_cast<Number>(rate * static_cast<double>(p_.length));
  }

  ChainParameters p_;
  std::size_t slots_;
  std::vector<double> base_;       // [G, I] lambda b + b_g
  std::vector<double> log_total_;  // [G] log sum_i exp(base)
  std::vector<std::uint64_t> into_begin_;
  std::vector<LinkInto> into_;  // the same links by the item they lead to
};

}  // namespace

std::unique_ptr<TasteModel> make_chain_taste(const ChainParameters& parameters, double lambda) {
  return std::make_unique<ChainTaste>(parameters, lambda);
}

}  // namespace coldframe
