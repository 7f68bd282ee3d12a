// The attention kernel against its definition in double, on every instruction set of this machine and in both element
// types, with and without dropout, a bias of scores and a prefix of keys and values.

#include <gtest/gtest.h>

#include "framework/model/kernels/attention.h"
#include "tests/model/kernel_fixture.h"

namespace coldframe {
namespace {

using test::expect_near;
using test::mask_at;
using test::narrow;
using test::values;
using test::widen;

template <class T>
using AttentionKernelTest = test::KernelTest<T>;
TYPED_TEST_SUITE(AttentionKernelTest, test::ElementTypes);

struct HeadCase {
  std::size_t length, width, prefix;
  bool masked, biased;

  std::size_t step() const { return width + 5; }  // a head among others
  std::size_t keys() const { return length + prefix; }
};

std::vector<HeadCase> cases() {
  std::vector<HeadCase> all;
  for (const auto& [length, width, prefix] : {std::tuple{1, 3, 1},
                                              {2, 32, 20},
                                              {11, 32, 5},
                                              {35, 32, 16},
                                              {48, 64, 1},
                                              {49, 24, 33},
                                              {130, 80, 20},
                                              {512, 16, 3}}) {
    for (const int kind : {0, 1, 2, 3, 4, 5, 6, 7}) {
      all.push_back({static_cast<std::size_t>(length), static_cast<std::size_t>(width),
                     static_cast<std::size_t>((kind & 4) != 0 ? prefix : 0), (kind & 1) != 0, (kind & 2) != 0});
    }
  }
  return all;
}

const MaskKey k_text_mask({.active = true, .seed = 5, .step = 2}, mask_site("probabilities"), 0.3);
const MaskKey k_prefix_mask({.active = true, .seed = 5, .step = 2}, mask_site("prefix"), 0.3);
constexpr MaskRow k_text_row = {99, 0, 256};
constexpr MaskRow k_prefix_row = {99, 0, 40};

template <class T>
struct Operands {
  explicit Operands(const HeadCase& of)
      : shape(of),
        q(values<T>(of.length * of.step(), 1, 2)),
        k(values<T>(of.length * of.step(), 2, 2)),
        v(values<T>(of.length * of.step(), 3)),
        outward(values<T>(of.length * of.step(), 4)),
        bias(values<float>(2 * of.length - 1, 5, 2)),
        prefix_k(values<float>(of.prefix * of.step(), 6, 2)),
        prefix_v(values<float>(of.prefix * of.step(), 7)) {}

  AttentionHead<T> head() const {
    AttentionHead<T> head;
    head.q = {q.data(), shape.step()};
    head.k = {k.data(), shape.step()};
    head.v = {v.data(), shape.step()};
    head.length = shape.length;
    head.width = shape.width;
    head.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(shape.width)));
    head.mask = shape.masked ? &k_text_mask : nullptr;
    head.first_row = k_text_row;
    if (shape.biased) head.bias = bias.data() + shape.length - 1;
    head.prefix = {{prefix_k.data(), shape.step()},
                   {prefix_v.data(), shape.step()},
                   shape.prefix,
                   shape.masked ? &k_prefix_mask : nullptr,
                   k_prefix_row};
    return head;
  }

  /// Of key j: of the text, then of the prefix.
  double key(std::size_t j, std::size_t c) const {
    return j < shape.length ? widen(k[j * shape.step() + c]) : prefix_k[(j - shape.length) * shape.step() + c];
  }
  double value(std::size_t j, std::size_t c) const {
    return j < shape.length ? widen(v[j * shape.step() + c]) : prefix_v[(j - shape.length) * shape.step() + c];
  }
  double query(std::size_t i, std::size_t c) const { return widen(q[i * shape.step() + c]); }
  double outside(std::size_t i, std::size_t c) const { return widen(outward[i * shape.step() + c]); }
  double score(std::size_t i, std::size_t j) const {
    double sum = 0;
    for (std::size_t c = 0; c < shape.width; ++c) sum += query(i, c) * key(j, c);
    return head().scale * sum + (shape.biased && j < shape.length ? bias[j + shape.length - 1 - i] : 0.0f);
  }
  double factor(std::size_t i, std::size_t j) const {
    if (!shape.masked) return 1;
    MaskRow row = j < shape.length ? k_text_row : k_prefix_row;
    row.token += static_cast<std::uint32_t>(i);
    return j < shape.length ? mask_at(k_text_mask, row, j) : mask_at(k_prefix_mask, row, j - shape.length);
  }

  HeadCase shape;
  std::vector<T> q, k, v, outward;
  std::vector<float> bias, prefix_k, prefix_v;
};

/// Output and gradients, [L, step], [2 L - 1] and [P, step].
template <class Row, class Shared>
struct Results {
  explicit Results(const HeadCase& of)
      : out(of.length * of.step()),
        dq(out.size()),
        dk(out.size()),
        dv(out.size()),
        dbias(2 * of.length - 1),
        dprefix_k(of.prefix * of.step()),
        dprefix_v(dprefix_k.size()) {}
  std::vector<Row> out, dq, dk, dv;
  std::vector<Shared> dbias, dprefix_k, dprefix_v;
};

