#include "framework/data/lane_plan.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "framework/core/hash.h"

namespace coldframe {
namespace {

std::uint64_t text_key(Tower tower, std::span<const std::int64_t> tokens, std::uint32_t view) {
  const auto* bytes = reinterpret_cast<const char*>(tokens.data());
  return stable_hash({bytes, tokens.size_bytes()}, (std::uint64_t{view} << 8) | static_cast<std::uint8_t>(tower));
}

/// Cuts consecutive texts into micro-batches of at most `limit` tokens; a longer text stands alone.
std::vector<TextRange> cut_micro_batches(const std::vector<PlannedText>& texts, TextRange range, std::int64_t limit) {
  std::vector<TextRange> batches;
  std::int64_t tokens = 0;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const auto length = static_cast<std::int64_t>(texts[i].tokens->size());
    if (batches.empty() || tokens + length > limit) {
      batches.push_back({i, i});
      tokens = 0;
    }
    tokens += length;
    batches.back().end = i + 1;
  }
  return batches;
}

}  // namespace

void BatchOptions::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "pairs", .doc = "training pairs of the global batch, over all ranks", .unit = "pairs", .minimum = 1, .maximum = 1 << 20},
      pairs);
  visitor.visit({.name = "extra_items",
                 .doc = "extra candidates per step, drawn uniformly from the catalogue",
                 .unit = "items",
                 .minimum = 0,
                 .maximum = 1 << 20},
                extra_items);
  visitor.visit({.name = "lanes",
                 .doc = "units of reduction, a power of two: the largest ranks x threads that give the same bits",
                 .unit = "lanes",
                 .minimum = 1,
                 .maximum = 4096},
                lanes);
  visitor.visit({.name = "tokens", .doc = "largest micro-batch inside a lane", .unit = "tokens", .minimum = 1}, tokens);
  visitor.visit(
      {.name = "activations",
       .doc = "keep them from forward to backward, or recompute them micro-batch by micro-batch (less memory)",
       .choices = {"keep", "recompute"}},
      activations);
}

std::vector<Problem> BatchOptions::validate() const {
  if (lanes < 1 || !std::has_single_bit(static_cast<std::uint64_t>(lanes))) {
    return {{"lanes", "(must be a power of two) try 4"}};
  }
  return {};
}

std::size_t TextPlan::tokens() const {
  return std::accumulate(texts.begin(), texts.end(), std::size_t{0},
                         [](std::size_t sum, const PlannedText& text) { return sum + text.tokens->size(); });
}

std::size_t TextPlanBuilder::add(Tower tower, std::shared_ptr<const std::vector<std::int64_t>> tokens,
                                 std::uint32_t view) {
  const std::uint64_t key = text_key(tower, *tokens, view);
  std::vector<std::size_t>& same_key = tickets_[key];
  for (const std::size_t ticket : same_key) {
    if (*texts_[ticket].tokens == *tokens) return ticket;
  }
  same_key.push_back(texts_.size());
  texts_.push_back({key, std::move(tokens)});
  return texts_.size() - 1;
}

TextPlanBuilder::Result TextPlanBuilder::build(std::int64_t lanes, std::int64_t tokens_per_micro_batch) && {
  const auto shorter_first = [this](std::size_t a, std::size_t b) {
    const PlannedText &left = texts_[a], &right = texts_[b];
    if (left.tokens->size() != right.tokens->size()) return left.tokens->size() < right.tokens->size();
    if (left.key != right.key) return left.key < right.key;
    return *left.tokens < *right.tokens;
  };
  std::vector<std::size_t> order(texts_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, shorter_first);

  std::vector<std::vector<std::size_t>> dealt(static_cast<std::size_t>(lanes));
  std::vector<std::size_t> load(dealt.size(), 0);
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const auto lane = static_cast<std::size_t>(std::ranges::min_element(load) - load.begin());
    dealt[lane].push_back(*it);
    load[lane] += texts_[*it].tokens->size();
  }

  Result result;
  result.row_of_ticket.resize(texts_.size());
  for (std::vector<std::size_t>& tickets : dealt) {
    std::ranges::reverse(tickets);  // dealt longest first
    LanePlan lane;
    lane.texts.begin = result.plan.texts.size();
    for (const std::size_t ticket : tickets) {
      result.row_of_ticket[ticket] = result.plan.texts.size();
      result.plan.texts.push_back(std::move(texts_[ticket]));
    }
    lane.texts.end = result.plan.texts.size();
    lane.micro_batches = cut_micro_batches(result.plan.texts, lane.texts, tokens_per_micro_batch);
    result.plan.lanes.push_back(std::move(lane));
  }
  return result;
}

}  // namespace coldframe
