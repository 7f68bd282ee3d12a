#include "framework/evaluation/embedding_attack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

double length_of(std::span<const double> vector) {
  double squares = 0.0;
  for (const double x : vector) squares += x * x;
  return std::sqrt(squares);
}

/// d + length direction / ||direction||; d itself for a direction of length 0.
std::vector<double> stepped(std::vector<double> d, std::span<const double> direction, double length) {
  const double norm = length_of(direction);
  if (norm == 0.0) return d;
  for (std::size_t i = 0; i < d.size(); ++i) d[i] += length * direction[i] / norm;
  return d;
}

void project(std::vector<double>& d, double radius) {
  const double norm = length_of(d);
  if (norm <= radius) return;
  for (double& x : d) x *= radius / norm;
}

/// The clean top K and what may overtake it.
class Fight {
 public:
  Fight(const LinearScorer& scorer, std::span<const double> query, std::span<const ItemId> masked, std::size_t k,
        double radius)
      : scorer_(scorer), query_(query) {
    if (!(radius >= 0.0) || !std::isfinite(radius)) {
      throw ConfigError(fmt::format("an attack of radius {}", radius), "it must be a length >= 0");
    }
    const std::vector<double> scores = scorer.scores(query);
    const std::vector<ItemId> candidates = candidates_by_score(scores, masked, k);
    const auto border = candidates.begin() + static_cast<std::ptrdiff_t>(std::min(k, candidates.size()));
    top_.assign(candidates.begin(), border);
    outside_.assign(border, candidates.end());
  }

  bool possible() const { return !top_.empty() && !outside_.empty(); }
  const std::vector<ItemId>& top() const { return top_; }
  const std::vector<ItemId>& outside() const { return outside_; }
  std::size_t width() const { return query_.size(); }

  std::vector<double> at(std::span<const double> shift) const {
    std::vector<double> moved(query_.begin(), query_.end());
    for (std::size_t d = 0; d < moved.size(); ++d) moved[d] += shift[d];
    return moved;
  }
  ItemId worst_of_top(std::span<const double> query) const { return extreme(query, top_, -1.0); }
  ItemId best_outside(std::span<const double> query) const { return extreme(query, outside_, 1.0); }

  /// The margin over all pairs, which decides success.
  EmbeddingAttack judged(std::vector<double> shift) const {
    const std::vector<double> query = at(shift);
    const double margin = scorer_.score(query, worst_of_top(query)) - scorer_.score(query, best_outside(query));
    return {std::move(shift), margin, margin < 0.0};
  }

  /// Items outside by their distance to the border with the last of the top K, the closest first.
  std::vector<ItemId> closest(std::size_t count) const {
    const ItemId last = worst_of_top(query_);
    const double its = scorer_.score(query_, last);
    std::vector<std::pair<double, ItemId>> by_distance;
    for (const ItemId j : outside_) {
      const double distance = scorer_.distance(last, j);
      const double margin = its - scorer_.score(query_, j);
      by_distance.emplace_back(distance > 0.0 ? margin / distance : std::numeric_limits<double>::infinity(), j);
    }
    const auto end = by_distance.begin() + static_cast<std::ptrdiff_t>(std::min(count, by_distance.size()));
    std::partial_sort(by_distance.begin(), end, by_distance.end());
    std::vector<ItemId> items;
    for (auto at = by_distance.begin(); at != end; ++at) items.push_back(at->second);
    return items;
  }

 private:
  ItemId extreme(std::span<const double> query, const std::vector<ItemId>& items, double sign) const {
    ItemId found = items.front();
    double best = -std::numeric_limits<double>::infinity();
    for (const ItemId item : items) {
      const double score = sign * scorer_.score(query, item);
      if (score > best) {
        best = score;
        found = item;
      }
    }
    return found;
  }

  const LinearScorer& scorer_;
  std::span<const double> query_;
  std::vector<ItemId> top_, outside_;
};

/// Uniform in the ball: a normal direction, the radius times u^(1/D).
std::vector<double> random_start(std::size_t width, double radius, const KeyedRandom& random, UserKey user,
                                 std::uint32_t run) {
  std::vector<double> direction(width);
  for (std::size_t d = 0; d < width; d += 2) {
    const PhiloxBlock words = random.block(user, run, 0, static_cast<std::uint32_t>(d));
    const auto normals = standard_normals(words[0], words[1]);
    direction[d] = normals[0];
    if (d + 1 < width) direction[d + 1] = normals[1];
  }
  const double share = std::pow(random.uniform(user, run, 1), 1.0 / static_cast<double>(width));
  return stepped(std::vector<double>(width, 0.0), direction, radius * share);
}

}  // namespace

EmbeddingAttack fast_gradient_attack(const LinearScorer& scorer, std::span<const double> query,
                                     std::span<const ItemId> masked, std::size_t k, double radius) {
  const Fight fight(scorer, query, masked, k, radius);
  std::vector<double> still(query.size(), 0.0);
  if (!fight.possible()) return {std::move(still), std::numeric_limits<double>::infinity(), false};
  const std::vector<double> gradient = scorer.difference(fight.best_outside(query), fight.worst_of_top(query));
  return fight.judged(stepped(std::move(still), gradient, radius));
}

EmbeddingAttack projected_gradient_attack(const LinearScorer& scorer, std::span<const double> query,
                                          std::span<const ItemId> masked, std::size_t k, double radius,
                                          const ProjectedAttackOptions& options) {
  const Fight fight(scorer, query, masked, k, radius);
  const std::vector<double> still(query.size(), 0.0);
  if (!fight.possible()) return {still, std::numeric_limits<double>::infinity(), false};
  const KeyedRandom random(options.seed, Purpose::subsample);
  EmbeddingAttack strongest = fight.judged(still);
  for (const ItemId pushed : fight.closest(options.targets)) {
    for (std::uint32_t run = 0; run < options.restarts && !strongest.succeeded; ++run) {
      std::vector<double> shift = run == 0 ? still : random_start(query.size(), radius, random, options.user, run);
      for (std::size_t step = 0; step < options.steps; ++step) {
        const std::vector<double> gradient = scorer.difference(pushed, fight.worst_of_top(fight.at(shift)));
        shift = stepped(std::move(shift), gradient, options.step * radius);
        project(shift, radius);
      }
      EmbeddingAttack attack = fight.judged(std::move(shift));
      if (attack.margin < strongest.margin) strongest = std::move(attack);
    }
  }
  return strongest;
}

}  // namespace coldframe
