#include "framework/model/pfeiffer_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/model/adapterhub_folder.h"
#include "framework/model/encoder_digest.h"
#include "framework/model/initial_values.h"
#include "framework/model/linear_map.h"
#include "framework/model/shape.h"

namespace coldframe {
namespace {

struct Bottleneck {
  std::string module;  // "encoder.layer.0.output"
  ParameterIndex down_weight = -1;
  ParameterIndex down_bias = -1;
  ParameterIndex up_weight = -1;
  ParameterIndex up_bias = -1;
};

class PfeifferDelta final : public SiteDelta {
 public:
  explicit PfeifferDelta(Bottleneck bottleneck) : bottleneck_(std::move(bottleneck)) {}

  at::Tensor block(const ForwardContext& context, const at::Tensor& f, const at::Tensor& h,
                   const std::function<at::Tensor(const at::Tensor&)>& norm) const override {
    const ParameterView& parameters = context.parameters;
    const at::Tensor sum = h + f;
    const at::Tensor low = at::relu(linear_map(parameters, norm(sum), bottleneck_.down_weight, bottleneck_.down_bias));
    return norm(sum + linear_map(parameters, low, bottleneck_.up_weight, bottleneck_.up_bias));
  }

  std::vector<ParameterIndex> parameters() const override {
    return {bottleneck_.down_weight, bottleneck_.down_bias, bottleneck_.up_weight, bottleneck_.up_bias};
  }

 private:
  Bottleneck bottleneck_;
};

BottleneckTensors tensors_of(const Bottleneck& bottleneck, const ParameterStore& parameters) {
  return {bottleneck.module, parameters.value(bottleneck.down_weight), parameters.value(bottleneck.down_bias),
          parameters.value(bottleneck.up_weight), parameters.value(bottleneck.up_bias)};
}

class PfeifferStrategy final : public Strategy {
 public:
  explicit PfeifferStrategy(PfeifferOptions options) : options_(options) {}

  std::string_view kind() const override { return "pfeiffer"; }

  void attach(Encoder& encoder, ParameterStore& parameters, std::uint64_t seed) override {
    const std::int64_t bottleneck_width = encoder.width() / options_.reduction;
    if (bottleneck_width < 1) {
      throw ConfigError(fmt::format("strategy.pfeiffer.reduction = {}", options_.reduction),
                        fmt::format("must be at most the encoder's width {}", encoder.width()), "try 16");
    }
    for (std::size_t site = 0; site < encoder.block_sites().size(); ++site) {
      const BlockSite& block = encoder.block_sites()[site];
      if (!block.name.ends_with(".feed_forward")) continue;
      const Bottleneck bottleneck = add(block, bottleneck_width, parameters, seed);
      encoder.attach_block(site, std::make_shared<PfeifferDelta>(bottleneck));
      bottlenecks_.push_back(bottleneck);
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return false; }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    BottleneckFolder adapter{
        options_.reduction, encoder.width(), encoder_folder.string(), encoder_digest(encoder, parameters), {}};
    for (const Bottleneck& bottleneck : bottlenecks_) adapter.adapters.push_back(tensors_of(bottleneck, parameters));
    write_adapterhub_folder(folder, adapter);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& encoder,
                   ParameterStore& parameters) const override {
    const BottleneckFolder adapter = read_adapterhub_folder(folder);
    if (!adapter.base_sha256.empty() && adapter.base_sha256 != encoder_digest(encoder, parameters)) {
      throw DataError(fmt::format("the adapter in {} was trained on another encoder", folder.string()),
                      "the encoder at hand has other weights", fmt::format("use {}", adapter.base_model));
    }
    if (adapter.adapters.size() != bottlenecks_.size()) {
      throw DataError(fmt::format("the adapter in {} has {} bottlenecks", folder.string(), adapter.adapters.size()),
                      fmt::format("the encoder takes {}", bottlenecks_.size()));
    }
    for (const Copy& copy : copies(adapter, parameters)) {
      expect_shape(copy.from, copy.to.sizes(), fmt::format("{} in {}", copy.name, folder.string()));
    }
    for (const Copy& copy : copies(adapter, parameters)) copy.to.copy_(copy.from);
  }

 private:
  struct Copy {
    std::string name;
    at::Tensor from;
    at::Tensor to;
  };

  static Bottleneck add(const BlockSite& block, std::int64_t bottleneck_width, ParameterStore& parameters,
                        std::uint64_t seed) {
    constexpr double deviation = 0.02;
    const std::string name = "pfeiffer." + block.module;
    const auto matrix = [&](const std::string& part, at::IntArrayRef shape) {
      return parameters.add({.name = name + part, .trainable = true},
                            normal_values(shape, deviation, seed, name + part));
    };
    const auto bias = [&](const std::string& part, std::int64_t size) {
      return parameters.add({.name = name + part, .trainable = true, .decay = false},
                            at::zeros({size}, at::TensorOptions().dtype(at::kFloat)));
    };
    Bottleneck bottleneck{block.module};
    bottleneck.down_weight = matrix(".down.weight", {bottleneck_width, block.width});
    bottleneck.down_bias = bias(".down.bias", bottleneck_width);
    bottleneck.up_weight = matrix(".up.weight", {block.width, bottleneck_width});
    bottleneck.up_bias = bias(".up.bias", block.width);
    return bottleneck;
  }

  static std::vector<Copy> copies(const BottleneckFolder& adapter, const ParameterStore& parameters) {
    std::vector<Copy> result;
    for (const BottleneckTensors& from : adapter.adapters) {
      const std::string name = "pfeiffer." + from.module;
      const auto add_copy = [&](const std::string& part, const at::Tensor& tensor) {
        result.push_back({name + part, tensor, parameters.value(parameters.require(name + part))});
      };
      add_copy(".down.weight", from.down_weight);
      add_copy(".down.bias", from.down_bias);
      add_copy(".up.weight", from.up_weight);
      add_copy(".up.bias", from.up_bias);
    }
    return result;
  }

  PfeifferOptions options_;
  std::vector<Bottleneck> bottlenecks_;
};

}  // namespace

void PfeifferOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "reduction", .doc = "width of the encoder / width of the bottleneck", .minimum = 1},
                reduction);
}

StrategyEntry pfeiffer_strategy() {
  return {"pfeiffer", "one bottleneck adapter per layer (arXiv 2005.00247)",
          [] { return std::make_unique<PfeifferOptions>(); },
          [](const Options& options) {
            return std::make_unique<PfeifferStrategy>(dynamic_cast<const PfeifferOptions&>(options));
          }};
}

}  // namespace coldframe
