#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// Attention by place: v(r) = 1 / log2(1 + r), or any other examination law (the simulator's own), r = 1 .. K.
std::vector<double> logarithmic_attention(std::size_t k);

/// Exposure of items E_i = sum over slates of v(place of i). Kept as counts per place, so shards merge to the same bits
/// in any order.
class PositionExposure {
 public:
  PositionExposure(std::size_t items, std::vector<double> attention);

  /// Places behind the attention's length are not looked at. Throws DataError for an item outside the catalogue.
  void add_slate(std::span<const ItemId> slate);
  void merge(const PositionExposure& other);

  double of(ItemId item) const;
  std::vector<double> all() const;  // [I]
  std::size_t items() const { return items_; }

 private:
  std::size_t items_;
  std::vector<double> attention_;      // [K]
  std::vector<std::uint64_t> counts_;  // [I, K]
};

// Exposure [I] against merit [I] (held-out likes, or true mean utility in a simulation).

/// (E_G / U_G) / (E_H / U_H) of mean exposure E and mean merit U (Singh and Joachims, KDD 2018). With clicks in place
/// of exposure it is their disparate impact. Empty when a group is empty or without merit, or H without exposure.
std::optional<double> disparate_treatment(std::span<const double> exposure, std::span<const double> merit,
                                          std::span<const ItemId> g, std::span<const ItemId> h);

/// Amortised inequity of attention sum_i |A_i - R_i|, exposure and merit each normalised to 1 (Biega et al., SIGIR
/// 2018), in [0, 2]. Empty when one of them is 0 everywhere.
std::optional<double> inequity_of_attention(std::span<const double> exposure, std::span<const double> merit);

/// Attention-weighted rank fairness: 1 - total variation distance between the groups' shares of exposure and target
/// shares (both sum to 1).
double attention_weighted_fairness(std::span<const double> exposure_shares, std::span<const double> target_shares);

/// Share of all exposure that the given items got, over their share of all merit: 1 is proportionate. For cold items
/// the seesaw's other end. Empty when the items have no merit or nothing was shown.
std::optional<double> exposure_over_merit(std::span<const double> exposure, std::span<const double> merit,
                                          std::span<const ItemId> items);

/// How many users are served until an item of `shown` lists among `users` lists has been shown `k` times, expected over
/// random orders of arrival: k (users + 1) / (shown + 1) (negative hypergeometric). Exact, so nothing is resampled.
/// Empty (censored) when shown < k.
std::optional<double> users_until_impression(std::uint64_t shown, std::uint64_t users, std::uint64_t k);

}  // namespace coldframe
