#include "framework/model/adapter_tensors.h"

namespace coldframe {
namespace {

at::IntArrayRef stored_shape(const AdapterTensor& tensor, const ParameterStore& parameters) {
  return tensor.shape.empty() ? parameters.value(tensor.parameter).sizes() : at::IntArrayRef(tensor.shape);
}

}  // namespace

NamedTensors stored_values(const std::vector<AdapterTensor>& tensors, const ParameterStore& parameters) {
  NamedTensors values;
  for (const AdapterTensor& tensor : tensors) {
    values.emplace_back(tensor.name, parameters.value(tensor.parameter).reshape(stored_shape(tensor, parameters)));
  }
  return values;
}

void read_values(PeftFolder& folder, const std::vector<AdapterTensor>& tensors, ParameterStore& parameters) {
  const ParameterStore& shapes = parameters;
  std::vector<at::Tensor> values;
  for (const AdapterTensor& tensor : tensors) values.push_back(folder.take(tensor.name, stored_shape(tensor, shapes)));
  folder.expect_all_taken();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    at::Tensor& value = parameters.value(tensors[i].parameter);
    value.copy_(values[i].reshape(value.sizes()));
  }
}

}  // namespace coldframe
