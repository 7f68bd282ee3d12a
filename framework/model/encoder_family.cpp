#include "framework/model/encoder_family.h"

#include <algorithm>

namespace coldframe {
namespace {

EncoderFamily bert() {
  return {.kind = FamilyKind::bert,
          .name = "bert",
          .model_class = "BertModel",
          .query = "attention.self.query",
          .key = "attention.self.key",
          .value = "attention.self.value",
          .attention_output = "attention.output.dense",
          .attention_block = "attention.output",
          .left_out = {"pooler.", "cls.", "classifier.", "qa_outputs.", "embeddings.position_ids"}};
}

/// Positions count from behind the padding token, whose id is 1.
EncoderFamily mpnet() {
  return {.kind = FamilyKind::mpnet,
          .name = "mpnet",
          .model_class = "MPNetModel",
          .query = "attention.attn.q",
          .key = "attention.attn.k",
          .value = "attention.attn.v",
          .attention_output = "attention.attn.o",
          .attention_block = "attention",
          .relative_bias = "encoder.relative_attention_bias",
          .token_types = false,
          .first_position = 2,
          .left_out = {"pooler.", "lm_head.", "classifier.", "qa_outputs.", "embeddings.position_ids"}};
}

}  // namespace

const std::vector<EncoderFamily>& encoder_families() {
  static const std::vector<EncoderFamily> families = {bert(), mpnet()};
  return families;
}

const EncoderFamily* find_family(std::string_view name) {
  const auto found = std::ranges::find(encoder_families(), name, &EncoderFamily::name);
  return found == encoder_families().end() ? nullptr : &*found;
}

std::string_view without_family(std::string_view name) {
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && find_family(name.substr(0, dot)) != nullptr ? name.substr(dot + 1) : name;
}

const EncoderFamily& encoder_family(FamilyKind kind) { return encoder_families()[static_cast<std::size_t>(kind)]; }

}  // namespace coldframe
