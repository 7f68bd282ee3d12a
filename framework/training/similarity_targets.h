#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

namespace coldframe {

// Legend: b anchors, m columns, U gathered texts, D width, z_ij = scale u_i . v_j a similarity row.

/// Similarity rows z* from an earlier encoder that those of a step are drawn towards. A contrastive model has no logits
/// of fixed classes; what stands in their place is the row of scaled cosines of a user to a list of items, without the
/// corrections and masks of the training loss. The scale (1 / temperature) counts as a constant here.
struct SimilarityTargets {
  /// squared: weight / (b m) sum_ij (z_ij - z*_ij)^2 (dark experience replay, Buzzega et al., arXiv 2004.07211).
  /// divergence: weight / b sum_i KL(softmax(z*_i / T) || softmax(z_i / T)), without a factor T^2 (learning without
  /// forgetting, Li and Hoiem, arXiv 1606.09282).
  enum class Distance { squared, divergence };

  Distance distance = Distance::squared;
  std::vector<std::size_t> anchors;  // [b] rows of the gathered embeddings
  std::vector<std::size_t> columns;  // [m]
  std::vector<float> rows;           // [b, m] z*
  double weight = 1;
  double temperature = 1;  // T of the divergence
};

/// Similarity rows of gathered embeddings [U, D] float32. [b, m]
std::vector<float> similarity_rows(const at::Tensor& embeddings, const std::vector<std::size_t>& anchors,
                                   const std::vector<std::size_t>& columns, double scale);

/// Adds the gradient of anchors [begin, end) to `gradient` [U, D] float32 and returns their share of the loss. The
/// divergence of equal rows is 0. Thread-safety: pure.
double add_similarity_share(const SimilarityTargets& targets, const at::Tensor& embeddings, std::size_t begin,
                            std::size_t end, double scale, at::Tensor& gradient);

}  // namespace coldframe
