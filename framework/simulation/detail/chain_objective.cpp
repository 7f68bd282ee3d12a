#include "framework/simulation/detail/chain_objective.h"

#include <algorithm>
#include <cmath>

#include "framework/core/philox.h"

namespace coldframe::detail {
namespace {

constexpr std::uint32_t k_split_session = 2;  // sessions 0 and 1 of Purpose::world_fit start the other worlds

void append(std::vector<double>& flat, const std::vector<double>& part) {
  flat.insert(flat.end(), part.begin(), part.end());
}

}  // namespace

std::vector<double> to_flat(const ChainParameters& p) {
  std::vector<double> flat = p.item_bias;
  append(flat, p.group_bias);
  append(flat, p.attribute_effect);
  append(flat, p.link_strength);
  return flat;
}

void from_flat(std::span<const double> flat, ChainParameters& p) {
  std::size_t at = 0;
  for (auto* part : {&p.item_bias, &p.group_bias, &p.attribute_effect, &p.link_strength}) {
    std::copy_n(flat.begin() + static_cast<std::ptrdiff_t>(at), part->size(), part->begin());
    at += part->size();
  }
}

/// Working memory for one user.
struct ChainObjective::Scratch {
  explicit Scratch(std::size_t items) : mass(items), slope(items), link_sum(items, 0.0), is_anchor(items, 0) {}
  std::vector<double> mass;      // exp(logit - largest) without anchors
  std::vector<double> slope;     // of the likelihood in the logits
  double total = 0;              // of mass
  double largest = 0;            // logit
  double dense = 0;              // sum over splits of weight |T| / Z
  std::vector<double> link_sum;  // sum over anchors of S_{a, i}; 0 outside `touched`
  std::vector<std::uint8_t> is_anchor;
  std::vector<std::uint32_t> touched;
};

ChainObjective::ChainObjective(const WorldData& data, const ChainFitOptions& options, const ChainParameters& shape)
    : data_(data), options_(options), shape_(shape), group_shares_(data.group_shares()) {
  for (const WorldUser& user : data.users) splits_.push_back(splits_of(user));
}

std::vector<ChainObjective::Split> ChainObjective::splits_of(const WorldUser& user) const {
  const KeyedRandom random(options_.seed, Purpose::world_fit);
  std::vector<std::uint32_t> likes = user.likes;
  std::sort(likes.begin(), likes.end());
  likes.erase(std::unique(likes.begin(), likes.end()), likes.end());
  std::vector<Split> splits;
  const double likes_per_split = static_cast<double>(likes.size()) / static_cast<double>(shape_.length + 1);
  for (std::size_t t = 0; t <= shape_.length && !likes.empty(); ++t) {
    const auto order = [&](std::uint32_t item) {
      return random.block(UserKey(user.key), k_split_session, static_cast<std::uint32_t>(t), item)[0];
    };
    std::vector<std::uint32_t> shuffled = likes;
    std::sort(shuffled.begin(), shuffled.end(), [&](std::uint32_t a, std::uint32_t b) {
      const std::uint32_t first = order(a), second = order(b);
      return first != second ? first < second : a < b;
    });
    const std::size_t anchors = std::min(t, shuffled.size() - 1);
    const auto cut = shuffled.begin() + static_cast<std::ptrdiff_t>(anchors);
    Split split{t < shape_.length ? Law::walk : Law::taste, {shuffled.begin(), cut}, {cut, shuffled.end()}, 0};
    split.weight = user.weight * likes_per_split / static_cast<double>(split.targets.size());
    splits.push_back(std::move(split));
  }
  return splits;
}

double ChainObjective::add_split(const Split& split, std::span<const double> links, std::span<double> link_gradient,
                                 Scratch& s) const {
  for (const std::uint32_t anchor : split.anchors) {
    s.is_anchor[anchor] = 1;
    s.touched.push_back(anchor);
    for (std::size_t e = shape_.link_begin[anchor]; e < shape_.link_begin[anchor + 1]; ++e) {
      s.link_sum[shape_.link_item[e]] += links[e];
      s.touched.push_back(shape_.link_item[e]);
    }
  }
  std::sort(s.touched.begin(), s.touched.end());
  s.touched.erase(std::unique(s.touched.begin(), s.touched.end()), s.touched.end());
  double total = s.total;
  for (const std::uint32_t item : s.touched) {
    total += s.mass[item] * (s.is_anchor[item] != 0 ? -1.0 : std::expm1(s.link_sum[item]));
  }
  const auto targets = static_cast<double>(split.targets.size());
  const double scale = split.weight * targets / total;
  double sum = -split.weight * targets * (std::log(total) + s.largest);
  s.dense += scale;
  for (const std::uint32_t item : split.targets) {
    sum += split.weight * s.link_sum[item];  // the logit itself is added by the caller, from the slope
    s.slope[item] += split.weight;
  }
  // What the anchors change: the slope in the logit of a touched item, and all of it for the links.
  for (const std::uint32_t item : s.touched) {
    s.slope[item] -= scale * s.mass[item] * (s.is_anchor[item] != 0 ? -1.0 : std::expm1(s.link_sum[item]));
  }
  for (const std::uint32_t anchor : split.anchors) {
    for (std::size_t e = shape_.link_begin[anchor]; e < shape_.link_begin[anchor + 1]; ++e) {
      const std::uint32_t item = shape_.link_item[e];
      if (s.is_anchor[item] == 0) link_gradient[e] -= scale * s.mass[item] * std::exp(s.link_sum[item]);
    }
  }
  for (const std::uint32_t item : split.targets) {
    for (const std::uint32_t anchor : split.anchors) {
      const auto begin = shape_.link_item.begin() + static_cast<std::ptrdiff_t>(shape_.link_begin[anchor]);
      const auto end = shape_.link_item.begin() + static_cast<std::ptrdiff_t>(shape_.link_begin[anchor + 1]);
      const auto found = std::lower_bound(begin, end, item);
      if (found != end && *found == item) {
        link_gradient[static_cast<std::size_t>(found - shape_.link_item.begin())] += split.weight;
      }
    }
  }
  for (const std::uint32_t item : s.touched) s.link_sum[item] = s.is_anchor[item] = 0;
  s.touched.clear();
  return sum;
}

double ChainObjective::add_user(std::size_t u, std::span<const double> flat, std::span<double> gradient,
                                Scratch& s) const {
  const std::size_t items = shape_.items, groups = shape_.groups;
  const WorldUser& user = data_.users[u];
  const std::span<const double> effect = flat.subspan((1 + groups) * items);
  const std::size_t first_link = (1 + groups + shape_.attribute_size) * items;
  double sum = 0;
  for (const Law law : {Law::walk, Law::taste}) {
    std::copy_n(flat.begin(), items, s.mass.begin());
    for (std::size_t p = 0; law == Law::walk && p < shape_.attribute_size; ++p) {
      for (std::size_t i = 0; i < items; ++i) s.mass[i] += user.x[p] * effect[p * items + i];
    }
    for (std::size_t g = 0; law == Law::taste && g < groups; ++g) {
      const double share = (g == user.group ? 1.0 : 0.0) - group_shares_[g];
      for (std::size_t i = 0; i < items; ++i) s.mass[i] += share * flat[(1 + g) * items + i];
    }
    s.largest = *std::max_element(s.mass.begin(), s.mass.end());
    s.total = s.dense = 0;
    for (const Split& split : splits_[u]) {
      if (split.law != law) continue;
      for (const std::uint32_t item : split.targets) sum += split.weight * s.mass[item];
    }
    for (double& mass : s.mass) s.total += mass = std::exp(mass - s.largest);
    std::fill(s.slope.begin(), s.slope.end(), 0.0);
    for (const Split& split : splits_[u]) {
      if (split.law == law) sum += add_split(split, flat.subspan(first_link), gradient.subspan(first_link), s);
    }
    for (std::size_t i = 0; i < items; ++i) s.slope[i] -= s.dense * s.mass[i];
    for (std::size_t i = 0; i < items; ++i) gradient[i] += s.slope[i];
    for (std::size_t p = 0; law == Law::walk && p < shape_.attribute_size; ++p) {
      for (std::size_t i = 0; i < items; ++i) gradient[(1 + groups + p) * items + i] += user.x[p] * s.slope[i];
    }
    for (std::size_t g = 0; law == Law::taste && g < groups; ++g) {
      const double share = (g == user.group ? 1.0 : 0.0) - group_shares_[g];
      for (std::size_t i = 0; i < items; ++i) gradient[(1 + g) * items + i] += share * s.slope[i];
    }
  }
  return sum;
}

/// pseudo_count likes of every item under softmax(b), and the ridges.
double ChainObjective::log_prior(std::span<const double> flat, std::span<double> gradient) const {
  const std::size_t items = shape_.items;
  const std::size_t first_link = (1 + shape_.groups + shape_.attribute_size) * items;
  const double largest = *std::max_element(flat.begin(), flat.begin() + static_cast<std::ptrdiff_t>(items));
  double total = 0, sum = 0;
  for (std::size_t i = 0; i < items; ++i) total += std::exp(flat[i] - largest);
  for (std::size_t i = 0; i < items; ++i) {
    sum += options_.pseudo_count * (flat[i] - largest - std::log(total));
    gradient[i] += options_.pseudo_count * (1.0 - static_cast<double>(items) * std::exp(flat[i] - largest) / total);
  }
  for (std::size_t k = items; k < flat.size(); ++k) {
    const double ridge = k < first_link ? options_.bias_ridge : options_.link_ridge;
    sum -= 0.5 * ridge * flat[k] * flat[k];
    gradient[k] -= ridge * flat[k];
  }
  return sum;
}

double ChainObjective::operator()(std::span<const double> flat, std::span<double> gradient) const {
  std::fill(gradient.begin(), gradient.end(), 0.0);
  Scratch scratch(shape_.items);
  double sum = log_prior(flat, gradient);
  for (std::size_t u = 0; u < data_.users.size(); ++u) sum += add_user(u, flat, gradient, scratch);
  return sum;
}

void ChainObjective::center_groups(ChainParameters& p) const {
  for (std::size_t i = 0; i < p.items; ++i) {
    double shared = 0;
    for (std::size_t g = 0; g < p.groups; ++g) shared += group_shares_[g] * p.group_bias[g * p.items + i];
    for (std::size_t g = 0; g < p.groups; ++g) p.group_bias[g * p.items + i] -= shared;
  }
}

}  // namespace coldframe::detail
