#pragma once

#include <string>
#include <vector>

#include "framework/simulation/scored_policy.h"
#include "framework/simulation/search_law.h"

namespace coldframe {

/// A search box without learning: items that have a value whose words the query holds come first, then all others, both
/// by popularity. Words are those of content_words(), so that "sci-fi" asks for Sci-Fi and "comdey" for nothing. While
/// a user browses it is the popularity policy.
class MatchPolicy final : public ScoredPolicy {
 public:
  /// popularity [I]: scores of at least 0. values: what items can be found by.
  MatchPolicy(std::string name, std::vector<float> popularity, std::vector<Intent> values, TieBreak ties);
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return popularity_.size(); }
  void score(std::span<const PolicyRequest> requests, std::span<float> scores) const override;

 private:
  struct Value {
    std::vector<std::string> words;
    std::vector<ItemId> items;
  };
  std::string name_;
  std::vector<float> popularity_;
  std::vector<Value> values_;
  float first_ = 1;  // what a match adds: more than the most popular item has
};

}  // namespace coldframe
