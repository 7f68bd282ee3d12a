#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "framework/model/packed_layout.h"
#include "framework/model/transformer_parts.h"

namespace coldframe {

/// BERT (Devlin et al., arXiv 1810.04805) and its relatives as encoders of packed texts: no padding, all tokens of type
/// 0, post-norm blocks h = LN(h + f(h)), attention within each text. Computes in float32, or bfloat16 where the store
/// says so, with the bits of one thread. T packed tokens, N texts, D width.
class TransformerEncoder final : public Encoder {
 public:
  /// The weights of tensor_shapes(config) must be in the store.
  TransformerEncoder(const TransformerConfig& config, const EncoderHead& head, const ParameterStore& parameters);

  std::string_view family() const override { return family_.name; }
  std::int64_t width() const override { return parts_.config.width; }
  std::int64_t layers() const override { return parts_.config.layers; }
  std::int64_t max_tokens() const override { return std::min(parts_.head.max_tokens, parts_.longest_text()); }
  std::int64_t vocabulary() const override { return parts_.config.vocabulary; }
  Pooling pooling() const override { return parts_.head.pooling; }
  Normalization normalization() const override { return parts_.head.normalization; }
  ParameterIndex token_table() const override { return parts_.embeddings.tokens; }
  const std::vector<ParameterIndex>& parameters() const override { return parameters_; }
  const std::vector<LinearSite>& linear_sites() const override { return parts_.linear_sites; }
  const std::vector<BlockSite>& block_sites() const override { return parts_.block_sites; }
  void attach_linear(std::size_t site, std::shared_ptr<const SiteDelta> delta) override;
  void attach_block(std::size_t site, std::shared_ptr<const SiteDelta> delta) override;
  void attach_prefix(std::size_t layer, std::shared_ptr<const PrefixSource> prefix) override;
  void attach_prompt(std::shared_ptr<const PromptSource> prompt) override;
  void shift_positions(std::int64_t count) override;
  std::int64_t first_trainable_layer(const ParameterView& parameters) const override;
  at::Tensor forward(const ForwardContext& context) const override;
  at::Tensor layer_input(const ForwardContext& context, std::int64_t layer, std::int64_t rows) const override;

 private:
  void add_layer(std::int32_t layer, const ParameterStore& parameters);
  std::size_t add_linear(const std::string& site, std::int32_t layer, const std::string& module,
                         const ParameterStore& parameters);
  TransformerParts::Block add_block(const std::string& site, std::int32_t layer, const std::string& module,
                                    const ParameterStore& parameters);
  bool layer_trainable(std::size_t layer, const ParameterView& parameters) const;
  void expect_room() const;
  RowPlan row_plan() const;
  void check(const PackedBatch& batch) const;

  const EncoderFamily& family_;
  TransformerParts parts_;
  std::vector<ParameterIndex> parameters_;
};

}  // namespace coldframe
