#include "framework/model/layer_norm_strategy.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "framework/model/adapter_tensors.h"
#include "framework/model/site_patterns.h"

namespace coldframe {
namespace {

constexpr std::string_view k_gain = ".LayerNorm.weight";

class LayerNormStrategy final : public Strategy {
 public:
  explicit LayerNormStrategy(LayerNormOptions options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "layer_norm"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    std::vector<std::string> names;
    for (const ParameterIndex index : encoder.parameters()) {
      const std::string& name = parameters.info(index).name;
      if (name.ends_with(k_gain)) names.push_back(name.substr(0, name.rfind('.')));
    }
    for (const std::size_t chosen : select_sites(options_.targets, names, "strategy.layer_norm.targets")) {
      const std::string& module = names[chosen];
      modules_.push_back(module);
      for (const char* part : {".weight", ".bias"}) {
        const ParameterIndex index = parameters.require(module + part);
        parameters.info(index).trainable = true;
        tensors_.push_back({module + ".ln_tuning_layers" + part, index});
      }
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return true; }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    write_peft_folder(folder, {encoder_folder.string(), base_sha256_, encoder.family()},
                      {{"peft_type", "LN_TUNING"}, {"target_modules", modules_}, {"exclude_modules", nullptr}},
                      stored_values(tensors_, parameters));
  }

  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    PeftFolder adapter(folder, "LN_TUNING");
    adapter.expect_base(base_sha256_);
    read_values(adapter, tensors_, parameters);
  }

 private:
  LayerNormOptions options_;
  std::vector<std::string> modules_;
  std::vector<AdapterTensor> tensors_;
  std::string base_sha256_;
};

}  // namespace

void LayerNormOptions::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "targets",
       .doc = "which LayerNorms are trained: modules of the checkpoint, such as attention.output.LayerNorm, with "
              "* for any characters; leading parts may be left out"},
      targets);
}

StrategyEntry layer_norm_strategy() {
  return {"layer_norm",
          "gain and bias of the LayerNorms (arXiv 2211.08823, 2312.11420)",
          [] { return std::make_unique<LayerNormOptions>(); },
          [](const Options& options) {
            return std::make_unique<LayerNormStrategy>(dynamic_cast<const LayerNormOptions&>(options));
          },
          true,
          "PEFT folder"};
}

}  // namespace coldframe
