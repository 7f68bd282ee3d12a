#include "tests/benchmarks/laws/factor_law.h"

#include <algorithm>
#include <array>
#include <limits>

#include "framework/core/error.h"
#include "framework/simulation/detail/fast_math.h"

namespace coldframe::bench {
namespace {

constexpr std::size_t k_lanes = 16;
using Lanes = float __attribute__((vector_size(k_lanes * sizeof(float)), aligned(4), may_alias));
using Page = std::array<float, FactorLaw::k_largest_page>;

#define CF_INLINE inline __attribute__((always_inline))

/// Sum over lanes in a fixed tree.
CF_INLINE float sum_of(const Lanes& v) {
  const Lanes a = v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  const Lanes b = a + __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  const Lanes c = b + __builtin_shufflevector(b, b, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return c[0] + c[1];
}

/// Inner products of a taste with the items of a page; five rows at a time hide the latency of sums.
CF_INLINE void products(const float* taste, const float* factors, std::size_t stride,
                        std::span<const std::uint32_t> page, Page& out) {
  constexpr std::size_t k_rows = 5;
  std::size_t k = 0;
  for (; k + k_rows <= page.size(); k += k_rows) {
    const float* rows[k_rows];
    Lanes sums[k_rows] = {};
    for (std::size_t r = 0; r < k_rows; ++r) rows[r] = factors + page[k + r] * stride;
    for (std::size_t d = 0; d < stride; d += k_lanes) {
      const Lanes z = *reinterpret_cast<const Lanes*>(taste + d);
#pragma GCC unroll 5
      for (std::size_t r = 0; r < k_rows; ++r) sums[r] += z * *reinterpret_cast<const Lanes*>(rows[r] + d);
    }
    for (std::size_t r = 0; r < k_rows; ++r) out[k + r] = sum_of(sums[r]);
  }
  for (; k < page.size(); ++k) {
    Lanes sum = {};
    const float* row = factors + page[k] * stride;
    for (std::size_t d = 0; d < stride; d += k_lanes) {
      sum += *reinterpret_cast<const Lanes*>(taste + d) * *reinterpret_cast<const Lanes*>(row + d);
    }
    out[k] = sum_of(sum);
  }
}

/// Sum of the attractions of a page; logits are those against no click.
CF_INLINE float attraction(const Page& logits, std::size_t size) {
  Page weights;
  for (std::size_t k = 0; k < k_lanes; ++k) weights[k] = detail::fast_exp(std::min(logits[k], 80.0f));
  float total = 0;
  for (std::size_t k = 0; k < size; ++k) total += weights[k];
  return total;
}

}  // namespace

/// The loops of FactorLaw::live(), compiled for several processors; the same bits on each (no fused products).
class FactorLives {
 public:
  static CF_INLINE void run(const FactorLaw& law, std::uint64_t first, std::span<UserRow> rows) {
    std::vector<double> normals(law.width_);
    std::vector<float> taste(law.stride_, 0.0f);
    std::vector<std::uint32_t> likes;  // of one user
    Page logits{};
    for (std::size_t u = 0; u < rows.size(); ++u) {
      const UserKey user(first + u);
      UserRow row{first + u, law.pages_per_user_, 0, 0};
      likes.clear();
      law.random_.latent_normals(user, normals);
      for (std::size_t d = 0; d < normals.size(); ++d) taste[d] = static_cast<float>(normals[d]);
      for (std::uint32_t number = 0; number < law.pages_per_user_; ++number) {
        const std::span<const std::uint32_t> page = law.pages_.page(user.value(), number);
        products(taste.data(), law.factors_.data(), law.stride_, page, logits);
        for (float& logit : logits) logit -= law.no_click_;
        const double all = attraction(logits, page.size());
        const double some = all / (1.0 + all);
        row.expected += FixedSum::to_fixed(some);
        if (law.random_.click(user, 0, number) < some) {
          ++row.clicks;
          likes.push_back(page[choose(law, user, number, page, logits)]);
        }
      }
      rows[u] = row;
    }
  }

 private:
  /// Which of the page: the largest logit with Gumbel noise that is keyed by the item.
  static std::size_t choose(const FactorLaw& law, UserKey user, std::uint32_t number,
                            std::span<const std::uint32_t> page, const Page& logits) {
    std::size_t chosen = 0;
    double best = -std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < page.size(); ++k) {
      const double value = static_cast<double>(logits[k]) + law.random_.item_gumbel(user, 0, number, page[k]);
      if (value > best) {
        best = value;
        chosen = k;
      }
    }
    return chosen;
  }
};

namespace {

using Run = void (*)(const FactorLaw&, std::uint64_t, std::span<UserRow>);

void run_plain(const FactorLaw& law, std::uint64_t first, std::span<UserRow> rows) {
  FactorLives::run(law, first, rows);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void run_avx2(const FactorLaw& law, std::uint64_t first, std::span<UserRow> rows) {
  FactorLives::run(law, first, rows);
}
__attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512"))) void run_avx512(const FactorLaw& law,
                                                                                             std::uint64_t first,
                                                                                             std::span<UserRow> rows) {
  FactorLives::run(law, first, rows);
}
#endif

Run best() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return run_avx512;
  }
  if (__builtin_cpu_supports("avx2")) return run_avx2;
#endif
  return run_plain;
}

}  // namespace

FactorLaw::FactorLaw(std::span<const float> factors, std::size_t width, double no_click, std::uint32_t pages_per_user,
                     const GivenPages& pages, std::uint64_t seed)
    : width_(width),
      stride_((width + k_lanes - 1) / k_lanes * k_lanes),
      no_click_(static_cast<float>(no_click)),
      pages_per_user_(pages_per_user),
      pages_(pages),
      random_(seed) {
  if (width == 0 || factors.size() % width != 0 || pages.size() > k_largest_page) {
    throw DataError("sizes of the law do not fit", "factors or pages");
  }
  factors_.assign(factors.size() / width * stride_, 0.0f);
  for (std::size_t at = 0; at < factors.size(); ++at) factors_[at / width * stride_ + at % width] = factors[at];
}

void FactorLaw::live(std::uint64_t first, std::span<UserRow> rows) const {
  static const Run run = best();
  run(*this, first, rows);
}

std::vector<double> FactorLaw::logits(UserKey user, std::span<const std::uint32_t> page) const {
  std::vector<double> taste(width_), out;
  random_.latent_normals(user, taste);
  for (const std::uint32_t item : page) {
    double sum = -static_cast<double>(no_click_);
    for (std::size_t d = 0; d < width_; ++d) sum += taste[d] * static_cast<double>(factors_[item * stride_ + d]);
    out.push_back(sum);
  }
  return out;
}

}  // namespace coldframe::bench
