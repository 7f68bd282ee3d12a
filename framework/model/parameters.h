#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace coldframe {

/// Index of a parameter in its ParameterStore.
using ParameterIndex = std::int32_t;

struct ParameterInfo {
  std::string name;  // "encoder.layer.3.attention.self.query.weight", or "lora.encoder.layer.3....A"
  bool trainable = false;
  bool decay = true;         // false for biases, LayerNorm and scalars such as the temperature
  bool sparse_rows = false;  // gradients arrive as (row id, row) lists: token embeddings
  bool exact = false;        // read in float32 under any precision, trained or not: keep_rounded_only() passes it over
  double learning_rate_factor = 1.0;
};

/// What products with the weights are computed in. bf16: operands and activations are bfloat16, sums, LayerNorm
/// statistics, softmax, pooling, the loss, the weights themselves and their gradients float32 (mixed precision, arXiv
/// 1710.03740, without loss scaling: bfloat16 has the exponents of float32).
enum class Precision { fp32, bf16 };

/// All parameters of a model and its strategy, in a fixed order. Tensors are contiguous float32 on 64-byte-aligned
/// memory. Under Precision::bf16 every matrix but the sparse tables has a rounded copy beside it, or in its place.
class ParameterStore {
 public:
  /// Keeps `value` when it is contiguous, aligned and owns its memory, else a copy in that form. Throws ConfigError on
  /// a second parameter of the same name.
  ParameterIndex add(ParameterInfo info, at::Tensor value);
  ParameterIndex find(std::string_view name) const;     // -1 when absent
  ParameterIndex require(std::string_view name) const;  // throws DataError when absent

  std::size_t size() const { return infos_.size(); }
  const ParameterInfo& info(ParameterIndex index) const { return infos_[static_cast<std::size_t>(index)]; }
  ParameterInfo& info(ParameterIndex index) { return infos_[static_cast<std::size_t>(index)]; }
  /// Throws std::logic_error where only the rounded matrix is left.
  const at::Tensor& value(ParameterIndex index) const;
  /// For changing it: its rounded copy counts as outdated from now on.
  at::Tensor& value(ParameterIndex index);
  at::IntArrayRef sizes(ParameterIndex index) const { return held(index).sizes(); }
  std::int64_t elements(ParameterIndex index) const { return held(index).numel(); }
  /// SHA-256 of the float32 values, also of those that were given up. Worked out once per change; one caller at a time.
  const std::string& sha256(ParameterIndex index) const;

  std::vector<ParameterIndex> trainable() const;  // ascending
  std::int64_t trainable_count() const;           // elements
  std::int64_t count() const;                     // elements, frozen ones included

  Precision precision() const { return precision_; }
  /// Holds for views made afterwards.
  void compute_in(Precision precision) { precision_ = precision; }
  /// Matrices whose rounded copy is missing or older than the matrix; none under fp32.
  std::vector<ParameterIndex> outdated() const;
  /// Rounds one of them again, in place: views see it. Thread-safe for different parameters once all copies exist.
  void round(ParameterIndex index);
  /// Rounds all that are outdated.
  void round_all();
  /// Under bf16, rounds a matrix that is neither trained nor exact and frees its float32 values for good.
  void keep_rounded_only(ParameterIndex index);
  bool rounded_only(ParameterIndex index) const { return !values_[static_cast<std::size_t>(index)].defined(); }
  /// Of values and rounded copies, in bytes.
  std::size_t bytes() const;
  /// [out, in] bfloat16; undefined under fp32.
  const at::Tensor& rounded(ParameterIndex index) const { return rounded_[static_cast<std::size_t>(index)]; }

 private:
  const at::Tensor& held(ParameterIndex index) const { return rounded_only(index) ? rounded(index) : value(index); }

  std::vector<ParameterInfo> infos_;
  std::vector<at::Tensor> values_;
  Precision precision_ = Precision::fp32;
  std::vector<at::Tensor> rounded_;
  std::vector<char> outdated_;
  mutable std::vector<std::string> sha256_;  // empty: not worked out since the last change
  std::unordered_map<std::string, ParameterIndex> by_name_;
};

class GradientMemory;

/// What an encoder reads: one tensor per parameter. The trainer makes one view per lane, whose trainable tensors are
/// leaf aliases (`detach().requires_grad_()`) of the store's memory, so lanes never share a gradient.
class ParameterView {
 public:
  /// Aliases of the store; trainable ones require gradients when `with_gradients`. Under bf16 all copies must exist;
  /// a matrix that is left in its rounded form alone stands for itself.
  ParameterView(const ParameterStore& store, bool with_gradients);

  const at::Tensor& operator[](ParameterIndex index) const { return tensors_[static_cast<std::size_t>(index)]; }
  at::Tensor& operator[](ParameterIndex index) { return tensors_[static_cast<std::size_t>(index)]; }
  std::size_t size() const { return tensors_.size(); }
  Precision precision() const { return precision_; }
  const at::Tensor& rounded(ParameterIndex index) const { return rounded_[static_cast<std::size_t>(index)]; }
  /// Forward passes from now on put gradients where this says when their backward runs.
  const std::shared_ptr<GradientMemory>& collect_gradients();
  /// Null when gradients are not collected.
  const std::shared_ptr<GradientMemory>& gradient_memory() const { return gradient_memory_; }
  /// Whether the parameter is trained, also in a view without gradients: a recomputed forward must draw the same masks.
  bool trainable(ParameterIndex index) const { return trainable_[static_cast<std::size_t>(index)]; }

 private:
  std::vector<at::Tensor> tensors_;
  std::vector<at::Tensor> rounded_;
  std::vector<bool> trainable_;
  Precision precision_;
  std::shared_ptr<GradientMemory> gradient_memory_;
};

/// Contiguous float32 copy on 64-byte-aligned memory: bits of a matrix product may depend on the alignment of operands.
at::Tensor aligned_copy(const at::Tensor& source);

/// Trainable and total elements per module ("embeddings", "encoder.layer.3", "lora.encoder.layer.3", ...), one line
/// each, with a total: what `train` and `check` print.
std::string trainable_table(const ParameterStore& parameters);

}  // namespace coldframe
