#include "framework/model/bottleneck_strategy.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/model/adapterhub_folder.h"
#include "framework/model/initial_values.h"
#include "framework/model/shape.h"

namespace coldframe {
namespace {

const at::TensorOptions k_float = at::TensorOptions().dtype(at::kFloat);

class BottleneckStrategy final : public Strategy {
 public:
  explicit BottleneckStrategy(BottleneckPlan plan) : plan_(std::move(plan)) {}

  std::string_view kind() const override { return plan_.kind; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    check(encoder);
    Builder builder{plan_, width_of(encoder), parameters, attachment.seed, parts_};
    for (std::size_t site = 0; site < encoder.block_sites().size(); ++site) {
      const BlockSite& block = encoder.block_sites()[site];
      const bool chosen = plan_.places == BottleneckPlaces::both_blocks || block.name.ends_with(".feed_forward");
      if (!chosen || block.layer < plan_.skip_layers) continue;
      encoder.attach_block(site, std::make_shared<BottleneckDelta>(builder.add(block)));
    }
    base_sha256_ = attachment.base_sha256;
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& /*parameters*/) const override { return false; }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    BottleneckFolder adapter{form(encoder),           encoder.width(), std::string(encoder.family()),
                             encoder_folder.string(), base_sha256_,    {}};
    for (const Part& part : parts_) adapter.tensors.emplace(part.key, parameters.value(part.index));
    write_adapterhub_folder(folder, adapter);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& encoder,
                   ParameterStore& parameters) const override {
    BottleneckFolder adapter = read_adapterhub_folder(folder);
    if (!adapter.base_sha256.empty() && adapter.base_sha256 != base_sha256_) {
      throw DataError(fmt::format("the adapter in {} was trained on another encoder", folder.string()),
                      "the encoder at hand has other weights", fmt::format("use {}", adapter.base_model));
    }
    expect_form(adapter, {form(encoder), encoder.width(), std::string(encoder.family()), {}, {}, {}}, folder,
                "strategy." + plan_.kind);
    for (const Part& part : parts_) {
      const auto found = adapter.tensors.find(part.key);
      if (found == adapter.tensors.end()) {
        throw DataError(fmt::format("the adapter in {} lacks the tensor {}", folder.string(), part.key));
      }
      expect_shape(found->second, parameters.value(part.index).sizes(),
                   fmt::format("{} in {}", part.key, folder.string()));
    }
    if (adapter.tensors.size() > parts_.size()) {
      for (const Part& part : parts_) adapter.tensors.erase(part.key);
      throw DataError(
          fmt::format("the adapter in {} holds the tensor {}", folder.string(), adapter.tensors.begin()->first),
          fmt::format("strategy.{} has no place for it", plan_.kind));
    }
    for (const Part& part : parts_) parameters.value(part.index).copy_(adapter.tensors.at(part.key));
  }

 private:
  /// A trained parameter and its name in the folder.
  struct Part {
    std::string key;
    ParameterIndex index;
  };

  /// Adds parameters for one block after the other.
  struct Builder {
    const BottleneckPlan& plan;
    std::int64_t width;
    ParameterStore& parameters;
    std::uint64_t seed;
    std::vector<Part>& parts;
    ParameterIndex rule = -1;

    ParameterIndex add_part(const std::string& key, ParameterInfo info, const at::Tensor& value) {
      const ParameterIndex index = parameters.add(std::move(info), value);
      parts.push_back({key, index});
      return index;
    }

    at::Tensor start(const std::string& name, std::int64_t out, std::int64_t in, bool up) const {
      switch (plan.start) {
        case BottleneckStart::normal:
          return normal_values({out, in}, 0.02, seed, name);
        case BottleneckStart::truncated_normal:
          return truncated_normal_values({out, in}, 0.01, seed, name);
        case BottleneckStart::neutral:
          break;
      }
      return up ? at::zeros({out, in}, k_float)
                : uniform_values({out, in}, 1 / std::sqrt(static_cast<double>(in)), seed, name);
    }

    ParameterIndex factor(const std::string& name, const std::string& key, std::int64_t rows, std::int64_t columns) {
      const double bound = std::sqrt(6.0 / static_cast<double>(rows + columns));
      return add_part(key, {.name = name, .trainable = true},
                      uniform_values({plan.kronecker->products, rows, columns}, bound, seed, name));
    }

