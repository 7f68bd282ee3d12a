#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "framework/model/encoder.h"
#include "framework/model/keyed_dropout.h"
#include "framework/model/transformer_config.h"

namespace coldframe {

/// What a text leaves the encoder as.
struct EncoderHead {
  Pooling pooling = Pooling::mean;
  Normalization normalization = Normalization::none;
  std::int64_t max_tokens = 0;
};

/// What a TransformerEncoder is made of, by index: of parameters in the store, of sites in the lists below.
struct TransformerParts {
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
    std::size_t query, key, value, attention_output, inner, output;  // linear sites
    DropoutSite probabilities;
    Block attention;
    Block feed_forward;
  };
  struct Embeddings {
    ParameterIndex tokens = -1;     // [vocabulary, D]
    ParameterIndex positions = -1;  // [positions, D]
    ParameterIndex types = -1;      // [token types, D]; -1: the family has none
    Norm norm;
    DropoutSite dropout;
  };

  TransformerConfig config;
  EncoderHead head;
  Embeddings embeddings;
  ParameterIndex relative_bias = -1;  // [32, heads], shared by all layers; -1: the family has none
  std::vector<Layer> layers;
  std::vector<LinearSite> linear_sites;
  std::vector<BlockSite> block_sites;
  std::vector<std::vector<std::shared_ptr<const SiteDelta>>> linear_deltas;  // by linear site
  std::vector<std::shared_ptr<const SiteDelta>> block_deltas;                // by block site; null where there is none
  std::vector<std::shared_ptr<const PrefixSource>> prefixes = {};            // by layer; null where there is none
  std::shared_ptr<const PromptSource> prompt = nullptr;                      // null: none
  std::int64_t shifted_positions = 0;

  std::int64_t prompt_length() const { return prompt == nullptr ? 0 : prompt->length(); }
  /// Tokens of the longest text that there are positions for.
  std::int64_t longest_text() const { return config.longest_text() - shifted_positions - prompt_length(); }
};

}  // namespace coldframe
