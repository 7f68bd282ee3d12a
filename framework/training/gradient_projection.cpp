#include "framework/training/gradient_projection.h"

#include <span>

#include "framework/core/error.h"

namespace coldframe {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  CF_EXPECTS(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

/// Over the rows that both have.
double dot(const SparseRows& a, const SparseRows& b) {
  const auto width = static_cast<std::size_t>(a.width);
  double sum = 0;
  for (std::size_t i = 0, j = 0; i < a.ids.size() && j < b.ids.size();) {
    if (a.ids[i] == b.ids[j]) {
      sum += dot(std::span(a.rows).subspan(i++ * width, width), std::span(b.rows).subspan(j++ * width, width));
    } else {
      ++(a.ids[i] < b.ids[j] ? i : j);
    }
  }
  return sum;
}

}  // namespace

double inner_product(const GradientSum& g, const GradientSum& r) {
  double sum = dot(g.dense.span(), r.dense.span());
  for (std::size_t table = 0; table < g.sparse.size(); ++table) sum += dot(g.sparse[table], r.sparse[table]);
  return sum;
}

double keep_from_raising(GradientSum& g, GradientSum& r) {
  const double together = inner_product(g, r), length = inner_product(r, r);
  if (together >= 0 || length == 0) return together;
  const auto factor = static_cast<float>(-together / length);
  for (float& value : r.dense.span()) value *= factor;
  for (SparseRows& rows : r.sparse) {
    for (float& value : rows.rows) value *= factor;
  }
  g.add(r);
  return together;
}

}  // namespace coldframe