    BottleneckMap map(const BlockSite& block, bool up) {
      const std::int64_t in = up ? width : block.width, out = up ? block.width : width;
      const std::string side = up ? ".up" : ".down", name = plan.kind + "." + block.module + side;
      const std::string key = adapterhub_key(block.module, up ? "adapter_up." : "adapter_down.0.");
      BottleneckMap made;
      if (plan.kronecker) {
        const std::int64_t n = plan.kronecker->products;
        made.kronecker = {rule, factor(name + ".left", key + "W_left", in / n, plan.kronecker->rank),
                          factor(name + ".right", key + "W_right", plan.kronecker->rank, out / n)};
      } else {
        made.weight = add_part(key + "weight", {.name = name + ".weight", .trainable = true},
                               start(name + ".weight", out, in, up));
      }
      made.bias = add_part(key + (plan.kronecker ? "b" : "bias"),
                           {.name = name + ".bias", .trainable = true, .decay = false}, at::zeros({out}, k_float));
      return made;
    }

    Bottleneck add(const BlockSite& block) {
      if (plan.kronecker && rule < 0) {
        const std::int64_t n = plan.kronecker->products;
        const std::string name = plan.kind + ".rule";
        rule = add_part(adapterhub_shared_key("phm_rule"), {.name = name, .trainable = true},
                        normal_values({n, n, n}, 1e-4, seed, name));
      }
      Bottleneck made{
          plan.input, bottleneck_activation(plan.activation), map(block, false), map(block, true), plan.scale, -1, {}};
      if (plan.scale_trained) {
        made.trained_scale =
            add_part(adapterhub_key(block.module, "scaling"),
                     {.name = plan.kind + "." + block.module + ".scale", .trainable = true, .decay = false},
                     at::full({1}, plan.scale, k_float));
      }
      if (plan.norms_trained) {
        for (const char* part : {".LayerNorm.weight", ".LayerNorm.bias"}) {
          const ParameterIndex index = parameters.require(block.module + part);
          parameters.info(index).trainable = true;
          parts.push_back({block.module + part, index});
          made.norm.push_back(index);
        }
      }
      return made;
    }
  };

  std::int64_t width_of(const Encoder& encoder) const {
    return plan_.width > 0 ? plan_.width : encoder.width() / plan_.reduction;
  }

  void check(const Encoder& encoder) const {
    const std::string section = "strategy." + plan_.kind;
    if (width_of(encoder) < 1) {
      throw ConfigError(fmt::format("{}.reduction = {}", section, plan_.reduction),
                        fmt::format("must be at most the encoder's width {}", encoder.width()), "try 16");
    }
    if (plan_.skip_layers >= encoder.layers()) {
      throw ConfigError(fmt::format("{}.skip_layers = {}", section, plan_.skip_layers),
                        fmt::format("the encoder has {} layers: nothing would be trained", encoder.layers()),
                        "choose the strategy frozen instead");
    }
    if (!plan_.kronecker) return;
    for (const std::int64_t width : {encoder.width(), width_of(encoder)}) {
      if (width % plan_.kronecker->products == 0) continue;
      throw ConfigError(fmt::format("{}.products = {}", section, plan_.kronecker->products),
                        fmt::format("must divide the widths {} and {}", encoder.width(), width_of(encoder)),
                        fmt::format("set {}.width", section));
    }
  }

  BottleneckForm form(const Encoder& encoder) const {
    BottleneckForm form{.after_attention = plan_.places == BottleneckPlaces::both_blocks,
                        .input = plan_.input,
                        .activation = plan_.activation,
                        .scale = plan_.scale,
                        .scale_trained = plan_.scale_trained,
                        .width = width_of(encoder),
                        .skip_layers = plan_.skip_layers};
    if (plan_.kronecker) form.products = plan_.kronecker->products, form.factor_rank = plan_.kronecker->rank;
    return form;
  }

  BottleneckPlan plan_;
  std::string base_sha256_;
  std::vector<Part> parts_;
};

}  // namespace

void BottleneckOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "reduction", .doc = "width of the encoder / width of the bottleneck", .minimum = 1},
                reduction);
  visitor.visit({.name = "width", .doc = "width of the bottleneck, 0 = by reduction", .minimum = 0}, width);
  visitor.visit({.name = "activation", .doc = "between the two maps", .choices = bottleneck_activations()}, activation);
  visitor.visit({.name = "skip_layers",
                 .doc = "lowest layers without adapters (AdapterDrop, arXiv 2010.11918)",
                 .unit = "layers",
                 .minimum = 0},
                skip_layers);
}

BottleneckPlan plan_of(std::string kind, const BottleneckOptions& options) {
  return {.kind = std::move(kind),
          .reduction = options.reduction,
          .width = options.width,
          .activation = options.activation,
          .skip_layers = options.skip_layers};
}

std::unique_ptr<Strategy> make_bottleneck_strategy(BottleneckPlan plan) {
  return std::make_unique<BottleneckStrategy>(std::move(plan));
}

}  // namespace coldframe
