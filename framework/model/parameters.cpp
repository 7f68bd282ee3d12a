#include "framework/model/parameters.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/gradient_memory.h"

namespace coldframe {
namespace {

constexpr std::uintptr_t k_alignment = 64;

bool is_aligned(const at::Tensor& tensor) {
  return reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % k_alignment == 0;
}

/// "encoder.layer.3.attention.self.query.weight" -> "encoder.layer.3"; "embeddings.LayerNorm.bias" -> "embeddings".
std::string module_of(const std::string& name) {
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    std::size_t end = dot + 1;
    while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
    if (end > dot + 1 && (end == name.size() || name[end] == '.')) return name.substr(0, end);
  }
  return name.substr(0, name.find('.'));
}

struct ModuleCount {
  std::string module;
  std::int64_t trainable = 0;
  std::int64_t total = 0;
};

}  // namespace

at::Tensor aligned_copy(const at::Tensor& source) {
  at::Tensor copy = at::empty(source.sizes(), at::TensorOptions().dtype(at::kFloat));
  CF_ENSURES(is_aligned(copy));
  copy.copy_(source.detach());
  return copy;
}

ParameterIndex ParameterStore::add(ParameterInfo info, at::Tensor value) {
  if (by_name_.contains(info.name)) {
    throw ConfigError(fmt::format("parameter {} was added twice", info.name), "every parameter has its own name",
                      "attach a strategy only once");
  }
  const bool fits = value.scalar_type() == at::kFloat && value.is_contiguous() && is_aligned(value) &&
                    !value.requires_grad() && value.use_count() == 1 && value.storage().use_count() == 1;
  const auto index = static_cast<ParameterIndex>(infos_.size());
  by_name_.emplace(info.name, index);
  infos_.push_back(std::move(info));
  values_.push_back(fits ? std::move(value) : aligned_copy(value));
  rounded_.emplace_back();
  outdated_.push_back(1);
  return index;
}

at::Tensor& ParameterStore::value(ParameterIndex index) {
  outdated_[static_cast<std::size_t>(index)] = 1;
  return values_[static_cast<std::size_t>(index)];
}

std::vector<ParameterIndex> ParameterStore::outdated() const {
  std::vector<ParameterIndex> indices;
  if (precision_ == Precision::fp32) return indices;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (outdated_[i] != 0 && values_[i].dim() == 2 && !infos_[i].sparse_rows) {
      indices.push_back(static_cast<ParameterIndex>(i));
    }
  }
  return indices;
}

void ParameterStore::round(ParameterIndex index) {
  const auto i = static_cast<std::size_t>(index);
  if (!rounded_[i].defined()) {
    rounded_[i] = at::empty(values_[i].sizes(), at::TensorOptions().dtype(at::kBFloat16));
  }
  rounded_[i].copy_(values_[i]);
  outdated_[i] = 0;
}

void ParameterStore::round_all() {
  for (const ParameterIndex index : outdated()) round(index);
}

ParameterIndex ParameterStore::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? -1 : found->second;
}

ParameterIndex ParameterStore::require(std::string_view name) const {
  const ParameterIndex index = find(name);
  if (index < 0) throw DataError(fmt::format("there is no parameter {}", name), "the model does not have it");
  return index;
}

std::vector<ParameterIndex> ParameterStore::trainable() const {
  std::vector<ParameterIndex> indices;
  for (std::size_t i = 0; i < infos_.size(); ++i) {
    if (infos_[i].trainable) indices.push_back(static_cast<ParameterIndex>(i));
  }
  return indices;
}

std::int64_t ParameterStore::trainable_count() const {
  std::int64_t elements = 0;
  for (const ParameterIndex index : trainable()) elements += value(index).numel();
  return elements;
}

std::int64_t ParameterStore::count() const {
  std::int64_t elements = 0;
  for (const at::Tensor& value : values_) elements += value.numel();
  return elements;
}

ParameterView::ParameterView(const ParameterStore& store, bool with_gradients) : precision_(store.precision()) {
  for (std::size_t i = 0; i < store.size(); ++i) {
    const auto index = static_cast<ParameterIndex>(i);
    trainable_.push_back(store.info(index).trainable);
    tensors_.push_back(store.value(index).detach());
    rounded_.push_back(store.rounded(index));
    if (with_gradients && trainable_.back()) tensors_.back().requires_grad_();
  }
}

const std::shared_ptr<GradientMemory>& ParameterView::collect_gradients() {
  gradient_memory_ = std::make_shared<GradientMemory>(tensors_.size());
  return gradient_memory_;
}

std::string trainable_table(const ParameterStore& parameters) {
  std::vector<ModuleCount> modules;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto index = static_cast<ParameterIndex>(i);
    std::string module = module_of(parameters.info(index).name);
    if (modules.empty() || modules.back().module != module) modules.push_back({std::move(module)});
    modules.back().total += parameters.value(index).numel();
    if (parameters.info(index).trainable) modules.back().trainable += parameters.value(index).numel();
  }
  modules.push_back({"total", parameters.trainable_count(), parameters.count()});
  std::string table = fmt::format("{:<32} {:>14} {:>14}\n", "module", "trainable", "parameters");
  for (const ModuleCount& row : modules) {
    table += fmt::format("{:<32} {:>14} {:>14}\n", row.module, row.trainable, row.total);
  }
  return table;
}

}  // namespace coldframe
