#include "framework/model/loha_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/model/adapter_tensors.h"
#include "framework/model/initial_values.h"
#include "framework/model/linear_targets.h"
#include "framework/model/lycoris_folder.h"

namespace coldframe {
namespace {

constexpr std::array<const char*, 4> k_parts = {"w1_a", "w1_b", "w2_a", "w2_b"};

struct LohaSite {
  std::string module;
  ParameterIndex weight = -1;                              // W [out, in]
  std::array<ParameterIndex, 4> parts = {-1, -1, -1, -1};  // A1 [out, rank], B1 [rank, in], A2, B2
  double scale = 0;
};

/// s (A1 B1) * (A2 B2), [out, in]; `values` a store or a view.
template <class Values>
at::Tensor update(const LohaSite& site, const Values& values) {
  const auto product = [&](std::size_t a) { return at::mm(values(site.parts[a]), values(site.parts[a + 1])); };
  return product(0) * product(2) * site.scale;
}

class LohaDelta final : public SiteDelta {
 public:
  explicit LohaDelta(LohaSite site) : site_(std::move(site)) {}

  at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const override {
    const auto value = [&](ParameterIndex index) { return context.parameters[index]; };
    return y + at::mm(x, update(site_, value).to(x.scalar_type()).t());
  }

  std::vector<ParameterIndex> parameters() const override { return {site_.parts.begin(), site_.parts.end()}; }

 private:
  LohaSite site_;
};

class LohaStrategy final : public Strategy {
 public:
  explicit LohaStrategy(LohaOptions options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "loha"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    for (const LinearTarget& target : linear_targets(encoder, parameters, options_.targets, options_.layers, kind())) {
      const std::array<std::array<std::int64_t, 2>, 2> shapes = {
          {{target.site.out, options_.rank}, {options_.rank, target.site.in}}};
      LohaSite site{target.module, target.site.weight};
      site.scale = options_.alpha / static_cast<double>(options_.rank);
      for (std::size_t part = 0; part < k_parts.size(); ++part) {
        const std::string name = "loha." + target.module + "." + k_parts[part];
        const auto& shape = shapes[part % 2];
        const double bound = part == 3 ? 0 : 1 / std::sqrt(static_cast<double>(shape[1]));
        site.parts[part] =
            parameters.add({.name = name, .trainable = true}, uniform_values(shape, bound, attachment.seed, name));
      }
      encoder.attach_linear(target.index, std::make_shared<LohaDelta>(site));
      sites_.push_back(std::move(site));
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& parameters) const override {
    const auto value = [&](ParameterIndex index) { return std::as_const(parameters).value(index); };
    for (const LohaSite& site : sites_) {
      parameters.value(site.weight).add_(update(site, value));
      parameters.value(site.parts[3]).zero_();
    }
    return true;
  }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    nlohmann::json config = lycoris_config(form());
    config["use_effective_conv2d"] = false;
    write_peft_folder(folder, {encoder_folder.string(), base_sha256_, encoder.family()}, config,
                      stored_values(tensors(), parameters));
  }

  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    PeftFolder adapter(folder, "LOHA");
    expect_lycoris(adapter, form());
    adapter.expect_base(base_sha256_);
    read_values(adapter, tensors(), parameters);
  }

 private:
  LycorisForm form() const {
    LycorisForm form{"LOHA", "strategy.loha", options_.rank, options_.alpha, {}};
    for (const LohaSite& site : sites_) form.modules.push_back(site.module);
    return form;
  }

  std::vector<AdapterTensor> tensors() const {
    std::vector<AdapterTensor> result;
    for (const LohaSite& site : sites_) {
      for (std::size_t part = 0; part < k_parts.size(); ++part) {
        result.push_back({site.module + ".hada_" + k_parts[part], site.parts[part]});
      }
    }
    return result;
  }

  LohaOptions options_;
  std::vector<LohaSite> sites_;
  std::string base_sha256_;
};

}  // namespace

void LohaOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "rank", .doc = "rank of each of the two factors", .minimum = 1, .maximum = 4096}, rank);
  visitor.visit(
      {.name = "alpha", .doc = "the update is scaled by alpha / rank", .minimum = 0, .minimum_exclusive = true}, alpha);
  visitor.visit({.name = "targets", .doc = "linear maps that get an update: site names with * for any characters"},
                targets);
  visitor.visit({.name = "layers", .doc = "layers, from 0, whose maps get an update; empty: all", .minimum = 0},
                layers);
}

StrategyEntry loha_strategy() {
  return {
      "loha",
      "elementwise products of two low-rank updates (LoHa, arXiv 2309.14859)",
      [] { return std::make_unique<LohaOptions>(); },
      [](const Options& options) { return std::make_unique<LohaStrategy>(dynamic_cast<const LohaOptions&>(options)); },
      true,
      "PEFT folder"};
}

}  // namespace coldframe
