#include "framework/model/adalora_form.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/weight_files.h"

namespace coldframe {
namespace {

constexpr const char* k_pattern = "rank_pattern";

std::string pattern_key(const AdaloraSite& site) { return site.module + ".lora_E"; }

/// Rows of a site that the folder holds; all when nothing was given up.
std::vector<std::int64_t> kept_rows(const AdaloraForm& form, std::size_t site) {
  const auto rank = static_cast<std::size_t>(form.options.initial_rank);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < rank; ++i) {
    if (form.kept.empty() || form.kept[site * rank + i] != 0) rows.push_back(static_cast<std::int64_t>(i));
  }
  return rows;
}

at::Tensor index_of(std::vector<std::int64_t>& rows) {
  return at::from_blob(rows.data(), {static_cast<std::int64_t>(rows.size())}, at::kLong).clone();
}

nlohmann::json config_of(const AdaloraForm& form) {
  const AdaloraOptions& options = form.options;
  nlohmann::json modules = nlohmann::json::array(), pattern = nullptr;
  for (std::size_t i = 0; i < form.sites.size(); ++i) {
    modules.push_back(form.sites[i].module);
    if (form.kept.empty()) continue;
    nlohmann::json& kept = pattern[pattern_key(form.sites[i])] = nlohmann::json::array();
    const auto rank = static_cast<std::size_t>(options.initial_rank);
    for (std::size_t j = 0; j < rank; ++j) kept.push_back(form.kept[i * rank + j] != 0);
  }
  return {{"peft_type", "ADALORA"},
          {"init_r", options.initial_rank},
          {"target_r", options.rank},
          {"lora_alpha", options.alpha},
          {"lora_dropout", options.dropout},
          {"tinit", options.first_steps},
          {"tfinal", options.final_steps},
          {"deltaT", options.every},
          {"beta1", options.beta1},
          {"beta2", options.beta2},
          {"orth_reg_weight", options.orthogonality},
          {"total_step", std::max(form.steps, options.first_steps + options.final_steps + 1)},
          {k_pattern, pattern},
          {"target_modules", modules},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"init_lora_weights", true},
          {"layers_to_transform", nullptr},
          {"layers_pattern", nullptr}};
}

void expect_form(const JsonObject& config, const AdaloraForm& form) {
  if (config.integer("init_r", 1, 1 << 20) != form.options.initial_rank) {
    config.reject("init_r", fmt::format("strategy.adalora.initial_rank = {}", form.options.initial_rank));
  }
  if (std::abs(config.number("lora_alpha") - form.options.alpha) > 1e-12 * form.options.alpha) {
    config.reject("lora_alpha", fmt::format("strategy.adalora.alpha = {}", form.options.alpha));
  }
  if (config.text("bias", "none") != "none") config.reject("bias", "trained biases are not supported");
}

/// By site and triplet; empty when the folder has no pattern.
std::vector<char> read_pattern(const JsonObject& config, const AdaloraForm& form) {
  if (!config.has(k_pattern) || config.json()[k_pattern].empty()) return {};
  const nlohmann::json& pattern = config.json()[k_pattern];
  std::vector<char> kept;
  for (const AdaloraSite& site : form.sites) {
    const bool there = pattern.is_object() && pattern.contains(pattern_key(site));
    const nlohmann::json& list = there ? pattern[pattern_key(site)] : pattern;
    const bool fits = there && list.is_array() && std::ssize(list) == form.options.initial_rank &&
                      std::ranges::all_of(list, [](const nlohmann::json& value) { return value.is_boolean(); });
    if (!fits) {
      config.reject(k_pattern, fmt::format("must give {} {} truth values", site.module, form.options.initial_rank));
    }
    for (const nlohmann::json& value : list) kept.push_back(value.get<bool>() ? 1 : 0);
  }
  return kept;
}

struct Triplets {
  at::Tensor rows;  // indices
  at::Tensor q, e, p;
};

}  // namespace

void write_adalora_folder(const std::filesystem::path& folder, const AdapterBase& base, const AdaloraForm& form,
                          const ParameterStore& parameters) {
  NamedTensors tensors;
  for (std::size_t i = 0; i < form.sites.size(); ++i) {
    const AdaloraSite& site = form.sites[i];
    std::vector<std::int64_t> kept = kept_rows(form, i);
    const at::Tensor rows = index_of(kept);
    tensors.emplace_back(site.module + ".lora_A", parameters.value(site.q).index_select(0, rows));
    tensors.emplace_back(site.module + ".lora_E", parameters.value(site.e).index_select(0, rows).unsqueeze(1));
    tensors.emplace_back(site.module + ".lora_B", parameters.value(site.p).index_select(1, rows));
  }
  write_peft_folder(folder, base, config_of(form), tensors);
}

void read_adalora_folder(const std::filesystem::path& folder, std::string_view base_sha256, AdaloraForm& form,
                         ParameterStore& parameters) {
  PeftFolder adapter(folder, "ADALORA");
  expect_form(adapter.config(), form);
  adapter.expect_base(base_sha256);
  form.kept = read_pattern(adapter.config(), form);
  std::vector<Triplets> triplets;
  for (std::size_t i = 0; i < form.sites.size(); ++i) {
    const AdaloraSite& site = form.sites[i];
    const at::IntArrayRef weight = parameters.sizes(site.weight);
    std::vector<std::int64_t> kept = kept_rows(form, i);
    const auto rank = static_cast<std::int64_t>(kept.size());
    triplets.push_back({index_of(kept), adapter.take(site.module + ".lora_A", {rank, weight[1]}),
                        adapter.take(site.module + ".lora_E", {rank, 1}),
                        adapter.take(site.module + ".lora_B", {weight[0], rank})});
  }
  adapter.expect_all_taken();
  for (std::size_t i = 0; i < form.sites.size(); ++i) {
    const auto& [rows, q, e, p] = triplets[i];
    parameters.value(form.sites[i].q).index_copy_(0, rows, q);
    parameters.value(form.sites[i].e).zero_().index_copy_(0, rows, e.squeeze(1));
    parameters.value(form.sites[i].p).index_copy_(1, rows, p);
  }
}

}  // namespace coldframe
