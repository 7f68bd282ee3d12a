#include "framework/model/lora_delta.h"

#include <utility>

#include "framework/model/linear_map.h"

namespace coldframe {
namespace {

class LoraDelta final : public SiteDelta {
 public:
  LoraDelta(LoraSite site, DropoutSite dropout) : site_(std::move(site)), dropout_(dropout) {}

  at::Tensor linear(const ForwardContext& context, const at::Tensor& x, const at::Tensor& y) const override {
    const at::Tensor input = keyed_dropout(x, context.layout, context.dropout, dropout_);
    const at::Tensor low = linear_map(context.parameters, input, site_.a);
    return add_linear_map(context.parameters, y, low, site_.b, site_.scale);
  }

  std::vector<ParameterIndex> parameters() const override { return {site_.a, site_.b}; }

 private:
  LoraSite site_;
  DropoutSite dropout_;
};

}  // namespace

std::shared_ptr<const SiteDelta> make_lora_delta(LoraSite site, DropoutSite dropout) {
  return std::make_shared<LoraDelta>(std::move(site), dropout);
}

}  // namespace coldframe
