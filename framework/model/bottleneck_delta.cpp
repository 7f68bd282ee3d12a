#include "framework/model/bottleneck_delta.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>

#include <array>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/biased_gelu.h"
#include "framework/model/linear_map.h"

namespace coldframe {
namespace {

struct NamedActivation {
  std::string_view name;
  ActivationFunction function;
};

constexpr std::array<NamedActivation, 5> k_activations = {
    {{"relu", [](const at::Tensor& x) { return at::relu(x); }},
     {"gelu", [](const at::Tensor& x) { return biased_gelu(x, {}); }},
     {"gelu_new", [](const at::Tensor& x) { return at::gelu(x, "tanh"); }},
     {"swish", [](const at::Tensor& x) { return at::silu(x); }},
     {"tanh", [](const at::Tensor& x) { return at::tanh(x); }}}};

at::Tensor apply(const ParameterView& parameters, const BottleneckMap& map, const at::Tensor& x) {
  return map.weight >= 0 ? linear_map(parameters, x, map.weight, map.bias)
                         : kronecker_map(parameters, x, map.kronecker, map.bias);
}

}  // namespace

std::vector<std::string_view> bottleneck_activations() {
  std::vector<std::string_view> names;
  for (const NamedActivation& activation : k_activations) names.push_back(activation.name);
  return names;
}

ActivationFunction bottleneck_activation(std::string_view name) {
  for (const NamedActivation& activation : k_activations) {
    if (activation.name == name) return activation.function;
  }
  throw ConfigError("activation = " + std::string(name), "there is no such activation of bottlenecks", "try relu");
}

BottleneckDelta::BottleneckDelta(Bottleneck bottleneck) : bottleneck_(std::move(bottleneck)) {}

at::Tensor BottleneckDelta::block(const ForwardContext& context, const at::Tensor& f, const at::Tensor& h,
                                  const std::function<at::Tensor(const at::Tensor&)>& norm) const {
  const ParameterView& parameters = context.parameters;
  const at::Tensor sum = h + f;
  const at::Tensor input = bottleneck_.input == BottleneckInput::branch       ? f
                           : bottleneck_.input == BottleneckInput::normalized ? norm(sum)
                                                                              : h;
  at::Tensor high =
      apply(parameters, bottleneck_.up, bottleneck_.activation(apply(parameters, bottleneck_.down, input)));
  if (bottleneck_.trained_scale >= 0) {
    high = (high * parameters[bottleneck_.trained_scale]).to(high.scalar_type());
  } else if (bottleneck_.scale != 1) {
    high = high * bottleneck_.scale;
  }
  return norm(sum + high);
}

std::vector<ParameterIndex> BottleneckDelta::parameters() const {
  std::vector<ParameterIndex> read;
  for (const BottleneckMap* map : {&bottleneck_.down, &bottleneck_.up}) {
    for (const ParameterIndex index :
         {map->weight, map->bias, map->kronecker.rule, map->kronecker.left, map->kronecker.right}) {
      if (index >= 0) read.push_back(index);
    }
  }
  if (bottleneck_.trained_scale >= 0) read.push_back(bottleneck_.trained_scale);
  read.insert(read.end(), bottleneck_.norm.begin(), bottleneck_.norm.end());
  return read;
}

}  // namespace coldframe
