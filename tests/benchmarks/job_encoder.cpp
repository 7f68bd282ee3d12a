#include "tests/benchmarks/job_encoder.h"

#include "framework/model/encoder_loader.h"

namespace coldframe::bench {
namespace {

EncoderOptions encoder_options(const JobEncoderOptions& job) {
  EncoderOptions options;
  options.folder = job.encoder;
  options.precision = job.precision;
  options.normalize = "yes";  // the objective takes products of unit-length vectors as cosines
  options.hidden_dropout = job.dropout;
  options.attention_dropout = job.dropout;
  return options;
}

}  // namespace

void JobEncoderOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "encoder", .doc = "folder of the encoder"}, encoder);
  visitor.visit({.name = "precision", .doc = "of the products", .choices = {"fp32", "bf16"}}, precision);
  visitor.visit({.name = "dropout", .doc = "rate in the encoder", .minimum = 0, .maximum = 0.99}, dropout);
  visitor.visit({.name = "max_tokens", .doc = "longest text", .unit = "tokens", .minimum = 2}, max_tokens);
}

JobEncoder::JobEncoder(const JobEncoderOptions& options)
    : encoder(load_encoder(encoder_options(options), parameters)),
      tokenizer_(Tokenizer::from_folder(options.encoder)),
      max_tokens_(static_cast<std::size_t>(options.max_tokens)) {}

Tokens JobEncoder::tokens(const std::string& text) const {
  const std::vector<TokenId> ids = tokenizer_->encode(text, max_tokens_);
  return std::make_shared<const std::vector<std::int64_t>>(ids.begin(), ids.end());
}

double JobEncoder::linear_weights() const {
  double weights = 0;
  for (const LinearSite& site : encoder->linear_sites()) weights += static_cast<double>(site.in * site.out);
  return weights;
}

}  // namespace coldframe::bench
