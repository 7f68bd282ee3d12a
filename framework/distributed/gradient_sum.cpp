#include "framework/distributed/gradient_sum.h"

#include <algorithm>
#include <numeric>

#include "framework/core/error.h"

namespace coldframe {

__attribute__((target_clones("avx512f", "avx2", "default"))) void add_into(std::span<float> to,
                                                                           std::span<const float> from) {
  CF_EXPECTS(to.size() == from.size());
  float* __restrict left = to.data();
  const float* __restrict right = from.data();
  for (std::size_t i = 0; i < to.size(); ++i) left[i] += right[i];
}

void SparseRows::add(const SparseRows& other) {
  if (other.ids.empty()) return;
  CF_EXPECTS(ids.empty() || width == other.width);
  if (ids.empty()) {
    *this = other;
    return;
  }
  const auto step = static_cast<std::size_t>(width);
  SparseRows sum{width, {}, {}};
  sum.ids.reserve(ids.size() + other.ids.size());
  sum.rows.reserve(rows.size() + other.rows.size());
  const auto append = [&](const SparseRows& from, std::size_t at) {
    sum.ids.push_back(from.ids[at]);
    sum.rows.insert(sum.rows.end(), from.rows.begin() + static_cast<std::ptrdiff_t>(at * step),
                    from.rows.begin() + static_cast<std::ptrdiff_t>((at + 1) * step));
  };
  std::size_t left = 0, right = 0;
  while (left < ids.size() || right < other.ids.size()) {
    const bool take_left = right == other.ids.size() || (left < ids.size() && ids[left] <= other.ids[right]);
    if (!take_left) {
      append(other, right++);
      continue;
    }
    append(*this, left);
    if (right < other.ids.size() && ids[left] == other.ids[right]) {
      add_into(std::span(sum.rows).last(step), std::span(other.rows).subspan(right * step, step));
      ++right;
    }
    ++left;
  }
  *this = std::move(sum);
}

SparseRows group_rows(std::span<const std::int64_t> ids, std::span<const float> gradients, std::int64_t width) {
  const auto step = static_cast<std::size_t>(width);
  CF_EXPECTS(gradients.size() == ids.size() * step);
  std::vector<std::size_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return ids[i]; });
  SparseRows result{width, {}, {}};
  for (const std::size_t token : order) {
    const auto row = gradients.subspan(token * step, step);
    if (!result.ids.empty() && result.ids.back() == ids[token]) {
      add_into(std::span(result.rows).last(step), row);
    } else {
      result.ids.push_back(ids[token]);
      result.rows.insert(result.rows.end(), row.begin(), row.end());
    }
  }
  return result;
}

void GradientSum::add(const GradientSum& other) {
  add_into(dense.span(), other.dense.span());
  CF_EXPECTS(sparse.size() == other.sparse.size());
  for (std::size_t i = 0; i < sparse.size(); ++i) sparse[i].add(other.sparse[i]);
}

}  // namespace coldframe
