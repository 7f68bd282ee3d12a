#include "framework/simulation/encoder_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/detail/lane_sum.h"

namespace coldframe {
namespace {

float dot(std::span<const float> a, std::span<const float> b) {
  return detail::lane_sum(a.size(), [&](std::size_t i) { return a[i] * b[i]; });
}

void add(std::span<float> sum, std::span<const float> row) {
  for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += row[d];
}

std::uint32_t text_row(const VocabularyDrift* words, const PolicyRequest& request) {
  if (words == nullptr) return request.profile_row;
  return words->text_row(request.user, request.profile_row, request.time.period);
}

}  // namespace

VectorTable::VectorTable(std::size_t rows, std::size_t width, std::vector<float> values)
    : rows_(rows), width_(width), values_(std::move(values)) {
  if (width_ == 0 || values_.size() != rows_ * width_) {
    throw DataError(fmt::format("vector table of {} rows x {}", rows_, width_),
                    fmt::format("{} values were given", values_.size()));
  }
  for (std::size_t at = 0; at < values_.size(); ++at) {
    if (!std::isfinite(values_[at])) {
      throw NumericError(fmt::format("vector {} has a value that is not finite at place {}", at / width_, at % width_),
                         {}, "check the encoder that made it");
    }
  }
}

void recompose(std::span<const float> profile, const VectorTable& items, std::span<const ItemId> likes_oldest_first,
               std::size_t history_items, std::span<float> out) {
  std::copy(profile.begin(), profile.end(), out.begin());
  const std::size_t used = std::min(history_items, likes_oldest_first.size());
  for (const ItemId item : likes_oldest_first.last(used)) add(out, items.row(item.value()));
  const float length = std::sqrt(dot(out, out));
  if (length > 0) {
    for (float& value : out) value /= length;
  }
}

RecomposedVectors::RecomposedVectors(const VectorTable& profiles, const VectorTable& items, std::size_t history_items,
                                     const VocabularyDrift* words)
    : profiles_(&profiles), items_(&items), history_items_(history_items), words_(words) {
  if (profiles.width() != items.width()) {
    throw DataError(fmt::format("profile vectors of width {}", profiles.width()),
                    fmt::format("item vectors have width {}", items.width()), "use one encoder for both");
  }
}

void RecomposedVectors::compute(std::span<const PolicyRequest> requests, std::span<float> vectors) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    recompose(profiles_->row(text_row(words_, requests[r])), *items_, requests[r].history->likes, history_items_,
              vectors.subspan(r * width(), width()));
  }
}

struct ReencodedVectors::Lock {
  std::mutex mutex;
};

ReencodedVectors::ReencodedVectors(Encode encode, std::size_t width, std::size_t history_items,
                                   const VocabularyDrift* words)
    : encode_(std::move(encode)),
      width_(width),
      history_items_(history_items),
      words_(words),
      lock_(std::make_unique<Lock>()) {}

ReencodedVectors::~ReencodedVectors() = default;

void ReencodedVectors::compute(std::span<const PolicyRequest> requests, std::span<float> vectors) const {
  std::vector<UserView> views(requests.size());
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::vector<ItemId>& likes = requests[r].history->likes;
    const std::size_t used = std::min(history_items_, likes.size());
    views[r] = {requests[r].profile,
                text_row(words_, requests[r]),
                {likes.rbegin(), likes.rbegin() + static_cast<std::ptrdiff_t>(used)}};
  }
  const std::scoped_lock guard(lock_->mutex);
  encode_(views, vectors);
}

Scoring usable_scoring(Scoring asked, bool worthwhile) {
  return asked == Scoring::int8 && worthwhile ? Scoring::int8 : Scoring::fp32;
}

EncoderPolicy::EncoderPolicy(std::string name, const ItemTable& items, const UserVectors& users, TieBreak ties,
                             Scoring scoring)
    : ScoredPolicy(std::move(ties)),
      name_(std::move(name)),
      items_(&items),
      users_(&users),
      scorer_(items.vectors.values(), items.vectors.width(), {items.scale, items.prior}) {
  if (items.vectors.width() != users.width()) {
    throw DataError(fmt::format("policy '{}': user vectors of width {}", name_, users.width()),
                    fmt::format("item vectors have width {}", items.vectors.width()), "use one encoder for both");
  }
  if (usable_scoring(scoring) == Scoring::int8 && users.width() <= Int8Scorer::k_widest) {
    int8_ = std::make_unique<Int8Scorer>(items.vectors.values(), users.width(),
                                         BlockScorer::Terms{items.scale, items.prior});
  }
}

std::vector<float> EncoderPolicy::vectors(std::span<const PolicyRequest> requests) const {
  std::vector<float> vectors(requests.size() * users_->width());
  users_->compute(requests, vectors);
  return vectors;
}

void EncoderPolicy::score(std::span<const PolicyRequest> requests, std::span<float> scores) const {
  scorer_.score(vectors(requests), scores);
}

std::vector<std::vector<RankedItem>> EncoderPolicy::best(std::span<const PolicyRequest> requests,
                                                         const TieBreak& ties) const {
  std::vector<TopRequest> wanted;
  wanted.reserve(requests.size());
  for (const PolicyRequest& request : requests) wanted.push_back(top_request(request));
  return int8_ ? int8_->top(vectors(requests), wanted, ties) : scorer_.top(vectors(requests), wanted, ties);
}

}  // namespace coldframe
