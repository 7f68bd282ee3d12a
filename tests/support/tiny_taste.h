#pragma once

#include <memory>
#include <vector>

#include "framework/core/philox.h"
#include "framework/data/pair_sampler.h"
#include "framework/training/step_plan.h"

namespace coldframe::testing {

/// Texts made of random token ids below 100: lengths from 1 to 40, two pairs of items with the same text.
class TinyTexts final : public TokenSource {
 public:
  explicit TinyTexts(std::size_t items) {
    for (std::size_t i = 0; i < items; ++i) items_.push_back(tokens(i, 1 + 13 * i % 40));
    if (items > 3) items_[1] = items_[0], items_[3] = items_[2];
  }
  Tokens item(ItemId item) const override { return items_[item.value()]; }
  Tokens user(UserId user, std::span<const ItemId> history) const override {
    auto text = *tokens(1000 + user.value(), 1 + user.value() % 9);
    for (const ItemId item : history) text.push_back(static_cast<std::int64_t>(5 + item.value() % 90));
    return std::make_shared<const std::vector<std::int64_t>>(std::move(text));
  }

 private:
  static Tokens tokens(std::size_t number, std::size_t length) {
    std::vector<std::int64_t> ids;
    for (std::size_t t = 0; t < length; ++t) {
      const PhiloxBlock words = philox4x32({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(t), 0, 0}, {7, 7});
      ids.push_back(static_cast<std::int64_t>(uniform_below(words[0], 100)));
    }
    return std::make_shared<const std::vector<std::int64_t>>(std::move(ids));
  }
  std::vector<Tokens> items_;
};

/// Users who like items of their own residue class, so that there is something to learn.
struct TinyTaste {
  explicit TinyTaste(std::size_t users = 40, std::size_t items = 30) : texts(items), item_count(items) {
    for (std::size_t u = 0; u < users; ++u) {
      UserLikes user{UserId(static_cast<std::uint32_t>(u)), UserKey(u * 7919 + 3), {}};
      for (std::size_t i = u % 3; i < items; i += 3 + u % 4) user.items.emplace_back(static_cast<std::uint32_t>(i));
      likes.push_back(user.items);
      sampled.push_back(std::move(user));
    }
  }
  StepPlanner planner(const PairSampler& sampler, const BatchOptions& batch, CandidateRule rule,
                      int anchor_views = 1) const {
    return StepPlanner({sampler, texts, likes, item_count}, batch, rule, anchor_views);
  }

  TinyTexts texts;
  std::size_t item_count;
  std::vector<UserLikes> sampled;
  std::vector<std::vector<ItemId>> likes;
};

}  // namespace coldframe::testing
