#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "framework/training/loss_batch.h"

namespace coldframe {

/// Softmax cross-entropy of a block of anchors against all candidates, with its gradient by hand.
///   logit_ij = scale u_i . v_j + bias_ij,   p_i = softmax(logit_i),   loss_i = -sum_j t_ij log p_ij
/// With q above 0 the generalised cross-entropy (Zhang and Sabuncu, NeurIPS 2018, arXiv 1805.07836), whose limit q -> 0
/// is the one above and whose q = 1 is the mean absolute error up to a factor:
///   loss_i = sum_j t_ij (1 - p_ij^q) / q,   d loss_i / d logit_ik = p_ik sum_j t_ij p_ij^q - t_ik p_ik^q
/// An anchor pulls with weight p^q: what the model finds unlikely, because its label is wrong, pulls less.
/// B anchors of the whole batch, b of the block, C candidates, D width, U gathered texts.
struct SoftmaxBlock {
  at::Tensor bias;     // [b, C] float32: corrections, -infinity removes a candidate
  at::Tensor targets;  // [b, C] float32, rows sum to 1
  double q = 0;        // in [0, 1]; 0: cross-entropy
};

struct SoftmaxResult {
  double loss = 0;                // sum over the block of weight x loss_i
  std::vector<double> losses;     // [b] loss_i
  double scale_gradient = 0;      // d loss / d scale
  at::Tensor embedding_gradient;  // [U, D]
};

/// Thread-safety: pure.
SoftmaxResult softmax_block(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                            double scale, const SoftmaxBlock& block);

/// Disagreement of the softmax p under anchor_rows with q under second_rows, over the same candidates:
///   loss_i = (KL(p || q) + KL(q || p)) / 2
/// With g = log p - log q its gradient at the logits of p is (p (g - KL(p || q)) + p - q) / 2, and for q the same with
/// both exchanged. Candidates with a bias of -infinity have no part. bias [b, C]. Thread-safety: pure.
SoftmaxResult disagreement_block(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin,
                                 std::size_t end, double scale, const at::Tensor& bias);

/// The block of a batch whose anchors have one view, or two: then the mean of both losses and r_drop times their
/// disagreement (R-Drop, Liang et al., arXiv 2106.14448). Thread-safety: pure.
SoftmaxResult block_of_views(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                             double scale, const SoftmaxBlock& block, double r_drop);

/// sum <- own sum + factor other.
void add(SoftmaxResult& sum, const SoftmaxResult& other, double own, double factor);

}  // namespace coldframe
