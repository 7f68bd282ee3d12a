#pragma once

#include <memory>
#include <string>

#include "framework/core/options.h"
#include "framework/model/encoder.h"
#include "framework/text/tokenizer.h"
#include "framework/training/step_plan.h"

namespace coldframe::bench {

/// Which encoder a whole-job benchmark runs, and how.
struct JobEncoderOptions {
  std::string encoder = ".deps/encoders/all-MiniLM-L6-v2";
  std::string precision = "fp32";
  double dropout = 0.1;  // of hidden states and attention probabilities
  std::int64_t max_tokens = 256;

  void describe(OptionVisitor& visitor);
};

/// An encoder with its weights, and the tokens of texts as it reads them.
class JobEncoder {
 public:
  explicit JobEncoder(const JobEncoderOptions& options);

  Tokens tokens(const std::string& text) const;
  /// Multiplications of the linear maps per token, one per weight.
  double linear_weights() const;

  ParameterStore parameters;
  std::unique_ptr<Encoder> encoder;

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::size_t max_tokens_;
};

}  // namespace coldframe::bench
