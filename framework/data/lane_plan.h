#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// `[batch]`: how a step is cut. None of these depends on ranks or threads.
struct BatchOptions : Options {
  std::int64_t pairs = 32;           // anchors of the global batch
  std::int64_t extra_items = 64;     // uniformly drawn extra candidates
  std::int64_t lanes = 4;            // power of two: the largest ranks x threads with equal bits
  std::int64_t tokens = 4096;        // largest micro-batch
  std::string activations = "keep";  // or recompute

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// Which encoder role reads a text. Roles with their own prompt, pooling or adapter are different towers.
enum class Tower : std::uint8_t { user, item };

/// A distinct text of a step: its tokens and the key that names it (tower, tokens, view) in dropout counters.
struct PlannedText {
  std::uint64_t key = 0;
  std::shared_ptr<const std::vector<std::int64_t>> tokens;
};

/// A half-open range of texts in plan order.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct LanePlan {
  TextRange texts;
  std::vector<TextRange> micro_batches;  // consecutive, at most batch.tokens tokens each (or one longer text)
};

/// The distinct texts of a step in plan order (lane by lane, shorter first within a lane) and how lanes share them.
struct TextPlan {
  std::vector<PlannedText> texts;  // [U]
  std::vector<LanePlan> lanes;     // batch.lanes of them, possibly empty

  std::size_t tokens() const;
};

/// Collects the texts of a step; repeats of a key are kept once.
class TextPlanBuilder {
 public:
  /// Returns a ticket for the text; equal (tower, tokens, view) give equal tickets.
  std::size_t add(Tower tower, std::shared_ptr<const std::vector<std::int64_t>> tokens, std::uint32_t view = 0);

  struct Result {
    TextPlan plan;
    std::vector<std::size_t> row_of_ticket;  // ticket -> row of the text in plan order
  };
  /// Sorts by (length, key) and deals texts, longest first, to the lane with the fewest tokens so far (ties: lowest
  /// lane).
  Result build(std::int64_t lanes, std::int64_t tokens_per_micro_batch) &&;

 private:
  std::vector<PlannedText> texts_;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> tickets_;
};

}  // namespace coldframe
