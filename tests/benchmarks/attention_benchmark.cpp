// Attention over texts that lie end to end: 12 heads of width 32, texts of one length (the argument), 4,096 tokens.
// LibTorch's side is the operator behind scaled_dot_product_attention on a batch that needs no padding.
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <ATen/ops/empty_like.h>

#include <cmath>

#include "framework/model/kernels/attention.h"
#include "tests/benchmarks/kernel_answers.h"

namespace coldframe::bench {
namespace {

constexpr std::int64_t k_heads = 12;
constexpr std::int64_t k_head_width = k_width / k_heads;
const MaskKey k_mask({.active = true, .seed = 1, .step = 1}, mask_site("probabilities"), 0.1);

/// Rows of all tokens, [tokens, width]; what LibTorch reads is a view of them, [texts, heads, length, head width].
template <class T>
struct Attention {
  explicit Attention(std::int64_t text_length) : length(text_length), texts(k_tokens / text_length) {
    set_up_once();
    for (at::Tensor* rows : {&q, &k, &v, &outward}) *rows = normal<T>({texts * length, k_width});
    for (at::Tensor* rows : {&out, &dq, &dk, &dv}) *rows = at::empty_like(q);
  }

  at::Tensor as_batch(const at::Tensor& rows) const {
    return rows.view({texts, length, k_heads, k_head_width}).transpose(1, 2);
  }
  at::Tensor as_rows(const at::Tensor& batch) const { return batch.transpose(1, 2).reshape({texts * length, k_width}); }
  std::size_t first(std::int64_t text, std::int64_t head) const {
    return static_cast<std::size_t>(text * length * k_width + head * k_head_width);
  }
  HeadRows<const T> read(const at::Tensor& rows, std::size_t at) const { return {elements<T>(rows) + at, k_width}; }
  HeadRows<T> write(at::Tensor& rows, std::size_t at) const { return {mutable_elements<T>(rows) + at, k_width}; }

  template <class Work>
  void for_each_head(const MaskKey* mask, const Work& work) {
    for (std::int64_t text = 0; text < texts; ++text) {
      for (std::int64_t head = 0; head < k_heads; ++head) {
        const std::size_t at = first(text, head);
        AttentionHead<T> task;
        task.q = read(q, at);
        task.k = read(k, at);
        task.v = read(v, at);
        task.length = static_cast<std::size_t>(length);
        task.width = static_cast<std::size_t>(k_head_width);
        task.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(k_head_width)));
        task.mask = mask;
        task.first_row = {static_cast<std::uint64_t>(text + 1), 0, static_cast<std::uint32_t>(head * 128)};
        work(task, at);
      }
    }
  }
  void forward(const MaskKey* mask = nullptr) {
    for_each_head(mask, [&](const AttentionHead<T>& task, std::size_t at) { attend(task, write(out, at)); });
  }
  void backward(const MaskKey* mask = nullptr) {
    for_each_head(mask, [&](const AttentionHead<T>& task, std::size_t at) {
      AttentionGradient<T> gradient;
      gradient.q = write(dq, at);
      gradient.k = write(dk, at);
      gradient.v = write(dv, at);
      attend_backward(task, read(outward, at), gradient);
    });
  }
  auto libtorch_forward() const {
    return at::_scaled_dot_product_flash_attention_for_cpu(as_batch(q), as_batch(k), as_batch(v));
  }
  auto libtorch_backward(const at::Tensor& batch_out, const at::Tensor& log_sum) const {
    return at::_scaled_dot_product_flash_attention_for_cpu_backward(as_batch(outward), as_batch(q), as_batch(k),
                                                                    as_batch(v), batch_out, log_sum, 0, false);
  }
  bool right(benchmark::State& state) {
    forward();
    backward();
    const auto [batch_out, log_sum] = libtorch_forward();
    const auto [their_dq, their_dk, their_dv] = libtorch_backward(batch_out, log_sum);
    return agree(state, "attention", out, as_rows(batch_out)) && agree(state, "gradient of q", dq, as_rows(their_dq)) &&
           agree(state, "gradient of k", dk, as_rows(their_dk)) && agree(state, "gradient of v", dv, as_rows(their_dv));
  }

  std::int64_t length, texts;
  at::Tensor q, k, v, outward, out, dq, dk, dv;
};

template <class T>
void attention_forward(benchmark::State& state) {
  Attention<T> attention(state.range(0));
  if (!attention.right(state)) return;
  for (auto _ : state) attention.forward();
  state.SetItemsProcessed(state.iterations() * k_tokens);
}

template <class T>
void attention_forward_with_dropout(benchmark::State& state) {
  Attention<T> attention(state.range(0));
  for (auto _ : state) attention.forward(&k_mask);
  state.SetItemsProcessed(state.iterations() * k_tokens);
}

template <class T>
void attention_forward_libtorch(benchmark::State& state) {
  const Attention<T> attention(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(attention.libtorch_forward());
  state.SetItemsProcessed(state.iterations() * k_tokens);
}

template <class T>
void attention_backward(benchmark::State& state) {
  Attention<T> attention(state.range(0));
  if (!attention.right(state)) return;
  for (auto _ : state) attention.backward();
  state.SetItemsProcessed(state.iterations() * k_tokens);
}

template <class T>
void attention_backward_libtorch(benchmark::State& state) {
  const Attention<T> attention(state.range(0));
  const auto [out, log_sum] = attention.libtorch_forward();
  for (auto _ : state) benchmark::DoNotOptimize(attention.libtorch_backward(out, log_sum));
  state.SetItemsProcessed(state.iterations() * k_tokens);
}

#define ATTENTION(NAME)                                        \
  BENCHMARK_TEMPLATE(NAME, float)->Arg(16)->Arg(64)->Arg(256); \
  BENCHMARK_TEMPLATE(NAME, Bf16)->Arg(16)->Arg(64)->Arg(256)
ATTENTION(attention_forward);
ATTENTION(attention_forward_libtorch);
ATTENTION(attention_forward_with_dropout);
ATTENTION(attention_backward);
ATTENTION(attention_backward_libtorch);

}  // namespace
}  // namespace coldframe::bench
