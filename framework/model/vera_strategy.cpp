#include "framework/model/vera_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/model/adapter_tensors.h"
#include "framework/model/initial_values.h"
#include "framework/model/keyed_dropout.h"
#include "framework/model/linear_targets.h"

namespace coldframe {
namespace {

/// The frozen pair that all maps read.
struct Projection {
  ParameterIndex a = -1;  // [rank, widest in]
  ParameterIndex b = -1;  // [widest out, rank]
};

struct VeraSite {
  std::string module;
  ParameterIndex weight = -1;  // W [out, in]
  ParameterIndex d = -1;       // u [rank]
  ParameterIndex b = -1;       // v [out]
};

class VeraDelta final : public SiteDelta {
 public:
  VeraDelta(VeraSite site, Projection projection, DropoutSite dropout)
      : site_(std::move(site)), projection_(projection), dropout_(dropout) {}

  at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const override {
    const ParameterView& parameters = context.parameters;
    const at::Tensor input = keyed_dropout(x, context.layout, context.dropout, dropout_);
    const at::Tensor a = used(parameters, projection_.a, x).slice(1, 0, x.size(1));
    const at::Tensor b = used(parameters, projection_.b, x).slice(0, 0, y.size(1));
    const at::Tensor low = (at::mm(input, a.t()) * parameters[site_.d]).to(x.scalar_type());
    return (y + at::mm(low, b.t()) * parameters[site_.b]).to(y.scalar_type());
  }

  std::vector<ParameterIndex> parameters() const override { return {site_.d, site_.b}; }

 private:
  static const at::Tensor& used(const ParameterView& parameters, ParameterIndex index, const at::Tensor& x) {
    return x.scalar_type() == at::kBFloat16 ? parameters.rounded(index) : parameters[index];
  }

  VeraSite site_;
  Projection projection_;
  DropoutSite dropout_;
};

class VeraStrategy final : public Strategy {
 public:
  explicit VeraStrategy(VeraOptions options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "vera"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    const std::vector<LinearTarget> targets =
        linear_targets(encoder, parameters, options_.targets, options_.layers, kind());
    add_projection(targets, parameters, attachment.seed);
    for (const LinearTarget& target : targets) {
      const std::string name = "vera." + target.module;
      VeraSite site{target.module, target.site.weight};
      const auto numbers = at::TensorOptions().dtype(at::kFloat);
      site.d = parameters.add({.name = name + ".d", .trainable = true},
                              at::full({options_.rank}, options_.d_initial, numbers));
      site.b = parameters.add({.name = name + ".b", .trainable = true}, at::zeros({target.site.out}, numbers));
      const DropoutSite dropout("vera." + target.site.name, options_.dropout);
      encoder.attach_linear(target.index, std::make_shared<VeraDelta>(site, projection_, dropout));
      sites_.push_back(std::move(site));
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& parameters) const override {
    for (const VeraSite& site : sites_) {
      at::Tensor& weight = parameters.value(site.weight);
      const at::Tensor a = std::as_const(parameters).value(projection_.a).slice(1, 0, weight.size(1));
      const at::Tensor b = std::as_const(parameters).value(projection_.b).slice(0, 0, weight.size(0));
      at::Tensor& v = parameters.value(site.b);
      weight.add_(at::mm(v.unsqueeze(1) * b, parameters.value(site.d).unsqueeze(1) * a));
      v.zero_();
    }
    return true;
  }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    nlohmann::json modules = nlohmann::json::array();
    for (const VeraSite& site : sites_) modules.push_back(site.module);
    write_peft_folder(folder, {encoder_folder.string(), base_sha256_, encoder.family()},
                      {{"peft_type", "VERA"},
                       {"r", options_.rank},
                       {"target_modules", modules},
                       {"projection_prng_key", 0},
                       {"save_projection", true},
                       {"vera_dropout", options_.dropout},
                       {"d_initial", options_.d_initial},
                       {"bias", "none"},
                       {"fan_in_fan_out", false},
                       {"init_weights", true},
                       {"layers_to_transform", nullptr},
                       {"layers_pattern", nullptr}},
                      stored_values(tensors(), parameters));
  }

  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    PeftFolder adapter(folder, "VERA");
    const JsonObject& config = adapter.config();
    if (config.integer("r", 1, 1 << 20) != options_.rank) {
      config.reject("r", fmt::format("strategy.vera.rank = {}", options_.rank));
    }
    if (config.text("bias", "none") != "none") config.reject("bias", "trained biases are not supported");
    adapter.expect_base(base_sha256_);
    read_values(adapter, tensors(), parameters);
  }

 private:
  /// Kaiming-uniform, as in PEFT, but from our own streams: the folder holds the values.
  void add_projection(const std::vector<LinearTarget>& targets, ParameterStore& parameters, std::uint64_t seed) {
    std::int64_t in = 0, out = 0;
    for (const LinearTarget& target : targets) {
      in = std::max(in, target.site.in);
      out = std::max(out, target.site.out);
    }
    const auto add = [&](const char* name, std::int64_t rows, std::int64_t columns) {
      const double bound = std::sqrt(6 / static_cast<double>(columns));
      return parameters.add({.name = name}, uniform_values({rows, columns}, bound, seed, name));
    };
    projection_ = {add("vera.A", options_.rank, in), add("vera.B", out, options_.rank)};
  }

  std::vector<AdapterTensor> tensors() const {
    std::vector<AdapterTensor> result = {{"vera_A", projection_.a}, {"vera_B", projection_.b}};
    for (const VeraSite& site : sites_) {
      result.push_back({site.module + ".vera_lambda_d", site.d});
      result.push_back({site.module + ".vera_lambda_b", site.b});
    }
    return result;
  }

  VeraOptions options_;
  Projection projection_;
  std::vector<VeraSite> sites_;
  std::string base_sha256_;
};

}  // namespace

void VeraOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "rank", .doc = "rank of the shared random pair", .minimum = 1, .maximum = 65536}, rank);
  visitor.visit({.name = "dropout", .doc = "dropout rate of the input of A", .minimum = 0, .maximum = 0.99}, dropout);
  visitor.visit({.name = "d_initial", .doc = "first value of the vector between A and B"}, d_initial);
  visitor.visit({.name = "targets", .doc = "linear maps that get an update: site names with * for any characters"},
                targets);
  visitor.visit({.name = "layers", .doc = "layers, from 0, whose maps get an update; empty: all", .minimum = 0},
                layers);
}

StrategyEntry vera_strategy() {
  return {
      "vera",
      "two vectors per linear map around a shared random pair (VeRA, arXiv 2310.11454)",
      [] { return std::make_unique<VeraOptions>(); },
      [](const Options& options) { return std::make_unique<VeraStrategy>(dynamic_cast<const VeraOptions&>(options)); },
      true,
      "PEFT folder"};
}

}  // namespace coldframe
