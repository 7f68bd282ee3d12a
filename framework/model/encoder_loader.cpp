#include "framework/model/encoder_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/model/encoder_folder.h"
#include "framework/model/transformer_config.h"
#include "framework/model/transformer_encoder.h"
#include "framework/model/transformer_weights.h"

namespace coldframe {
namespace {

EncoderHead head_of(const EncoderOptions& options, const EncoderFolder& folder, const TransformerConfig& config) {
  EncoderHead head{folder.pooling, folder.normalization, config.longest_text()};
  if (options.pooling != "folder") head.pooling = options.pooling == "mean" ? Pooling::mean : Pooling::cls;
  if (options.normalize != "folder") {
    head.normalization = options.normalize == "yes" ? Normalization::unit_length : Normalization::none;
  }
  if (folder.max_tokens > 0) head.max_tokens = std::min(folder.max_tokens, config.longest_text());
  if (options.max_tokens > config.longest_text()) {
    throw ConfigError(fmt::format("encoder.max_tokens = {}", options.max_tokens),
                      fmt::format("{} has {} positions", folder.root.string(), config.longest_text()),
                      fmt::format("try {}", head.max_tokens));
  }
  if (options.max_tokens > 0) head.max_tokens = options.max_tokens;
  return head;
}

}  // namespace

void EncoderOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "folder", .doc = "pretrained encoder as Hugging Face or sentence-transformers ship it"},
                folder);
  visitor.visit({.name = "max_tokens",
                 .doc = "longest text, special tokens included; 0 = as the folder says",
                 .unit = "tokens",
                 .minimum = 0},
                max_tokens);
  visitor.visit({.name = "pooling",
                 .doc = "how token vectors become one: as the folder says, mean, or first token",
                 .choices = {"folder", "mean", "cls"}},
                pooling);
  visitor.visit(
      {.name = "normalize",
       .doc = "whether embeddings are scaled to length 1, so that products are cosines: yes, no, or as the folder says",
       .choices = {"folder", "yes", "no"}},
      normalize);
  visitor.visit({.name = "hidden_dropout",
                 .doc = "dropout rate of embeddings and block outputs; negative = as the folder says",
                 .minimum = -1,
                 .maximum = 0.99},
                hidden_dropout);
  visitor.visit({.name = "attention_dropout",
                 .doc = "dropout rate of attention probabilities; negative = as the folder says",
                 .minimum = -1,
                 .maximum = 0.99},
                attention_dropout);
  visitor.visit(
      {.name = "precision",
       .doc = "what the encoder multiplies in, training and later: fp32, or bf16 (mixed precision: trained weights, sums "
              "and statistics stay fp32; frozen weights are kept in bf16 alone)",
       .choices = {"fp32", "bf16"}},
      precision);
}

std::unique_ptr<Encoder> load_encoder(const EncoderOptions& options, ParameterStore& parameters) {
  const EncoderFolder folder = read_encoder_folder(options.folder);
  TransformerConfig config = read_transformer_config(folder.transformer / "config.json");
  if (folder.pooled_width > 0 && folder.pooled_width != config.width) {
    throw DataError(
        fmt::format("the pooling configuration in {} is for width {}", folder.root.string(), folder.pooled_width),
        fmt::format("config.json says hidden_size = {}", config.width), "the files do not belong together");
  }
  if (options.hidden_dropout >= 0) config.hidden_dropout = options.hidden_dropout;
  if (options.attention_dropout >= 0) config.attention_dropout = options.attention_dropout;
  const EncoderHead head = head_of(options, folder, config);
  load_transformer_weights(folder.transformer, config, parameters);
  parameters.compute_in(options.precision == "bf16" ? Precision::bf16 : Precision::fp32);
  return std::make_unique<TransformerEncoder>(config, head, parameters);
}

}  // namespace coldframe
