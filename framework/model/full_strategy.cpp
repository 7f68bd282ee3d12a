#include "framework/model/full_strategy.h"

#include <fmt/format.h>

#include <utility>

#include "framework/core/error.h"
#include "framework/model/encoder_loader.h"
#include "framework/model/sentence_transformers_folder.h"
#include "framework/model/shape.h"
#include "framework/model/site_patterns.h"

namespace coldframe {
namespace {

class FullStrategy final : public Strategy {
 public:
  explicit FullStrategy(FullOptions options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "full"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& /*attachment*/) override {
    std::vector<std::string> names;
    for (const ParameterIndex index : encoder.parameters()) {
      names.push_back(parameters.info(index).name);
      parameters.info(index).exact = true;  // all of them are exported
    }
    for (const std::size_t chosen : select_sites(options_.parameters, names, "strategy.full.parameters")) {
      parameters.info(encoder.parameters()[chosen]).trainable = true;
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return true; }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    write_sentence_transformers_folder(folder, encoder, parameters, encoder_folder);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& encoder,
                   ParameterStore& parameters) const override {
    EncoderOptions options;
    options.folder = folder.string();
    ParameterStore stored;
    const std::unique_ptr<Encoder> exported = load_encoder(options, stored);
    if (exported->parameters().size() != encoder.parameters().size()) {
      throw DataError(fmt::format("the encoder in {} has {} weights", folder.string(), exported->parameters().size()),
                      fmt::format("the encoder at hand has {}", encoder.parameters().size()));
    }
    for (const ParameterIndex index : encoder.parameters()) {
      const std::string& name = parameters.info(index).name;
      expect_shape(stored.value(stored.require(name)), parameters.value(index).sizes(),
                   fmt::format("{} in {}", name, folder.string()));
    }
    for (const ParameterIndex index : encoder.parameters()) {
      parameters.value(index).copy_(stored.value(stored.require(parameters.info(index).name)));
    }
  }

 private:
  FullOptions options_;
};

}  // namespace

void FullOptions::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "parameters",
       .doc = "which of the encoder's weights are trained: names with * for any characters; leading parts may "
              "be left out"},
      parameters);
}

StrategyEntry full_strategy() {
  return {
      "full",
      "full fine-tuning: the encoder's own weights are trained",
      [] { return std::make_unique<FullOptions>(); },
      [](const Options& options) { return std::make_unique<FullStrategy>(dynamic_cast<const FullOptions&>(options)); },
      true,
      "sentence-transformers folder"};
}

}  // namespace coldframe
