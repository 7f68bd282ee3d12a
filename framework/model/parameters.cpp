#include "framework/model/parameters.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/hash.h"
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
  sha256_.emplace_back();
  return index;
}

const at::Tensor& ParameterStore::value(ParameterIndex index) const {
  const at::Tensor& found = values_[static_cast<std::size_t>(index)];
  if (!found.defined()) {
    throw std::logic_error(fmt::format("{} is read in float32 after only its rounded form was kept", info(index).name));
  }
  return found;
}

at::Tensor& ParameterStore::value(ParameterIndex index) {
  static_cast<void>(std::as_const(*this).value(index));
  outdated_[static_cast<std::size_t>(index)] = 1;
  sha256_[static_cast<std::size_t>(index)].clear();
  return values_[static_cast<std::size_t>(index)];
}

const std::string& ParameterStore::sha256(ParameterIndex index) const {
  std::string& digest = sha256_[static_cast<std::size_t>(index)];
  if (digest.empty()) {
    const at::Tensor& values = value(index);
    digest = sha256_hex({static_cast<const std::byte*>(values.const_data_ptr()), values.nbytes()});
  }
  return digest;
}

void ParameterStore::keep_rounded_only(ParameterIndex index) {
  CF_EXPECTS(precision_ == Precision::bf16);
  CF_EXPECTS(!info(index).trainable && !info(index).exact && !info(index).sparse_rows);
  if (rounded_only(index)) return;
  static_cast<void>(sha256(index));
  if (outdated_[static_cast<std::size_t>(index)] != 0) round(index);
  values_[static_cast<std::size_t>(index)].reset();
}

std::size_t ParameterStore::bytes() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (values_[i].defined()) sum += values_[i].nbytes();
    if (rounded_[i].defined()) sum += rounded_[i].nbytes();
  }
  return sum;
}

std::vector<ParameterIndex> ParameterStore::outdated() const {
  std::vector<ParameterIndex> indices;
  if (precision_ == Precision::fp32) return indices;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (outdated_[i] != 0 && values_[i].defined() && values_[i].dim() == 2 && !infos_[i].sparse_rows) {
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
  std::int64_t sum = 0;
  for (const ParameterIndex index : trainable()) sum += elements(index);
  return sum;
}

std::int64_t ParameterStore::count() const {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) sum += elements(static_cast<ParameterIndex>(i));
  return sum;
}

ParameterView::ParameterView(const ParameterStore& store, bool with_gradients) : precision_(store.precision()) {
  for (std::size_t i = 0; i < store.size(); ++i) {
    const auto index = static_cast<ParameterIndex>(i);
    trainable_.push_back(store.info(index).trainable);
    tensors_.push_back((store.rounded_only(index) ? store.rounded(index) : store.value(index)).detach());
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
    modules.back().total += parameters.elements(index);
    if (parameters.info(index).trainable) modules.back().trainable += parameters.elements(index);
  }
  modules.push_back({"total", parameters.trainable_count(), parameters.count()});
  std::string table = fmt::format("{:<32} {:>14} {:>14}\n", "module", "trainable", "parameters");
  for (const ModuleCount& row : modules) {
    table += fmt::format("{:<32} {:>14} {:>14}\n", row.module, row.trainable, row.total);
  }
  return table;
}

}  // namespace coldframe
