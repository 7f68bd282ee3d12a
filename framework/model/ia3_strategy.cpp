#include "framework/model/ia3_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/adapter_tensors.h"
#include "framework/model/linear_targets.h"

namespace coldframe {
namespace {

enum class Scaled { output, input };

struct Ia3Site {
  std::string module;
  ParameterIndex weight = -1;  // W [out, in]
  ParameterIndex bias = -1;    // [out]
  ParameterIndex scale = -1;   // l [out] or [in]
  Scaled scaled = Scaled::output;
};

class Ia3Delta final : public SiteDelta {
 public:
  explicit Ia3Delta(Ia3Site site) : site_(std::move(site)) {}

  at::Tensor input(const ForwardContext& context, const at::Tensor& x) const override {
    return site_.scaled == Scaled::input ? scale(context, x) : x;
  }
  at::Tensor linear(const ForwardContext& context, const at::Tensor& /*x*/, const at::Tensor& y) const override {
    return site_.scaled == Scaled::output ? scale(context, y) : y;
  }
  std::vector<ParameterIndex> parameters() const override { return {site_.scale}; }
  /// Scaled inputs are what every delta of the map sees, whichever was attached first: not what merging them in order
  /// would leave.
  bool alone() const override { return site_.scaled == Scaled::input; }

 private:
  at::Tensor scale(const ForwardContext& context, const at::Tensor& values) const {
    return (values * context.parameters[site_.scale]).to(values.scalar_type());
  }

  Ia3Site site_;
};

class Ia3Strategy final : public Strategy {
 public:
  explicit Ia3Strategy(Ia3Options options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "ia3"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    add_sites(Scaled::output, options_.targets, encoder, parameters);
    add_sites(Scaled::input, options_.input_targets, encoder, parameters);
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& parameters) const override {
    for (const Ia3Site& site : sites_) {
      at::Tensor& scale = parameters.value(site.scale);
      at::Tensor& weight = parameters.value(site.weight);
      if (site.scaled == Scaled::output) {
        weight.mul_(scale.unsqueeze(1));
        parameters.value(site.bias).mul_(scale);
      } else {
        weight.mul_(scale);
      }
      scale.fill_(1);
    }
    return true;
  }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    nlohmann::json modules = nlohmann::json::array(), inputs = nlohmann::json::array();
    for (const Ia3Site& site : sites_) {
      modules.push_back(site.module);
      if (site.scaled == Scaled::input) inputs.push_back(site.module);
    }
    write_peft_folder(folder, {encoder_folder.string(), base_sha256_, encoder.family()},
                      {{"peft_type", "IA3"},
                       {"target_modules", modules},
                       {"feedforward_modules", inputs},
                       {"fan_in_fan_out", false},
                       {"init_ia3_weights", true}},
                      stored_values(tensors(parameters), parameters));
  }

  /// Shapes [out, 1] and [1, in] tell which side a folder scales.
  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    PeftFolder adapter(folder, "IA3");
    adapter.expect_base(base_sha256_);
    read_values(adapter, tensors(parameters), parameters);
  }

 private:
  void add_sites(Scaled scaled, const std::vector<std::string>& patterns, Encoder& encoder,
                 ParameterStore& parameters) {
    if (patterns.empty()) return;
    for (const LinearTarget& target : linear_targets(encoder, parameters, patterns, options_.layers, kind())) {
      const bool twice =
          std::ranges::any_of(sites_, [&](const Ia3Site& site) { return site.weight == target.site.weight; });
      if (twice) {
        throw ConfigError(fmt::format("strategy.ia3.targets and input_targets both name {}", target.site.name),
                          "a map is scaled on one side", "leave it out of one of them");
      }
      Ia3Site site{target.module, target.site.weight, target.site.bias};
      site.scaled = scaled;
      const std::int64_t size = scaled == Scaled::output ? target.site.out : target.site.in;
      site.scale = parameters.add({.name = "ia3." + target.module + ".scale", .trainable = true, .decay = false},
                                  at::ones({size}, at::TensorOptions().dtype(at::kFloat)));
      encoder.attach_linear(target.index, std::make_shared<Ia3Delta>(site));
      sites_.push_back(std::move(site));
    }
  }

  std::vector<AdapterTensor> tensors(const ParameterStore& parameters) const {
    std::vector<AdapterTensor> result;
    for (const Ia3Site& site : sites_) {
      const std::int64_t size = parameters.value(site.scale).numel();
      std::vector<std::int64_t> shape = {size, 1};
      if (site.scaled == Scaled::input) std::swap(shape[0], shape[1]);
      result.push_back({site.module + ".ia3_l", site.scale, std::move(shape)});
    }
    return result;
  }

  Ia3Options options_;
  std::vector<Ia3Site> sites_;
  std::string base_sha256_;
};

}  // namespace

void Ia3Options::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "targets", .doc = "linear maps whose outputs are scaled: site names with * for any characters"},
      targets);
  visitor.visit({.name = "input_targets", .doc = "linear maps whose inputs are scaled"}, input_targets);
  visitor.visit({.name = "layers", .doc = "layers, from 0, whose maps are scaled; empty: all", .minimum = 0}, layers);
}

std::vector<Problem> Ia3Options::validate() const {
  if (targets.empty() && input_targets.empty()) return {{"targets", "(nothing would be trained) try attention.key"}};
  return {};
}

StrategyEntry ia3_strategy() {
  return {
      "ia3",
      "trained factors of keys, values and inner activations ((IA)^3, arXiv 2205.05638)",
      [] { return std::make_unique<Ia3Options>(); },
      [](const Options& options) { return std::make_unique<Ia3Strategy>(dynamic_cast<const Ia3Options&>(options)); },
      true,
      "PEFT folder"};
}

}  // namespace coldframe
