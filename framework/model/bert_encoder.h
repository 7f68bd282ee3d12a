#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/model/bert_config.h"
#include "framework/model/encoder.h"
#include "framework/model/keyed_dropout.h"

namespace coldframe {

/// What a text leaves the encoder as.
struct EncoderHead {
  Pooling pooling = Pooling::mean;
  Normalization normalization = Normalization::none;
  std::int64_t max_tokens = 0;
};

/// BERT (Devlin et al., arXiv 1810.04805) as an encoder of packed texts: no padding, all tokens of type 0, post-norm
/// blocks h = LN(h + f(h)), attention within each text. Computes in float32 with the bits of one thread.
/// T packed tokens, N texts, D width.
class BertEncoder final : public Encoder {
 public:
  /// The weights of bert_tensor_shapes(config) must be in the store.
  BertEncoder(const BertConfig& config, const EncoderHead& head, const ParameterStore& parameters);

  std::string_view family() const override { return "bert"; }
  std::int64_t width() const override { return config_.width; }
  std::int64_t layers() const override { return config_.layers; }
  std::int64_t max_tokens() const override { return head_.max_tokens; }
  std::int64_t vocabulary() const override { return config_.vocabulary; }
  Pooling pooling() const override { return head_.pooling; }
  Normalization normalization() const override { return head_.normalization; }
  ParameterIndex token_table() const override { return token_table_; }
  const std::vector<ParameterIndex>& parameters() const override { return parameters_; }
  const std::vector<LinearSite>& linear_sites() const override { return linear_sites_; }
  const std::vector<BlockSite>& block_sites() const override { return block_sites_; }
  void attach_linear(std::size_t site, std::shared_ptr<const SiteDelta> delta) override;
  void attach_block(std::size_t site, std::shared_ptr<const SiteDelta> delta) override;
  std::int64_t first_trainable_layer(const ParameterView& parameters) const override;
  at::Tensor forward(const ForwardContext& context) const override;
  at::Tensor layer_input(const ForwardContext& context, std::int64_t layer, std::int64_t rows) const override;

 private:
  struct Norm {
    ParameterIndex weight = -1;  // [D]
    ParameterIndex bias = -1;    // [D]
  };
  /// One residual branch's end: dropout of its output, its deltas, its LayerNorm.
  struct Block {
    DropoutSite dropout;
    Norm norm;
    std::size_t site;
  };
  struct Layer {
    std::size_t query, key, value, attention_output, inner, output;  // indices of linear sites
    DropoutSite probabilities;
    Block attention;
    Block feed_forward;
  };
  class Pass;  // one forward pass

  void add_layer(std::int32_t layer, const ParameterStore& parameters);
  std::size_t add_linear(const std::string& site, std::int32_t layer, const std::string& module,
                         const ParameterStore& parameters);
  Block add_block(const std::string& site, std::int32_t layer, const std::string& module,
                  const ParameterStore& parameters);
  bool layer_trainable(const Layer& layer, const ParameterView& parameters) const;
  void check(const PackedBatch& batch, const PackedLayout& layout) const;

  BertConfig config_;
  EncoderHead head_;
  std::vector<ParameterIndex> parameters_;
  ParameterIndex token_table_ = -1;
  ParameterIndex position_table_ = -1;
  ParameterIndex type_table_ = -1;
  Norm embedding_norm_;
  DropoutSite embedding_dropout_;
  std::vector<Layer> layers_;
  std::vector<LinearSite> linear_sites_;
  std::vector<BlockSite> block_sites_;
  std::vector<std::vector<std::shared_ptr<const SiteDelta>>> linear_deltas_;
  std::vector<std::shared_ptr<const SiteDelta>> block_deltas_;  // null where there is none
};

}  // namespace coldframe
