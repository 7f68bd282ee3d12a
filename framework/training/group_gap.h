#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/training/loss_batch.h"

namespace coldframe {

// Legend: B anchors, G groups of users, M_g mean loss of the n_g anchors of group g in the batch.

/// How far the groups of a batch lie apart, and what that adds to the loss:
///   penalty = strength / pairs sum_{g < h} (M_g - M_h)^2   over the pairs of groups that have an anchor in the batch
/// A batch in which fewer than two groups have one has no penalty. M_g of a few anchors is noisy, and the penalty holds
/// that noise too, so it also evens out losses within a group; large batches tell the groups better.
struct GroupGap {
  double penalty = 0;
  double gap = 0;               // largest minus smallest M_g
  std::vector<double> weights;  // [B] d (weighted loss + penalty) / d loss_i
};

/// Sums of the losses of a block of anchors by group: what ranks add up before anybody knows a gradient. [G]
/// losses [end - begin] of the anchors [begin, end).
std::vector<double> group_sums(const LossBatch& batch, std::span<const double> losses, std::size_t begin,
                               std::size_t groups);

/// From the sums of the whole batch [G]. By the chain rule the gradient of loss and penalty together is that of
/// sum_i w_i loss_i with the weights w_i = weight_i + 2 strength / (pairs n_g) sum_h (M_g - M_h): a second look at the
/// losses, with other weights, is all it takes. A weight is negative where a group already does better than the penalty
/// allows: it is then served worse, so level and gap are to be read together.
GroupGap group_gap(const LossBatch& batch, std::span<const double> sums, double strength);

/// How many groups the anchors of a batch can belong to: one more than the largest number. 0 without groups.
std::size_t group_count(const LossBatch& batch);

/// Weight of a user of each group, so that groups count more evenly than by their number of users:
///   w_g = N n_g^-a / sum_h n_h^(1 - a),   N = sum_h n_h
/// a = 0 weighs nobody; with a = 1 every group has the same total weight (inverse frequency, as the weights of Kamiran
/// and Calders, "Data preprocessing techniques for classification without discrimination", 2012, are for one
/// attribute). The mean over all N users is 1. Groups without users get 0. members [G]
std::vector<double> group_weights(std::span<const std::size_t> members, double exponent);

}  // namespace coldframe
