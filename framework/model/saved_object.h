#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace coldframe::detail {

// What an autograd function keeps for backward besides tensors, without a detour over dictionaries of scalars.

template <class T>
struct SavedObject final : torch::CustomClassHolder {
  explicit SavedObject(T object) : value(std::move(object)) {}
  T value;
};

template <class T>
void save_object(torch::autograd::AutogradContext& context, T object) {
  context.saved_data["object"] = c10::IValue::make_capsule(c10::make_intrusive<SavedObject<T>>(std::move(object)));
}

template <class T>
const T& saved_object(torch::autograd::AutogradContext& context) {
  return c10::static_intrusive_pointer_cast<SavedObject<T>>(context.saved_data["object"].toCapsule())->value;
}

}  // namespace coldframe::detail
