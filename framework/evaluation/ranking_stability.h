#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "framework/core/ids.h"

namespace coldframe {

// How alike two ranked lists are, each without repeats: the same user's top K before and after a change. Throws
// DataError for a list that names an item twice.

/// |A and B| / |A or B|; 1 for two empty lists.
double jaccard(std::span<const ItemId> a, std::span<const ItemId> b);

/// Rank-biased overlap cut at depth min(|a|, |b|) (Webber, Moffat and Zobel, TOIS 28, 2010):
///   RBO = (1 - p) sum_d p^{d-1} |A_d and B_d| / d.
/// Cut lists never reach 1: equal ones of length K give 1 - p^K.
double rbo(std::span<const ItemId> a, std::span<const ItemId> b, double p = 0.9);

/// RBO_EXT of the same paper (equation 32; lists may differ in length): assumes that the agreement seen at the end goes
/// on, so equal lists give 1. Empty lists: 1 when both are empty, 0 when one is.
double rbo_extrapolated(std::span<const ItemId> a, std::span<const ItemId> b, double p = 0.9);

/// Kendall's tau-b of two columns of scores: ties count neither as agreement nor as disagreement,
///   tau_b = (C - D) / sqrt((n_0 - n_1)(n_0 - n_2)). Empty when one column is constant or shorter than two.
std::optional<double> kendall_tau(std::span<const double> a, std::span<const double> b);

/// Kendall's tau-b over the items of either list, where all items that a list does not name are tied behind it.
std::optional<double> kendall_tau_of_lists(std::span<const ItemId> a, std::span<const ItemId> b);

}  // namespace coldframe
