#include "framework/model/keyed_dropout.h"

#include <ATen/ops/empty_like.h>

#include <utility>

#include "framework/core/error.h"
#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct TokenMask {
  std::shared_ptr<const PackedLayout> layout;
  MaskKey key;

  at::Tensor of(const at::Tensor& x) const {
    if (x.scalar_type() != at::kFloat) return of(x.to(at::kFloat)).to(x.scalar_type());
    const at::Tensor in = x.contiguous();
    at::Tensor out = at::empty_like(in);
    apply_mask(key, {layout->token_rows.data(), static_cast<std::size_t>(in.size(0))}, in.size(1),
               in.const_data_ptr<float>(), out.mutable_data_ptr<float>());
    return out;
  }
};

struct KeyedDropout : torch::autograd::Function<KeyedDropout> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const TokenMask& mask) {
    detail::save_object(*context, mask);
    return mask.of(x);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {detail::saved_object<TokenMask>(*context).of(gradients[0]), at::Tensor()};
  }
};

}  // namespace

DropoutSite::DropoutSite(std::string_view name, double site_rate) : id(mask_site(name)), rate(site_rate) {}

at::Tensor keyed_dropout(const at::Tensor& x, std::shared_ptr<const PackedLayout> layout, const DropoutContext& dropout,
                         const DropoutSite& site) {
  if (!dropout.active || site.rate == 0) return x;
  CF_EXPECTS(x.dim() == 2 && x.size(0) <= layout->rows());
  return KeyedDropout::apply(x, TokenMask{std::move(layout), MaskKey(dropout, site.id, site.rate)});
}

}  // namespace coldframe
