#include "framework/model/dora_delta.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sqrt.h>

#include <utility>

#include "framework/model/linear_map.h"

namespace coldframe {
namespace {

class DoraDelta final : public SiteDelta {
 public:
  DoraDelta(LoraSite site, DropoutSite dropout) : site_(std::move(site)), dropout_(dropout) {}

  at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const override {
    const ParameterView& parameters = context.parameters;
    const at::Tensor input = keyed_dropout(x, context.layout, context.dropout, dropout_);
    const bool dropped = !input.is_same(x);
    const at::Tensor base =
        (dropped ? linear_map(parameters, input, site_.weight) : y - parameters[site_.bias]).to(at::kFloat);
    const at::Tensor update = linear_map(parameters, linear_map(parameters, input, site_.a), site_.b).to(at::kFloat);
    const at::Tensor factor = parameters[site_.magnitude] / norms(parameters);
    const at::Tensor turned = at::addcmul(y.to(at::kFloat), base, factor - 1);
    return at::addcmul(turned, update, factor, site_.scale).to(y.scalar_type());
  }

  std::vector<ParameterIndex> parameters() const override { return {site_.a, site_.b, site_.magnitude}; }
  /// The norms are those of W + scale B A and of nothing else.
  bool alone() const override { return true; }

 private:
  at::Tensor norms(const ParameterView& parameters) const {
    const at::NoGradGuard constant;
    return updated_row_norms(parameters[site_.weight], parameters[site_.a], parameters[site_.b], site_.scale);
  }

  LoraSite site_;
  DropoutSite dropout_;
};

}  // namespace

std::shared_ptr<const SiteDelta> make_dora_delta(LoraSite site, DropoutSite dropout) {
  return std::make_shared<DoraDelta>(std::move(site), dropout);
}

at::Tensor updated_row_norms(const at::Tensor& w, const at::Tensor& a, const at::Tensor& b, double scale) {
  const at::Tensor cross = (b * at::mm(w, a.t())).sum(1);
  const at::Tensor square = (b * at::mm(b, at::mm(a, a.t()))).sum(1);
  return at::sqrt(((w * w).sum(1) + 2 * scale * cross + scale * scale * square).clamp_min(0));
}

}  // namespace coldframe
