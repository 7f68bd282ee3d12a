#include "framework/model/prompt_strategy.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "framework/model/initial_values.h"
#include "framework/model/virtual_tokens.h"

namespace coldframe {
namespace {

constexpr const char* k_name = "prompt.tokens";

class TrainedPrompt final : public PromptSource {
 public:
  TrainedPrompt(ParameterIndex tokens, std::int64_t length) : tokens_(tokens), length_(length) {}

  std::int64_t length() const override { return length_; }
  at::Tensor rows(const ForwardContext& context) const override { return context.parameters[tokens_]; }
  std::vector<ParameterIndex> parameters() const override { return {tokens_}; }

 private:
  ParameterIndex tokens_;  // [length, D]
  std::int64_t length_;
};

class PromptStrategy final : public Strategy {
 public:
  explicit PromptStrategy(PromptOptions options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "prompt"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    tokens_ = parameters.add({.name = k_name, .trainable = true}, first_values(encoder, parameters, attachment.seed));
    encoder.attach_prompt(std::make_shared<TrainedPrompt>(tokens_, options_.length));
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return false; }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    const nlohmann::json own = {
        {"prompt_tuning_init", "RANDOM"}, {"prompt_tuning_init_text", nullptr}, {"tokenizer_name_or_path", nullptr}};
    write_virtual_tokens(folder, form(), own, parameters.value(tokens_), encoder, encoder_folder);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& encoder,
                   ParameterStore& parameters) const override {
    PeftFolder adapter(folder, "PROMPT_TUNING");
    parameters.value(tokens_).copy_(read_virtual_tokens(adapter, form(), encoder.width()));
  }

 private:
  VirtualTokens form() const {
    return {
        .key = "strategy.prompt", .peft_type = "PROMPT_TUNING", .length = options_.length, .base_sha256 = base_sha256_};
  }

  /// Rows of the token table, drawn with repetition, or noise of the size that BERT's tables start with.
  at::Tensor first_values(const Encoder& encoder, const ParameterStore& parameters, std::uint64_t seed) const {
    if (options_.init == "normal") return normal_values({options_.length, encoder.width()}, 0.02, seed, k_name);
    const at::Tensor& table = parameters.value(encoder.token_table());
    const at::Tensor draws = uniform_values({options_.length}, 0.5, seed, k_name);
    const auto last = encoder.vocabulary() - 1;
    at::Tensor rows = at::empty({options_.length, encoder.width()}, table.options());
    for (std::int64_t i = 0; i < options_.length; ++i) {
      const double place = (draws.const_data_ptr<float>()[i] + 0.5) * static_cast<double>(encoder.vocabulary());
      rows.select(0, i).copy_(table.select(0, std::clamp<std::int64_t>(static_cast<std::int64_t>(place), 0, last)));
    }
    return rows;
  }

  PromptOptions options_;
  ParameterIndex tokens_ = -1;
  std::string base_sha256_;
};

}  // namespace

void PromptOptions::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "length", .doc = "rows in front of every text", .unit = "tokens", .minimum = 1, .maximum = 4096},
      length);
  visitor.visit({.name = "init",
                 .doc = "first values: rows of tokens drawn from the vocabulary, or normal noise",
                 .choices = {"vocabulary", "normal"}},
                init);
}

std::int64_t prompt_length(const ParameterStore& parameters) {
  const ParameterIndex tokens = parameters.find(k_name);
  return tokens < 0 ? 0 : parameters.sizes(tokens)[0];
}

StrategyEntry prompt_strategy() {
  return {"prompt",
          "trained rows in front of every text (prompt tuning, arXiv 2104.08691)",
          [] { return std::make_unique<PromptOptions>(); },
          [](const Options& options) {
            return std::make_unique<PromptStrategy>(dynamic_cast<const PromptOptions&>(options));
          },
          false,
          "PEFT folder"};
}

}  // namespace coldframe
