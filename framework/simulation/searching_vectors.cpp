#include "framework/simulation/searching_vectors.h"

#include <fmt/format.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/detail/lane_sum.h"

namespace coldframe {

SearchingVectors::SearchingVectors(const UserVectors& users, const VectorTable& queries, double weight)
    : users_(&users), queries_(&queries), weight_(static_cast<float>(weight)) {
  if (queries.width() != users.width()) {
    throw DataError(fmt::format("query vectors of width {}", queries.width()),
                    fmt::format("user vectors have width {}", users.width()), "use one encoder for both");
  }
}

void SearchingVectors::compute(std::span<const PolicyRequest> requests, std::span<float> vectors) const {
  users_->compute(requests, vectors);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    if (requests[r].query == nullptr) continue;
    const std::span<float> own = vectors.subspan(r * width(), width());
    const std::span<const float> query = queries_->row(requests[r].query->row);
    for (std::size_t d = 0; d < own.size(); ++d) own[d] = (1.0f - weight_) * own[d] + weight_ * query[d];
    const float length = std::sqrt(detail::lane_sum(own.size(), [&](std::size_t d) { return own[d] * own[d]; }));
    if (length == 0) continue;
    for (float& value : own) value /= length;
  }
}

}  // namespace coldframe
