#include "framework/model/lora_strategy.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/encoder_digest.h"
#include "framework/model/initial_values.h"
#include "framework/model/keyed_dropout.h"
#include "framework/model/linear_map.h"
#include "framework/model/peft_folder.h"
#include "framework/model/shape.h"
#include "framework/model/site_patterns.h"

namespace coldframe {
namespace {

/// The matrices of one linear map.
struct LoraSite {
  std::string module;          // path in the checkpoint: "encoder.layer.0.attention.self.query"
  ParameterIndex weight = -1;  // W [out, in]
  ParameterIndex a = -1;       // [rank, in]
  ParameterIndex b = -1;       // [out, rank]
};

class LoraDelta final : public SiteDelta {
 public:
  LoraDelta(LoraSite site, double scale, DropoutSite dropout)
      : site_(std::move(site)), scale_(scale), dropout_(dropout) {}

  at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const override {
    const at::Tensor input = keyed_dropout(x, context.layout, context.dropout, dropout_);
    const at::Tensor low = linear_map(context.parameters, input, site_.a);
    return add_linear_map(context.parameters, y, low, site_.b, scale_);
  }

  std::vector<ParameterIndex> parameters() const override { return {site_.a, site_.b}; }

 private:
  LoraSite site_;
  double scale_;
  DropoutSite dropout_;
};

std::string module_path(const LinearSite& site, const ParameterStore& parameters) {
  const std::string& name = parameters.info(site.weight).name;
  return name.substr(0, name.rfind('.'));
}

class LoraStrategy final : public Strategy {
 public:
  explicit LoraStrategy(LoraOptions options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "lora"; }

  void attach(Encoder& encoder, ParameterStore& parameters, std::uint64_t seed) override {
    std::vector<std::string> names;
    for (const LinearSite& site : encoder.linear_sites()) names.push_back(site.name);
    for (const std::size_t index : select_sites(options_.targets, names, "strategy.lora.targets")) {
      const LinearSite& target = encoder.linear_sites()[index];
      LoraSite site{module_path(target, parameters), target.weight};
      const std::string name = "lora." + site.module;
      const double bound = 1 / std::sqrt(static_cast<double>(target.in));  // Kaiming-uniform with a = sqrt(5)
      site.a = parameters.add({.name = name + ".A", .trainable = true},
                              uniform_values({options_.rank, target.in}, bound, seed, name + ".A"));
      site.b = parameters.add({.name = name + ".B", .trainable = true},
                              at::zeros({target.out, options_.rank}, at::TensorOptions().dtype(at::kFloat)));
      const DropoutSite dropout("lora." + target.name, options_.dropout);
      encoder.attach_linear(index, std::make_shared<LoraDelta>(site, scale(), dropout));
      sites_.push_back(std::move(site));
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& parameters) const override {
    for (const LoraSite& site : sites_) {
      at::Tensor& weight = parameters.value(site.weight);
      weight.copy_(at::addmm(weight, parameters.value(site.b), parameters.value(site.a), 1, scale()));
      parameters.value(site.b).zero_();
    }
    return true;
  }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    LoraFolder adapter{options_.rank,
                       options_.alpha,
                       options_.dropout,
                       encoder_folder.string(),
                       encoder_digest(encoder, parameters),
                       {}};
    for (const LoraSite& site : sites_) {
      adapter.pairs.push_back({site.module, parameters.value(site.a), parameters.value(site.b)});
    }
    write_peft_folder(folder, adapter);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& encoder,
                   ParameterStore& parameters) const override {
    const LoraFolder adapter = read_peft_folder(folder);
    expect_same_form(adapter, folder);
    if (!adapter.base_sha256.empty() && adapter.base_sha256 != encoder_digest(encoder, parameters)) {
      throw DataError(fmt::format("the adapter in {} was trained on another encoder", folder.string()),
                      "the encoder at hand has other weights", fmt::format("use {}", adapter.base_model));
    }
    std::map<std::string, const LoraPair*> pairs;
    for (const LoraPair& pair : adapter.pairs) pairs[pair.module] = &pair;
    for (const LoraSite& site : sites_) {
      const auto found = pairs.find(site.module);
      if (found == pairs.end()) {
        throw DataError(fmt::format("the adapter in {} has nothing for {}", folder.string(), site.module),
                        "strategy.lora.targets names it");
      }
      expect_shape(found->second->a, parameters.value(site.a).sizes(), fmt::format("lora_A of {}", site.module));
      expect_shape(found->second->b, parameters.value(site.b).sizes(), fmt::format("lora_B of {}", site.module));
      pairs.erase(found);
    }
    if (!pairs.empty()) {
      throw DataError(fmt::format("the adapter in {} also changes {}", folder.string(), pairs.begin()->first),
                      "strategy.lora.targets does not name it");
    }
    for (const LoraPair& pair : adapter.pairs) {
      parameters.value(parameters.require("lora." + pair.module + ".A")).copy_(pair.a);
      parameters.value(parameters.require("lora." + pair.module + ".B")).copy_(pair.b);
    }
  }

 private:
  double scale() const { return options_.alpha / static_cast<double>(options_.rank); }

  void expect_same_form(const LoraFolder& adapter, const std::filesystem::path& folder) const {
    if (adapter.rank == options_.rank && adapter.alpha == options_.alpha) return;
    throw DataError(
        fmt::format("the adapter in {} has rank {} and alpha {}", folder.string(), adapter.rank, adapter.alpha),
        fmt::format("strategy.lora has rank {} and alpha {}", options_.rank, options_.alpha));
  }

  LoraOptions options_;
  std::vector<LoraSite> sites_;
};

}  // namespace

void LoraOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "rank", .doc = "rank of the update B A", .minimum = 1, .maximum = 4096}, rank);
  visitor.visit(
      {.name = "alpha", .doc = "the update is scaled by alpha / rank", .minimum = 0, .minimum_exclusive = true}, alpha);
  visitor.visit({.name = "dropout", .doc = "dropout rate of the input of A", .minimum = 0, .maximum = 0.99}, dropout);
  visitor.visit(
      {.name = "targets",
       .doc = "linear maps that get an update: site names with * for any characters; leading parts may be left "
              "out"},
      targets);
}

StrategyEntry lora_strategy() {
  return {
      "lora", "low-rank updates of linear maps (LoRA, arXiv 2106.09685)",
      [] { return std::make_unique<LoraOptions>(); },
      [](const Options& options) { return std::make_unique<LoraStrategy>(dynamic_cast<const LoraOptions&>(options)); }};
}

}  // namespace coldframe
