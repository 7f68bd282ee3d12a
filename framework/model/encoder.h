#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/model/packed_batch.h"
#include "framework/model/parameters.h"

namespace coldframe {

struct PackedLayout;

/// A linear map of the encoder, by family-independent name: "layer.3.attention.query", ".key", ".value", ".output",
/// "layer.3.feed_forward.inner", ".output". Strategies name their targets so, whatever the checkpoint calls them.
struct LinearSite {
  std::string name;
  std::int32_t layer = 0;
  ParameterIndex weight = -1;  // [out, in]
  ParameterIndex bias = -1;    // [out]
  std::int64_t in = 0;
  std::int64_t out = 0;
};

/// The end of a residual branch: h' = LayerNorm(h + f). "layer.3.attention" or "layer.3.feed_forward".
struct BlockSite {
  std::string name;
  std::int32_t layer = 0;
  std::int64_t width = 0;
  std::string module;  // path of the block's module in the checkpoint: "encoder.layer.3.output"
};

/// What enters block `layer` for the texts of a batch, computed before.
struct LayerInput {
  std::int64_t layer = 0;
  at::Tensor rows;  // [T, D] float32, under Precision::bf16 bfloat16
};

struct ForwardContext {
  const ParameterView& parameters;
  const PackedBatch& batch;
  DropoutContext dropout;
  /// Sparse gradients of the token table. When not null and the table requires gradients, forward() gathers the rows
  /// [T, D] of the batch as a new leaf that requires gradients and leaves it here: ask autograd for the gradient of
  /// this leaf and add its rows by token id; the table itself then takes no part in the graph. A tensor that is defined
  /// on entry is used instead of the gathered rows. Null: an ordinary lookup with a dense gradient of the table.
  at::Tensor* token_rows = nullptr;
  /// Filled in by forward() for the deltas.
  std::shared_ptr<const PackedLayout> layout = nullptr;
  /// When not null, forward() goes on from here: no block below it is computed, and none of them may be trainable.
  const LayerInput* start = nullptr;
};

/// What a strategy may change at a site. The encoder calls it and does not know which strategies exist.
class SiteDelta {
 public:
  virtual ~SiteDelta() = default;
  /// What a linear map gets in place of x [T, in]; default: x.
  virtual at::Tensor input(const ForwardContext& context, const at::Tensor& x) const;
  /// y = W x + b was computed, x what input() left; returns what goes on. x [T, in], y [T, out].
  virtual at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const;
  /// f [T, D] branch output, h [T, D] residual, norm(z) the pretrained LayerNorm; default: norm(h + f).
  virtual at::Tensor block(const ForwardContext& context, const at::Tensor& f, const at::Tensor& h,
                           const std::function<at::Tensor(const at::Tensor&)>& norm) const;
  /// The parameters it reads: they decide which blocks lie below the lowest trainable site.
  virtual std::vector<ParameterIndex> parameters() const = 0;
  /// Whether a linear map may have no other delta beside this one.
  virtual bool alone() const { return false; }
};

/// Keys and values [P, D] float32 each.
struct KeyValueRows {
  at::Tensor keys, values;
};

/// Keys and values that every text of a layer finds besides its own.
class PrefixSource {
 public:
  virtual ~PrefixSource() = default;
  virtual KeyValueRows rows(const ForwardContext& context) const = 0;
  virtual std::vector<ParameterIndex> parameters() const = 0;
};

/// Rows in front of the token rows of every text. They take positions and pass through all layers, and are left out of
/// pooling.
class PromptSource {
 public:
  virtual ~PromptSource() = default;
  virtual std::int64_t length() const = 0;
  virtual at::Tensor rows(const ForwardContext& context) const = 0;  // [length, D] float32
  virtual std::vector<ParameterIndex> parameters() const = 0;
};

enum class Pooling { mean, cls };
enum class Normalization { none, unit_length };

/// A pretrained text encoder: a function of parameters and packed texts. Thread-safe: lanes call it at the same time.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::string_view family() const = 0;  // "bert"
  virtual std::int64_t width() const = 0;
  virtual std::int64_t layers() const = 0;
  virtual std::int64_t max_tokens() const = 0;  // longest text, special tokens included and a prompt not
  virtual std::int64_t vocabulary() const = 0;  // token ids are 0 .. vocabulary() - 1
  virtual Pooling pooling() const = 0;
  virtual Normalization normalization() const = 0;
  virtual ParameterIndex token_table() const = 0;  // [vocabulary, D], the parameter with sparse rows
  /// Its own parameters in the store, without those of strategies; names are those of the checkpoint.
  virtual const std::vector<ParameterIndex>& parameters() const = 0;
  virtual const std::vector<LinearSite>& linear_sites() const = 0;
  virtual const std::vector<BlockSite>& block_sites() const = 0;
  /// Deltas of a linear map are applied in the order attached; ConfigError when one must be alone. A block takes one
  /// (ConfigError on a second).
  virtual void attach_linear(std::size_t site, std::shared_ptr<const SiteDelta> delta) = 0;
  virtual void attach_block(std::size_t site, std::shared_ptr<const SiteDelta> delta) = 0;
  /// One prefix for each layer and one prompt; ConfigError on a second, and when no position is left for texts.
  virtual void attach_prefix(std::size_t layer, std::shared_ptr<const PrefixSource> prefix) = 0;
  virtual void attach_prompt(std::shared_ptr<const PromptSource> prompt) = 0;
  /// Texts begin `count` positions later from now on.
  virtual void shift_positions(std::int64_t count) = 0;
  /// The first block that can receive gradients: -1 the embeddings, layers() when nothing is trainable.
  virtual std::int64_t first_trainable_layer(const ParameterView& parameters) const = 0;
  /// [N, D] float32: pooled (and normalised when the folder says so) embeddings, one per text of the batch. Records no
  /// gradient work below the lowest trainable site. Throws DataError on a token id outside the vocabulary, on an empty
  /// text and on a text longer than the position table.
  virtual at::Tensor forward(const ForwardContext& context) const = 0;
  /// [T, D] float32 (bfloat16 under bf16): what enters block `layer`, without dropout and gradient work. All products
  /// have `rows` >= T rows, zeros behind the last token: their shapes then do not depend on the batch.
  virtual at::Tensor layer_input(const ForwardContext& context, std::int64_t layer, std::int64_t rows) const = 0;
};

}  // namespace coldframe
