#include "framework/model/packed_layout.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

PackedLayout::PackedLayout(const PackedBatch& batch, const RowPlan& plan)
    : prompt(plan.prompt),
      row_offsets(batch.row_offsets),
      view_keys(batch.view_keys),
      positions(at::empty({batch.tokens() + batch.texts() * plan.prompt}, at::kLong)) {
  CF_EXPECTS(batch.row_offsets.size() == batch.view_keys.size() + 1);
  CF_EXPECTS(batch.row_offsets.front() == 0 && batch.row_offsets.back() == batch.tokens());
  for (std::size_t n = 0; n < row_offsets.size(); ++n) row_offsets[n] += static_cast<std::int64_t>(n) * prompt;
  token_rows.reserve(static_cast<std::size_t>(tokens() + plan.padding));
  auto* position = positions.mutable_data_ptr<std::int64_t>();
  for (std::int64_t n = 0; n < batch.texts(); ++n) {
    const std::int64_t begin = row_offsets[static_cast<std::size_t>(n)];
    const std::int64_t length = row_offsets[static_cast<std::size_t>(n) + 1] - begin;
    if (length <= prompt)
      throw DataError(fmt::format("text {} of a batch has no tokens", n), "an encoder needs at least one");
    longest = std::max(longest, length);
    for (std::int64_t i = 0; i < length; ++i) {
      position[begin + i] = plan.first_position + i;
      token_rows.push_back({view_keys[static_cast<std::size_t>(n)], static_cast<std::uint32_t>(i - prompt), 0});
    }
  }
  token_rows.resize(token_rows.size() + static_cast<std::size_t>(plan.padding));
}

}  // namespace coldframe
