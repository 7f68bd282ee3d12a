#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "framework/model/packed_layout.h"

namespace coldframe {

/// A place where elements are dropped, with its rate. Its masks depend on its name alone, so that adding a site (LoRA
/// input dropout) shifts no other mask.
struct DropoutSite {
  DropoutSite(std::string_view name, double rate);

  std::uint64_t id;
  double rate;
};

/// x [T, C] (padding rows or not) with elements of packed tokens dropped and the others scaled; column c of token t in
/// view v reads word c % 4 of the block at (v, t, c / 4). Backward draws the words again: nothing is stored. Returns x
/// when the context is inactive or the rate is 0.
at::Tensor keyed_dropout(const at::Tensor& x, std::shared_ptr<const PackedLayout> layout, const DropoutContext& dropout,
                         const DropoutSite& site);

}  // namespace coldframe
