#include "framework/data/label_noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/philox.h"
#include "framework/data/keyed_permutation.h"
#include "framework/data/leakage.h"

namespace coldframe {
namespace {

constexpr std::uint32_t k_session = 0xFFFFEu;  // beside that of shilling_attack.cpp; frozen

/// The chance of one row, whatever stands in other rows.
class RowChance {
 public:
  RowChance(const Dataset& dataset, std::int64_t seed)
      : dataset_(dataset), random_(static_cast<std::uint64_t>(seed), Purpose::poisoning) {}

  bool happens(UserId user, ItemId item, double share) const {
    const std::uint64_t key = dataset_.item_key(item);
    const auto high = static_cast<std::uint32_t>(key >> 32) & 0xFFFu;
    return random_.uniform(dataset_.user_key(user), k_session, high, static_cast<std::uint32_t>(key)) < share;
  }
  KeyedPermutation order_of_items(UserId user, ItemId item) const {
    return {random_.key(), combine_hash(dataset_.user_key(user).value(), dataset_.item_key(item)),
            static_cast<std::uint32_t>(dataset_.items.size())};
  }

 private:
  const Dataset& dataset_;
  KeyedRandom random_;
};

std::size_t flip(Dataset& dataset, const std::vector<std::size_t>& rows, const PoisoningOptions& options,
                 double threshold) {
  Interactions& all = dataset.interactions;
  if (all.implicit()) {
    throw ConfigError("poisoning.label_noise = flip", "the data set has no ratings", "take replace");
  }
  std::optional<float> like, dislike;
  for (const std::size_t row : rows) {
    const float rating = all.rating[row];
    if (static_cast<double>(rating) >= threshold) {
      like = std::min(like.value_or(rating), rating);
    } else {
      dislike = std::max(dislike.value_or(rating), rating);
    }
  }
  if (!like || !dislike) {
    throw DataError(
        "poisoning.label_noise = flip",
        fmt::format("role T has no rating {} data.like_threshold = {}", like ? "below" : "at or above", threshold),
        "take replace, or another threshold");
  }
  const RowChance chance(dataset, options.seed);
  std::size_t changed = 0;
  for (const std::size_t row : rows) {
    if (!chance.happens(all.user[row], all.item[row], options.label_noise_share)) continue;
    all.rating[row] = static_cast<double>(all.rating[row]) >= threshold ? *dislike : *like;
    ++changed;
  }
  return changed;
}

std::size_t replace(Dataset& dataset, const std::vector<std::size_t>& rows, const PoisoningOptions& options,
                    double threshold) {
  Interactions& all = dataset.interactions;
  const RowChance chance(dataset, options.seed);
  std::size_t changed = 0;
  std::set<ItemId> met;  // of the user whose rows are being read
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const UserId user = all.user[rows[at]];
    if (at == 0 || all.user[rows[at - 1]] != user) {
      met.clear();
      for (std::size_t next = at; next < rows.size() && all.user[rows[next]] == user; ++next) {
        met.insert(all.item[rows[next]]);
      }
    }
    ItemId& item = all.item[rows[at]];
    if (!all.implicit() && static_cast<double>(all.rating[rows[at]]) < threshold) continue;
    if (!chance.happens(user, item, options.label_noise_share)) continue;
    if (met.size() == dataset.items.size()) {
      throw DataError(fmt::format("user {} has met all {} items", dataset.users.ids[user.value()], met.size()),
                      "a like cannot be replaced by another item", "take flip, or no label noise");
    }
    const KeyedPermutation order = chance.order_of_items(user, item);
    std::uint32_t place = 0;
    while (met.contains(ItemId(order(place)))) ++place;
    item = ItemId(order(place));
    met.insert(item);
    ++changed;
  }
  sort_interactions(dataset);
  return changed;
}

}  // namespace

std::size_t add_label_noise(Dataset& dataset, const Roles& roles, const PoisoningOptions& options,
                            const LikeOptions& likes) {
  const std::vector<std::size_t> rows = training_rows(dataset, roles);
  return options.label_noise == "flip" ? flip(dataset, rows, options, likes.threshold)
                                       : replace(dataset, rows, options, likes.threshold);
}

}  // namespace coldframe
