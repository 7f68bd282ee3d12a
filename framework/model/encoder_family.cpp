#include "framework/model/encoder_family.h"

namespace coldframe {
namespace {

EncoderFamily bert() {
  return {.kind = FamilyKind::bert,
          .name = "bert",
          .query = "attention.self.query",
          .key = "attention.self.key",
          .value = "attention.self.value",
          .attention_output = "attention.output.dense",
          .attention_block = "attention.output",
          .left_out = {"pooler.", "cls.", "classifier.", "qa_outputs.", "embeddings.position_ids"}};
}

}  // namespace

const std::vector<EncoderFamily>& encoder_families() {
  static const std::vector<EncoderFamily> families = {bert()};
  return families;
}

const EncoderFamily& encoder_family(FamilyKind kind) { return encoder_families()[static_cast<std::size_t>(kind)]; }

}  // namespace coldframe
