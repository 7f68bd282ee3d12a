#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/simulation/chain_world.h"
#include "framework/simulation/world_data.h"

namespace coldframe::detail {

/// The parameters as one vector: b [I], b_g [G, I], A [P, I], S [E].
std::vector<double> to_flat(const ChainParameters& parameters);
/// Sizes and links are those that `parameters` has already.
void from_flat(std::span<const double> flat, ChainParameters& parameters);

/// Penalised composite log-likelihood of a chain with its exact gradient. For one split with anchors a, targets T and
/// Z = sum_{i not in a} exp(eta_i), eta_i the logits of the law given the anchors:
///   sum_{i in T} eta_i - |T| log Z,   d/d eta_i = 1[i in T] - |T| exp(eta_i) / Z.
/// Group biases enter centred, b_g - sum_h share_h b_h. Ownership: borrows data and options.
class ChainObjective {
 public:
  ChainObjective(const WorldData& data, const ChainFitOptions& options, const ChainParameters& shape);
  double operator()(std::span<const double> flat, std::span<double> gradient) const;
  /// Group biases as they act on users.
  void center_groups(ChainParameters& parameters) const;

 private:
  enum class Law { walk, taste };
  struct Split {
    Law law = Law::walk;
    std::vector<std::uint32_t> anchors;
    std::vector<std::uint32_t> targets;
    double weight = 0;
  };
  struct Scratch;
  std::vector<Split> splits_of(const WorldUser& user) const;
  double add_user(std::size_t user, std::span<const double> flat, std::span<double> gradient, Scratch& scratch) const;
  double add_split(const Split& split, std::span<const double> links, std::span<double> link_gradient,
                   Scratch& scratch) const;
  double log_prior(std::span<const double> flat, std::span<double> gradient) const;

  const WorldData& data_;
  const ChainFitOptions& options_;
  const ChainParameters& shape_;
  std::vector<double> group_shares_;
  std::vector<std::vector<Split>> splits_;  // per user
};

}  // namespace coldframe::detail