template <class T>
Results<double, double> definition(const Operands<T>& x) {
  const HeadCase& shape = x.shape;
  Results<double, double> e(shape);
  const float scale = x.head().scale;
  for (std::size_t i = 0; i < shape.length; ++i) {
    std::vector<double> p(shape.keys()), dp(shape.keys()), factor(shape.keys());
    double total = 0, mean = 0;
    for (std::size_t j = 0; j < shape.keys(); ++j) total += p[j] = std::exp(x.score(i, j));
    for (std::size_t j = 0; j < shape.keys(); ++j) {
      p[j] /= total;
      factor[j] = x.factor(i, j);
      for (std::size_t c = 0; c < shape.width; ++c) dp[j] += factor[j] * x.outside(i, c) * x.value(j, c);
      mean += p[j] * dp[j];
    }
    for (std::size_t j = 0; j < shape.keys(); ++j) {
      const bool own = j < shape.length;
      const double ds = p[j] * (dp[j] - mean);
      if (own && shape.biased) e.dbias[j + shape.length - 1 - i] += ds;
      for (std::size_t c = 0; c < shape.width; ++c) {
        const std::size_t query = i * shape.step() + c, key = (own ? j : j - shape.length) * shape.step() + c;
        e.out[query] += factor[j] * p[j] * x.value(j, c);
        e.dq[query] += scale * ds * x.key(j, c);
        (own ? e.dk : e.dprefix_k)[key] += scale * ds * x.query(i, c);
        (own ? e.dv : e.dprefix_v)[key] += factor[j] * p[j] * x.outside(i, c);
      }
    }
  }
  return e;
}

/// What texts share is added to: it starts at `shared`.
template <class T>
Results<T, float> kernel(const Operands<T>& x, float shared) {
  const std::size_t step = x.shape.step();
  Results<T, float> r(x.shape);
  for (auto* sums : {&r.dbias, &r.dprefix_k, &r.dprefix_v}) std::fill(sums->begin(), sums->end(), shared);
  attend(x.head(), HeadRows<T>{r.out.data(), step});
  AttentionGradient<T> gradient{{r.dq.data(), step}, {r.dk.data(), step}, {r.dv.data(), step}};
  gradient.bias = x.shape.biased ? r.dbias.data() + x.shape.length - 1 : nullptr;
  gradient.prefix_k = {r.dprefix_k.data(), step};
  gradient.prefix_v = {r.dprefix_v.data(), step};
  attend_backward(x.head(), HeadRows<const T>{x.outward.data(), step}, gradient);
  return r;
}

TYPED_TEST(AttentionKernelTest, output_and_gradients_equal_the_definition) {
  using T = TypeParam;
  this->on_every_set([] {
    for (const HeadCase& shape : cases()) {
      SCOPED_TRACE(::testing::Message() << "length " << shape.length << ", prefix " << shape.prefix << ", masked "
                                        << shape.masked << ", biased " << shape.biased);
      const Operands<T> x(shape);
      const Results<double, double> expected = definition(x);
      const Results<T, float> got = kernel(x, 0);
      expect_near(expected.out, got.out, "out");
      expect_near(expected.dq, got.dq, "gradient of q");
      expect_near(expected.dk, got.dk, "gradient of k");
      expect_near(expected.dv, got.dv, "gradient of v");
      expect_near(expected.dbias, got.dbias, "gradient of the bias");
      expect_near(expected.dprefix_k, got.dprefix_k, "gradient of the prefix's keys");
      expect_near(expected.dprefix_v, got.dprefix_v, "gradient of the prefix's values");
    }
  });
}

TYPED_TEST(AttentionKernelTest, gradients_of_what_texts_share_are_added) {
  using T = TypeParam;
  this->on_every_set([] {
    const HeadCase shape{11, 32, 5, false, true};
    const Operands<T> x(shape);
    const Results<T, float> alone = kernel(x, 0), onto = kernel(x, 3);
    for (std::size_t i = 0; i < alone.dbias.size(); ++i) EXPECT_NEAR(onto.dbias[i], alone.dbias[i] + 3, 2e-6);
    for (std::size_t row = 0; row < shape.prefix; ++row) {
      for (std::size_t c = 0; c < shape.step(); ++c) {
        const std::size_t i = row * shape.step() + c;
        EXPECT_NEAR(onto.dprefix_k[i], alone.dprefix_k[i] + 3, c < shape.width ? 2e-6 : 0) << "column " << c;
        EXPECT_NEAR(onto.dprefix_v[i], alone.dprefix_v[i] + 3, c < shape.width ? 2e-6 : 0) << "column " << c;
      }
    }
  });
}

}  // namespace
}  // namespace coldframe
