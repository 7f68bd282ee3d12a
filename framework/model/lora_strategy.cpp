#include "framework/model/lora_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/dora_delta.h"
#include "framework/model/initial_values.h"
#include "framework/model/linear_targets.h"
#include "framework/model/lora_delta.h"
#include "framework/model/lora_folder.h"
#include "framework/model/principal_factors.h"
#include "framework/model/site_numbers.h"

namespace coldframe {
namespace {

class LoraStrategy final : public Strategy {
 public:
  LoraStrategy(std::string_view kind, LoraOptions options) : kind_(kind), options_(std::move(options)) {
    form_.key = fmt::format("strategy.{}", kind);
    form_.rank = options_.rank;
    form_.alpha = options_.alpha;
    form_.dropout = options_.dropout;
    form_.rank_stabilized = options_.scaling == "rank_stabilized";
    form_.dora = kind == "dora";
    form_.bias = options_.bias;
  }

  std::string_view kind() const override { return kind_; }

  void attach(Encoder& encoder, ParameterStore& parameters, const Attachment& attachment) override {
    base_sha256_ = attachment.base_sha256;
    const std::vector<LinearTarget> targets =
        linear_targets(encoder, parameters, options_.targets, options_.layers, kind_);
    std::vector<std::string> names;
    for (const LinearTarget& target : targets) names.push_back(target.site.name);
    const std::vector<double> ranks =
        numbers_of_sites(options_.rank_pattern, names, static_cast<double>(options_.rank), form_.key + ".rank_pattern");
    const std::vector<double> alphas =
        numbers_of_sites(options_.alpha_pattern, names, options_.alpha, form_.key + ".alpha_pattern");
    for (std::size_t i = 0; i < targets.size(); ++i) {
      LoraSite site = add_site(targets[i], ranks[i], alphas[i], parameters, attachment.seed);
      const DropoutSite dropout(fmt::format("{}.{}", kind_, targets[i].site.name), options_.dropout);
      if (form_.dora) parameters.info(site.weight).exact = true;  // its row norms are read
      encoder.attach_linear(targets[i].index,
                            form_.dora ? make_dora_delta(site, dropout) : make_lora_delta(site, dropout));
      form_.sites.push_back(std::move(site));
    }
    train_biases(encoder, parameters);
    if (!options_.start_from.empty()) import_from(options_.start_from, encoder, parameters);
  }

  /// The rest W - s B A and the row norms belong to A and B as they were taken: a W that moves besides is another one.
  void check_company(const ParameterStore& parameters, const std::vector<std::string_view>& kinds) const override {
    if (!form_.dora && !takes_factors()) return;
    if (takes_factors() && std::ranges::find(kinds, "full") != kinds.end()) {
      throw ConfigError(fmt::format("{}.init = {} beside the strategy full", form_.key, options_.init),
                        "full saves the encoder, of which A and B hold a part",
                        "use the strategy partial in its place");
    }
    for (const LoraSite& site : form_.sites) {
      if (!parameters.info(site.weight).trainable) continue;
      throw ConfigError(
          fmt::format("another strategy trains {}.weight", site.module),
          fmt::format("{} must have it to itself", form_.dora ? kind_ : fmt::format("init = {}", options_.init)),
          fmt::format("leave the map out of {}.targets, or the weight out of the other", form_.key));
    }
  }

  bool merge(const Encoder& /*encoder*/, ParameterStore& parameters) const override {
    for (const LoraSite& site : form_.sites) {
      at::Tensor& weight = parameters.value(site.weight);
      const at::Tensor& a = parameters.value(site.a);
      at::Tensor& b = parameters.value(site.b);
      const at::Tensor sum = at::addmm(weight, b, a, 1, site.scale);
      if (form_.dora) {
        at::Tensor& magnitude = parameters.value(site.magnitude);
        weight.copy_(sum * (magnitude / updated_row_norms(weight, a, b, site.scale)).unsqueeze(1));
        magnitude.copy_(updated_row_norms(weight, a, b.zero_(), site.scale));
      } else {
        weight.copy_(sum);
        b.zero_();
      }
    }
    return true;
  }

  void export_to(const std::filesystem::path& folder, const Encoder& encoder, const ParameterStore& parameters,
                 const std::filesystem::path& encoder_folder) const override {
    write_lora_folder(folder, {encoder_folder.string(), base_sha256_, encoder.family()}, form_,
                      parameters);
  }

  void import_from(const std::filesystem::path& folder, const Encoder& /*encoder*/,
                   ParameterStore& parameters) const override {
    read_lora_folder(folder, base_sha256_, form_, parameters);
  }

