#include "framework/model/lokr_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/kron.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/model/adapter_tensors.h"
#include "framework/model/initial_values.h"
#include "framework/model/kronecker_split.h"
#include "framework/model/linear_targets.h"
#include "framework/model/lycoris_folder.h"

namespace coldframe {
namespace {

/// C or D: a matrix, or a product of two.
struct LokrFactor {
  ParameterIndex whole = -1;
  ParameterIndex a = -1;
  ParameterIndex b = -1;

  bool is_product() const { return whole < 0; }
  ParameterIndex leading() const { return is_product() ? a : whole; }
  template <class Values>
  at::Tensor matrix(const Values& values) const {
    return is_product() ? at::mm(values(a), values(b)) : values(whole);
  }
};

struct LokrSite {
  std::string module;
  ParameterIndex weight = -1;  // W [out, in]
  LokrFactor c;                // [out1, in1]
  LokrFactor d;                // [out2, in2]
  double scale = 0;
};

class LokrDelta final : public SiteDelta {
 public:
  explicit LokrDelta(LokrSite site) : site_(std::move(site)) {}

  at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const override {
    const auto value = [&](ParameterIndex index) { return context.parameters[index]; };
    // Two small products per token would cost less, but bits of MKL's small products depend on where operands lie.
    const at::Tensor update = at::kron(site_.c.matrix(value), site_.d.matrix(value)) * site_.scale;  // [out, in]
    return y + at::mm(x, update.to(x.scalar_type()).t());
  }

  std::vector<ParameterIndex> parameters() const override {
    std::vector<ParameterIndex> indices;
    for (const LokrFactor& factor : {site_.c, site_.d}) {
      if (factor.is_product()) {
        indices.push_back(factor.a);
        indices.push_back(factor.b);
      } else {
        indices.push_back(factor.whole);
      }
    }
    return indices;
  }

 private:
  LokrSite site_;
};

class LokrStrategy final : public Strategy {
 public:
  explicit LokrStrategy(LokrOptions options) : options_(std::move(options)) {}

  std::string_view kind() const override { return "lokr"; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    for (const LinearTarget& target : linear_targets(encoder, parameters, options_.targets, options_.layers, kind())) {
      const KroneckerSplit in = kronecker_split(target.site.in, options_.factor);
      const KroneckerSplit out = kronecker_split(target.site.out, options_.factor);
      const std::string name = "lokr." + target.module;
      LokrSite site{target.module, target.site.weight, {}, {}, options_.alpha / static_cast<double>(options_.rank)};
      site.c = add_factor(name + ".w1", out.first, in.first, options_.decompose_both, parameters, attachment.seed);
      site.d = add_factor(name + ".w2", out.second, in.second, true, parameters, attachment.seed);
      parameters.value(site.c.leading()).zero_();
      encoder.attach_linear(target.index, std::make_shared<LokrDelta>(site));
      sites_.push_back(std::move(site));
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& parameters) const override {
    const auto value = [&](ParameterIndex index) { return std::as_const(parameters).value(index); };
    for (const LokrSite& site : sites_) {
      parameters.value(site.weight).add_(at::kron(site.c.matrix(value), site.d.matrix(value)) * site.scale);
      parameters.value(site.c.leading()).zero_();
    }
    return true;
  }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    nlohmann::json config = lycoris_config(form());
    config["use_effective_conv2d"] = false;
    config["decompose_both"] = options_.decompose_both;
    config["decompose_factor"] = options_.factor;
    config["rank_dropout_scale"] = false;
    write_peft_folder(folder, {encoder_folder.string(), base_sha256_, encoder.family()}, config,
                      stored_values(tensors(), parameters));
  }

  /// Names and shapes of the tensors tell how a folder splits its matrices.
  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    PeftFolder adapter(folder, "LOKR");
    expect_lycoris(adapter, form());
    adapter.expect_base(base_sha256_);
    read_values(adapter, tensors(), parameters);
  }

 private:
  LokrFactor add_factor(const std::string& name, std::int64_t rows, std::int64_t columns, bool may_be_product,
                        ParameterStore& parameters, std::uint64_t seed) const {
    const auto add = [&](const std::string& part, at::IntArrayRef shape) {
      const double bound = 1 / std::sqrt(static_cast<double>(shape[1]));
      return parameters.add({.name = part, .trainable = true}, uniform_values(shape, bound, seed, part));
    };
    if (may_be_product && 2 * options_.rank < std::max(rows, columns)) {
      return {-1, add(name + "_a", {rows, options_.rank}), add(name + "_b", {options_.rank, columns})};
    }
    return {add(name, {rows, columns})};
  }

  LycorisForm form() const {
    LycorisForm form{"LOKR", "strategy.lokr", options_.rank, options_.alpha, {}};
    for (const LokrSite& site : sites_) form.modules.push_back(site.module);
    return form;
  }

  std::vector<AdapterTensor> tensors() const {
    std::vector<AdapterTensor> result;
    for (const LokrSite& site : sites_) {
      for (const auto& [factor, name] : {std::pair(site.c, ".lokr_w1"), std::pair(site.d, ".lokr_w2")}) {
        if (factor.is_product()) {
          result.push_back({site.module + name + "_a", factor.a});
          result.push_back({site.module + name + "_b", factor.b});
        } else {
          result.push_back({site.module + name, factor.whole});
        }
      }
    }
    return result;
  }

  LokrOptions options_;
  std::vector<LokrSite> sites_;
  std::string base_sha256_;
};

}  // namespace

void LokrOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "rank", .doc = "rank of the factors that are products", .minimum = 1, .maximum = 4096}, rank);
  visitor.visit(
      {.name = "alpha", .doc = "the update is scaled by alpha / rank", .minimum = 0, .minimum_exclusive = true}, alpha);
  visitor.visit({.name = "factor",
                 .doc = "sides are split into factor and the rest where it divides them; -1: as evenly as can be",
                 .minimum = -1},
                factor);
  visitor.visit({.name = "decompose_both", .doc = "whether the first factor may be a product too"}, decompose_both);
  visitor.visit({.name = "targets", .doc = "linear maps that get an update: site names with * for any characters"},
                targets);
  visitor.visit({.name = "layers", .doc = "layers, from 0, whose maps get an update; empty: all", .minimum = 0},
                layers);
}

std::vector<Problem> LokrOptions::validate() const {
  if (factor == 0) return {{"factor", "(must be -1 or above 0) try -1"}};
  return {};
}

StrategyEntry lokr_strategy() {
  return {
      "lokr",
      "Kronecker products of small matrices (LoKr, arXiv 2309.14859)",
      [] { return std::make_unique<LokrOptions>(); },
      [](const Options& options) { return std::make_unique<LokrStrategy>(dynamic_cast<const LokrOptions&>(options)); },
      true,
      "PEFT folder"};
}

}  // namespace coldframe
