#include "framework/model/lora_folder.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/module_pattern.h"

namespace coldframe {
namespace {

constexpr std::string_view k_a = ".lora_A.weight";
constexpr std::string_view k_b = ".lora_B.weight";
constexpr std::string_view k_magnitude = ".lora_magnitude_vector";

bool has_taken(const LoraForm& form) { return !form.sites.empty() && form.sites.front().taken_a.defined(); }

std::int64_t stored_rank(const LoraSite& site) { return site.taken_a.defined() ? 2 * site.rank : site.rank; }
double stored_alpha(const LoraSite& site) {
  return site.taken_a.defined() ? site.scale * static_cast<double>(2 * site.rank) : site.alpha;
}
bool stored_rank_stabilized(const LoraForm& form) { return form.rank_stabilized && !has_taken(form); }

nlohmann::json config_of(const LoraForm& form) {
  LoraSite usual;
  usual.rank = form.rank;
  usual.alpha = form.alpha;
  usual.scale = lora_scale(form.rank_stabilized, form.alpha, static_cast<double>(form.rank));
  if (has_taken(form)) usual.taken_a = form.sites.front().taken_a;
  nlohmann::json modules = nlohmann::json::array();
  nlohmann::json ranks = nlohmann::json::object(), alphas = nlohmann::json::object();
  for (const LoraSite& site : form.sites) {
    modules.push_back(site.module);
    if (stored_rank(site) != stored_rank(usual)) ranks[site.module] = stored_rank(site);
    if (stored_alpha(site) != stored_alpha(usual)) alphas[site.module] = stored_alpha(site);
  }
  return {{"peft_type", "LORA"},
          {"r", stored_rank(usual)},
          {"lora_alpha", stored_alpha(usual)},
          {"lora_dropout", form.dropout},
          {"target_modules", modules},
          {"bias", form.bias},
          {"fan_in_fan_out", false},
          {"init_lora_weights", true},
          {"use_rslora", stored_rank_stabilized(form)},
          {"use_dora", form.dora},
          {"rank_pattern", ranks},
          {"alpha_pattern", alphas},
          {"layers_to_transform", nullptr},
          {"layers_pattern", nullptr}};
}

/// The folder must be what the options say, or its values would mean something else.
void expect_form(const JsonObject& config, const LoraForm& form) {
  const auto expect = [&](const char* key, const auto& found, const auto& ours) {
    if (found != ours) config.reject(key, fmt::format("{} says {}", form.key, ours));
  };
  expect("use_dora", config.flag("use_dora", false), form.dora);
  expect("use_rslora", config.flag("use_rslora", false), stored_rank_stabilized(form));
  expect("bias", config.text("bias", "none"), form.bias);
  if (config.flag("lora_bias", false)) config.reject("lora_bias", "biases of B are not supported");
  if (!config.has("init_lora_weights") || !config.json()["init_lora_weights"].is_string()) return;
  const std::string init = config.text("init_lora_weights");
  for (const char* changes_base : {"pissa", "olora", "corda", "loftq", "lora_ga"}) {
    if (!init.starts_with(changes_base)) continue;
    config.reject("init_lora_weights", "the adapter belongs to changed weights of its encoder",
                  "save it with path_initial_model_for_weight_conversion");
  }
}

void expect_scale(const PeftFolder& folder, const LoraForm& form, const LoraSite& site) {
  const JsonObject& config = folder.config();
  const double rank =
      number_of_module(config, "rank_pattern", site.module, static_cast<double>(config.integer("r", 1, 1 << 20)));
  const double alpha = number_of_module(config, "alpha_pattern", site.module, config.number("lora_alpha"));
  const double our_alpha = stored_alpha(site);
  if (rank == static_cast<double>(stored_rank(site)) && std::abs(alpha - our_alpha) <= 1e-12 * our_alpha) return;
  throw DataError(fmt::format("the adapter in {} has rank {} and alpha {} for {}", folder.path().string(), rank, alpha,
                              site.module),
                  fmt::format("{} has rank {} and alpha {}", form.key, stored_rank(site), our_alpha));
}

std::vector<AdapterTensor> plain_tensors(const LoraForm& form) {
  std::vector<AdapterTensor> tensors;
  for (const LoraSite& site : form.sites) {
    tensors.push_back({fmt::format("{}{}", site.module, k_a), site.a});
    tensors.push_back({fmt::format("{}{}", site.module, k_b), site.b});
    if (form.dora) tensors.push_back({fmt::format("{}{}", site.module, k_magnitude), site.magnitude});
  }
  tensors.insert(tensors.end(), form.biases.begin(), form.biases.end());
  return tensors;
}

/// Both halves of a stored pair; what was taken out of W may differ from ours (another machine, another adapter): then
/// W is moved to the rest that belongs to it.
void split_pair(const LoraSite& site, const at::Tensor& a, const at::Tensor& b, ParameterStore& parameters) {
  const std::int64_t rank = site.rank;
  const at::Tensor taken_a = a.slice(0, rank), taken_b = -b.slice(1, rank);
  if (!at::equal(taken_a, site.taken_a) || !at::equal(taken_b, site.taken_b)) {
    const auto product = [](const at::Tensor& left, const at::Tensor& right) {
      return at::mm(left.to(at::kDouble), right.to(at::kDouble));
    };
    at::Tensor& weight = parameters.value(site.weight);
    weight.copy_(weight.to(at::kDouble) +
                 site.scale * (product(site.taken_b, site.taken_a) - product(taken_b, taken_a)));
    at::Tensor(site.taken_a).copy_(taken_a);
    at::Tensor(site.taken_b).copy_(taken_b);
  }
  parameters.value(site.a).copy_(a.slice(0, 0, rank));
  parameters.value(site.b).copy_(b.slice(1, 0, rank));
}

}  // namespace

void write_lora_folder(const std::filesystem::path& folder, const AdapterBase& base, const LoraForm& form,
                       const ParameterStore& parameters) {
  NamedTensors tensors = stored_values(plain_tensors(form), parameters);
  if (has_taken(form)) {
    const std::size_t stride = form.dora ? 3 : 2;
    for (std::size_t i = 0; i < form.sites.size(); ++i) {
      at::Tensor& a = tensors[stride * i].second;
      at::Tensor& b = tensors[stride * i + 1].second;
      a = at::cat({a, form.sites[i].taken_a});
      b = at::cat({b, -form.sites[i].taken_b}, 1);
    }
  }
  write_peft_folder(folder, base, config_of(form), tensors);
}

void read_lora_folder(const std::filesystem::path& folder, std::string_view base_sha256, const LoraForm& form,
                      ParameterStore& parameters) {
  PeftFolder adapter(folder, "LORA");
  expect_form(adapter.config(), form);
  for (const LoraSite& site : form.sites) expect_scale(adapter, form, site);
  adapter.expect_base(base_sha256);
  if (!has_taken(form)) return read_values(adapter, plain_tensors(form), parameters);
  std::vector<std::pair<at::Tensor, at::Tensor>> pairs;
  for (const LoraSite& site : form.sites) {
    const at::Tensor& weight = std::as_const(parameters).value(site.weight);
    pairs.emplace_back(adapter.take(fmt::format("{}{}", site.module, k_a), {2 * site.rank, weight.size(1)}),
                       adapter.take(fmt::format("{}{}", site.module, k_b), {weight.size(0), 2 * site.rank}));
  }
  std::vector<AdapterTensor> others;
  for (const AdapterTensor& tensor : plain_tensors(form)) {
    if (!tensor.name.ends_with(k_a) && !tensor.name.ends_with(k_b)) others.push_back(tensor);
  }
  read_values(adapter, others, parameters);
  for (std::size_t i = 0; i < pairs.size(); ++i) split_pair(form.sites[i], pairs[i].first, pairs[i].second, parameters);
}

}  // namespace coldframe
