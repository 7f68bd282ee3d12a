#pragma once

#include <cstdint>
#include <filesystem>

#include "framework/model/encoder_family.h"

namespace coldframe {

enum class Activation { gelu, gelu_tanh, relu };

/// The architecture part of a config.json.
struct TransformerConfig {
  FamilyKind family = FamilyKind::bert;
  std::int64_t layers = 0;
  std::int64_t width = 0;
  std::int64_t heads = 0;
  std::int64_t inner_width = 0;
  std::int64_t vocabulary = 0;
  std::int64_t positions = 0;    // rows of the table
  std::int64_t token_types = 0;  // 0: the family has none
  double norm_epsilon = 1e-12;
  double hidden_dropout = 0.1;
  double attention_dropout = 0.1;
  Activation activation = Activation::gelu;

  /// Tokens of the longest text that the position table has room for.
  std::int64_t longest_text() const { return positions - encoder_family(family).first_position; }
};

/// DataError naming file and key when a key is missing, of the wrong type or out of range, and when the file describes
/// something other than an encoder of a known family with absolute positions.
TransformerConfig read_transformer_config(const std::filesystem::path& config_file);

}  // namespace coldframe
