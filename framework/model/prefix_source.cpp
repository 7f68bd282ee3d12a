#include "framework/model/prefix_source.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tanh.h>

namespace coldframe {
namespace {

class FlatSource final : public PrefixSource {
 public:
  explicit FlatSource(const FlatPrefix& prefix) : prefix_(prefix) {}

  KeyValueRows rows(const ForwardContext& context) const override {
    return {context.parameters[prefix_.keys], context.parameters[prefix_.values]};
  }
  std::vector<ParameterIndex> parameters() const override { return {prefix_.keys, prefix_.values}; }

 private:
  FlatPrefix prefix_;
};

class PerceptronSource final : public PrefixSource {
 public:
  explicit PerceptronSource(const PrefixPerceptron& prefix) : prefix_(prefix) {}

  KeyValueRows rows(const ForwardContext& context) const override {
    const ParameterView& view = context.parameters;
    const at::Tensor inner =
        at::tanh(at::linear(view[prefix_.tokens], view[prefix_.inner_weight], view[prefix_.inner_bias]));
    const auto out = [&](const PrefixPerceptron::Output& map) {
      return at::linear(inner, view[map.weight], view[map.bias]) + view[map.folded];
    };
    return {out(prefix_.keys), out(prefix_.values)};
  }

  std::vector<ParameterIndex> parameters() const override {
    std::vector<ParameterIndex> read = {prefix_.tokens, prefix_.inner_weight, prefix_.inner_bias};
    for (const auto& map : {prefix_.keys, prefix_.values}) {
      read.insert(read.end(), {map.weight, map.bias, map.folded});
    }
    return read;
  }

 private:
  PrefixPerceptron prefix_;
};

}  // namespace

std::shared_ptr<const PrefixSource> make_prefix_source(const FlatPrefix& prefix) {
  return std::make_shared<FlatSource>(prefix);
}

std::shared_ptr<const PrefixSource> make_prefix_source(const PrefixPerceptron& prefix) {
  return std::make_shared<PerceptronSource>(prefix);
}

}  // namespace coldframe
