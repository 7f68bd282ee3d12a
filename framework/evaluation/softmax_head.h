#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace coldframe {

// Legend: N rows, D features, C classes.

/// Multinomial logistic regression on rows that are moved to their mean and divided by one length:
///   z_c(x) = b_c + w_c . (x - m) / s,   P(c | x) = exp z_c / sum_k exp z_k
/// m is the mean of the rows that were fitted and s^2 their mean squared distance to it. One s for all features leaves
/// the distances between vectors as the encoder made them, and a ridge then means the same for any width and scale.
struct SoftmaxHead {
  std::vector<double> mean;        // [D]
  double scale = 1.0;              // s
  std::vector<double> weights;     // [D, C]
  std::vector<double> intercepts;  // [C]

  std::size_t classes() const { return intercepts.size(); }
  /// z of some rows [rows, C] from their features [rows, D].
  std::vector<double> scores(std::span<const float> features) const;
};

/// Calls block(0) .. block(count - 1), each once, on any thread: a pool of the caller's, or a loop when it is empty.
using RunBlocks = std::function<void(std::size_t count, const std::function<void(std::size_t)>& block)>;

struct SoftmaxFitOptions {
  double ridge = 1e-3;
  std::size_t most_steps = 500;
  double tolerance = 1e-8;  // stop when a step gains less
};

struct SoftmaxFit {
  SoftmaxHead head;
  double objective = 0.0;  // reached
  std::size_t steps = 0;
  bool converged = false;
};

/// Finds the head with the largest
///   (1/N) sum ln P(class | x) - ridge / 2 sum w^2
/// by L-BFGS; scikit-learn's LogisticRegression has C = 1 / (ridge N) for it. Intercepts are not penalised. Rows are
/// summed in sixteen fixed parts, so the bits do not depend on threads. Borrows rows and classes.
/// Thread-safety: one caller.
class SoftmaxFitter {
 public:
  /// features [N, D], labels [N] below `classes`. DataError when they do not fit or a class has no row, NumericError
  /// for a feature that is not finite.
  SoftmaxFitter(std::span<const float> features, std::span<const std::uint32_t> labels, std::size_t classes,
                RunBlocks run = {});

  /// Begins where the last fit ended, so go from large ridges to small ones. ConfigError for a ridge that is not
  /// positive.
  SoftmaxFit fit(const SoftmaxFitOptions& options);

 private:
  struct Part;
  double objective(std::span<const double> x, double ridge, std::span<double> gradient);
  void add_rows(std::size_t begin, std::size_t end, std::span<const double> x, Part& part) const;
  void centre(std::size_t row, std::size_t count, std::span<double> out) const;

  std::span<const float> features_;
  std::span<const std::uint32_t> labels_;
  std::size_t width_, classes_;
  RunBlocks run_;
  SoftmaxHead start_;
};

}  // namespace coldframe
