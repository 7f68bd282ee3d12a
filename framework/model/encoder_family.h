#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace coldframe {

enum class FamilyKind : std::uint8_t { bert, mpnet };

/// What the checkpoints of one family of encoders call their modules. Paths start at the layer ("encoder.layer.3.");
/// a block's LayerNorm is BLOCK.LayerNorm, its last linear map need not lie in it.
struct EncoderFamily {
  FamilyKind kind;
  /// model_type in config.json; with a dot also what comes before the names in files with a head: "bert.".
  std::string_view name;
  std::string_view model_class;                          // in transformers
  std::string_view query, key, value, attention_output;  // linear maps
  std::string_view inner = "intermediate.dense";
  std::string_view output = "output.dense";
  std::string_view attention_block;
  std::string_view feed_forward_block = "output";
  /// [32, heads], added to the scores of all layers by distance (relative_position.h); empty: the family has none.
  std::string_view relative_bias = {};
  bool token_types = true;
  std::int64_t first_position = 0;  // row of the position table that a text begins with
  /// Starts of names of heads and buffers, which take no part in embeddings.
  std::vector<std::string_view> left_out;
};

const EncoderFamily& encoder_family(FamilyKind kind);
const std::vector<EncoderFamily>& encoder_families();
/// Null when there is no family of that name.
const EncoderFamily* find_family(std::string_view name);
/// "mpnet.encoder.layer.0" -> "encoder.layer.0", of any family; other names as they are.
std::string_view without_family(std::string_view name);

}  // namespace coldframe
