#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

#include "framework/model/encoder.h"
#include "framework/model/kronecker_map.h"

namespace coldframe {

using ActivationFunction = at::Tensor (*)(const at::Tensor&);

/// Names as AdapterHub has them: relu, gelu, gelu_new (tanh form), swish, tanh.
std::vector<std::string_view> bottleneck_activations();
ActivationFunction bottleneck_activation(std::string_view name);

/// What a bottleneck reads at the end of a residual branch.
enum class BottleneckInput {
  branch,      // f: Houlsby et al., arXiv 1902.00751
  normalized,  // LayerNorm(h + f): Pfeiffer et al., arXiv 2005.00247
  residual,    // h: parallel adapters, arXiv 2110.04366
};

/// One side of a bottleneck: dense, or a sum of Kronecker products when `weight` is -1.
struct BottleneckMap {
  ParameterIndex weight = -1;  // [out, in]
  ParameterIndex bias = -1;    // [out]
  KroneckerParameters kronecker;
};

struct Bottleneck {
  BottleneckInput input = BottleneckInput::branch;
  ActivationFunction activation = nullptr;
  BottleneckMap down;  // D -> m
  BottleneckMap up;    // m -> D
  double scale = 1;
  ParameterIndex trained_scale = -1;  // [1], takes the place of `scale`
  std::vector<ParameterIndex> norm;   // the block's LayerNorm where it is trained along
};

/// h' = LayerNorm(h + f + c (W_up act(W_down u + b_down) + b_up)), u by BottleneckInput.
class BottleneckDelta final : public SiteDelta {
 public:
  explicit BottleneckDelta(Bottleneck bottleneck);

  at::Tensor block(const ForwardContext& context, const at::Tensor& f, const at::Tensor& h,
                   const std::function<at::Tensor(const at::Tensor&)>& norm) const override;
  std::vector<ParameterIndex> parameters() const override;

 private:
  Bottleneck bottleneck_;
};

}  // namespace coldframe