 private:
  bool takes_factors() const { return options_.init == "pissa" || options_.init == "olora"; }

  LoraSite add_site(const LinearTarget& target, double rank, double alpha, ParameterStore& parameters,
                    std::uint64_t seed) const {
    const LinearSite& map = target.site;
    expect_rank(target, rank);
    if (alpha <= 0) {
      throw ConfigError(fmt::format("{}.alpha_pattern gives {} to {}", form_.key, alpha, map.name), "must be above 0");
    }
    LoraSite site{target.module, map.weight, map.bias};
    site.rank = static_cast<std::int64_t>(rank);
    site.alpha = alpha;
    site.scale = lora_scale(form_.rank_stabilized, alpha, rank);
    const std::string name = fmt::format("{}.{}", kind_, site.module);
    Factors factors = first_values(map, site, parameters, seed, name);
    if (takes_factors()) {
      at::Tensor& weight = parameters.value(map.weight);
      weight.copy_(without_factors(weight, factors, site.scale));
      site.taken_a = factors.a.clone();
      site.taken_b = factors.b.clone();
    }
    site.a = parameters.add({.name = name + ".A", .trainable = true}, std::move(factors.a));
    site.b = parameters.add(
        {.name = name + ".B", .trainable = true, .learning_rate_factor = options_.b_learning_rate_factor},
        std::move(factors.b));
    if (form_.dora) {
      site.magnitude = parameters.add({.name = name + ".magnitude", .trainable = true, .decay = false},
                                      updated_row_norms(parameters.value(site.weight), parameters.value(site.a),
                                                        parameters.value(site.b), site.scale));
    }
    return site;
  }

  void expect_rank(const LinearTarget& target, double rank) const {
    const LinearSite& map = target.site;
    const double largest = takes_factors() ? static_cast<double>(std::min(map.in, map.out)) : 4096;
    if (rank >= 1 && rank <= largest && rank == std::floor(rank)) return;
    throw ConfigError(fmt::format("{} gives rank {} to {}", form_.key, rank, map.name),
                      fmt::format("must be a whole number from 1 to {}", largest));
  }

  Factors first_values(const LinearSite& map, const LoraSite& site, const ParameterStore& parameters,
                       std::uint64_t seed, const std::string& name) const {
    if (options_.init == "pissa") return principal_factors(parameters.value(map.weight), site.rank, site.scale);
    if (options_.init == "olora") return orthonormal_factors(parameters.value(map.weight), site.rank);
    const double bound = 1 / std::sqrt(static_cast<double>(map.in));  // Kaiming-uniform with a = sqrt(5)
    at::Tensor b = at::zeros({map.out, site.rank}, at::TensorOptions().dtype(at::kFloat));
    if (options_.init == "gaussian") {
      return {normal_values({site.rank, map.in}, 1 / static_cast<double>(site.rank), seed, name + ".A"), std::move(b)};
    }
    return {uniform_values({site.rank, map.in}, bound, seed, name + ".A"), std::move(b)};
  }

  /// PEFT keeps the bias of a map that it wraps under another name.
  void train_biases(const Encoder& encoder, ParameterStore& parameters) {
    if (options_.bias == "none") return;
    for (const ParameterIndex index : encoder.parameters()) {
      std::string name = parameters.info(index).name;
      if (!name.ends_with(".bias")) continue;
      const bool wrapped = std::ranges::any_of(form_.sites, [&](const LoraSite& site) { return site.bias == index; });
      if (!wrapped && options_.bias == "lora_only") continue;
      parameters.info(index).trainable = true;
      if (wrapped) name.insert(name.rfind('.'), ".base_layer");
      form_.biases.push_back({std::move(name), index});
    }
  }

  std::string kind_;
  LoraOptions options_;
  LoraForm form_;
  std::string base_sha256_;
};

StrategyEntry entry(std::string_view kind, std::string summary) {
  return {std::string(kind),
          std::move(summary),
          [] { return std::make_unique<LoraOptions>(); },
          [kind](const Options& options) {
            return std::make_unique<LoraStrategy>(kind, dynamic_cast<const LoraOptions&>(options));
          },
          true,
          "PEFT folder"};
}

}  // namespace

StrategyEntry lora_strategy() { return entry("lora", "low-rank updates of linear maps (LoRA, arXiv 2106.09685)"); }

StrategyEntry dora_strategy() {
  return entry("dora", "low-rank updates with row norms trained apart (DoRA, arXiv 2402.09353)");
}

}  // namespace coldframe
