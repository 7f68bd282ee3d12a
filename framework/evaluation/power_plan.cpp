#include "framework/evaluation/power_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/evaluation/crossed_interval.h"
#include "framework/evaluation/distributions.h"

namespace coldframe {
namespace {

double variance(std::span<const double> values) {
  if (values.size() < 2) return 0.0;
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / (n - 1);
}

std::vector<double> seed_means(const std::vector<double>& table, std::size_t seeds) {
  const std::size_t users = table.size() / seeds;
  std::vector<double> means(seeds, 0.0);
  for (std::size_t at = 0; at < table.size(); ++at) means[at / users] += table[at] / static_cast<double>(users);
  return means;
}

/// Expected mean square of a two-way layout over its size, with its degrees.
using Part = CrossedEstimate::Part;

/// What judges a design: a layout of seeds x worlds, of seeds x users inside one world (rows, columns, what both
/// count), or of one seed alone.
std::vector<Part> parts_of(const VarianceComponents& c, double s, double w, double u) {
  const bool worlds_vary = c.world + c.seed_world > 0;
  if (s == 1 && (w == 1 || !worlds_vary))
    return {{(c.world + c.seed_world) / w + (c.user + c.rest) / (w * u), w * u - 1}};
  if (s == 1) return {{(c.world + c.seed_world + (c.user + c.rest) / u) / w, w - 1}};
  const double columns = w > 1 ? w : u;
  const double row = w > 1 ? c.seed / s : (c.seed + c.seed_world) / s;
  const double column = w > 1 ? (c.world + c.user / u) / w : c.world + c.user / u;
  const double rest = w > 1 ? (c.seed_world + c.rest / u) / (s * w) : c.rest / (s * u);
  return {{row + rest, s - 1}, {column + rest, columns - 1}, {-rest, (s - 1) * (columns - 1)}};
}

/// Fewest users with which the effect shows, 0 when no number is enough.
std::size_t users_needed(const VarianceComponents& components, Design design, const PowerTarget& target,
                         std::size_t most) {
  design.users = most;
  if (detectable_effect(components, design, target) > target.effect) return 0;
  std::size_t below = 1, enough = most;  // detectable_effect falls with users
  while (below < enough) {
    design.users = below + (enough - below) / 2;
    if (detectable_effect(components, design, target) <= target.effect) {
      enough = design.users;
    } else {
      below = design.users + 1;
    }
  }
  return enough;
}

}  // namespace

VarianceComponents measure_components(std::span<const std::vector<double>> tables, std::size_t seeds) {
  const bool fits = !tables.empty() && seeds > 0 && !tables[0].empty() && tables[0].size() % seeds == 0 &&
                    std::ranges::all_of(tables, [&](const auto& t) { return t.size() == tables[0].size(); });
  if (!fits || tables[0].size() / std::max<std::size_t>(seeds, 1) < 2) {
    throw ConfigError("variance components", "every world needs the same seeds and at least two users",
                      "give results of one size");
  }
  VarianceComponents out;
  out.seeds = seeds;
  out.worlds = tables.size();
  out.users = tables[0].size() / seeds;
  const auto w = static_cast<double>(tables.size()), u = static_cast<double>(out.users);
  std::vector<double> means(seeds * tables.size());  // [seeds, worlds]
  double seed_within = 0;                            // seed and seed x world together, inside worlds
  for (std::size_t world = 0; world < tables.size(); ++world) {
    if (seeds > 1) {
      const CrossedEstimate inside = crossed_estimate(tables[world], seeds);
      out.user += inside.column_variance / w;
      out.rest += inside.residual_variance / w;
      seed_within += inside.row_variance / w;
    } else {
      out.user += variance(tables[world]) / w;
    }
    const std::vector<double> here = seed_means(tables[world], seeds);
    for (std::size_t s = 0; s < seeds; ++s) means[s * tables.size() + world] = here[s];
  }
  if (out.strategies()) {
    const CrossedEstimate over = crossed_estimate(means, seeds);
    out.seed = over.row_variance;
    out.world = std::max(0.0, over.column_variance - out.user / u);
    out.seed_world = std::max(0.0, over.residual_variance - out.rest / u);
  } else if (seeds > 1) {
    out.seed = seed_within;
  } else {
    out.world = std::max(0.0, variance(means) - out.user / u);
  }
  return out;
}

double detectable_effect(const VarianceComponents& c, const Design& design, const PowerTarget& target) {
  const auto s = static_cast<double>(design.seeds), w = static_cast<double>(design.worlds),
             u = static_cast<double>(design.users);
  double variance = 0, spread = 0;
  const std::vector<Part> parts = parts_of(c, s, w, u);
  for (const Part& part : parts) {
    variance += part.variance;
    spread += part.variance * part.variance / std::max(part.degrees, 1.0);
  }
  const double degrees = spread > 0 ? std::max(1.0, variance * variance / spread) : 1.0;
  const double critical = critical_ratio(1 - target.alpha, parts[0], parts.size() > 1 ? parts[1] : Part{});
  return (critical + student_t_quantile(target.power, degrees)) * std::sqrt(variance);
}

double DesignCost::of(const Design& design) const {
  const auto cells = static_cast<double>(design.seeds) * static_cast<double>(design.worlds);
  return seed * static_cast<double>(design.seeds) + world * static_cast<double>(design.worlds) +
         user * cells * static_cast<double>(design.users);
}

std::optional<Design> plan_design(const VarianceComponents& components, const PowerTarget& target,
                                  const DesignCost& cost, const DesignLimits& limits) {
  if (!(target.effect > 0) || !(target.power > 0 && target.power < 1) || !(target.alpha > 0 && target.alpha < 1)) {
    throw ConfigError(
        fmt::format("a plan for effect {}, alpha {}, power {}", target.effect, target.alpha, target.power),
        "the effect must be above 0, alpha and power between 0 and 1", "try 0.01, 0.05 and 0.8");
  }
  std::optional<Design> best;
  for (std::size_t seeds = limits.least_seeds; seeds <= limits.most_seeds; ++seeds) {
    for (std::size_t worlds = limits.least_worlds; worlds <= limits.most_worlds; ++worlds) {
      Design design{seeds, worlds, 1};
      if (best && cost.of(design) >= cost.of(*best)) break;  // more worlds cost no less
      design.users = users_needed(components, design, target, limits.most_users);
      if (design.users == 0) continue;
      if (!best || cost.of(design) < cost.of(*best)) best = design;
    }
  }
  return best;
}

}  // namespace coldframe
