#include "tests/benchmarks/pair_file.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

#include "framework/core/error.h"

namespace coldframe::bench {

std::vector<TextPair> read_pairs(const std::filesystem::path& file) {
  std::ifstream input(file);
  if (!input) throw IoError(fmt::format("cannot read {}", file.string()));
  std::vector<TextPair> pairs;
  for (std::string line; std::getline(input, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos || line.find('\t', tab + 1) != std::string::npos) {
      throw DataError(fmt::format("{}:{}: not two texts", file.string(), pairs.size() + 1),
                      "one tab stands between them");
    }
    pairs.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  return pairs;
}

FilePlanner::FilePlanner(std::vector<TextPair> pairs, const JobEncoder& encoder, std::size_t batch, std::int64_t lanes,
                         std::int64_t micro_batch_tokens)
    : pairs_(std::move(pairs)),
      encoder_(encoder),
      batch_(batch),
      lanes_(lanes),
      micro_batch_tokens_(micro_batch_tokens) {
  if (pairs_.size() < batch_) {
    throw DataError(fmt::format("{} pairs", pairs_.size()), fmt::format("a batch has {}", batch_), "write more pairs");
  }
}

StepPlan FilePlanner::plan(std::int64_t step) const {
  const std::size_t batches = pairs_.size() / batch_;
  const std::size_t first = static_cast<std::size_t>(step) % batches * batch_;
  TextPlanBuilder builder;
  std::vector<std::size_t> anchors, candidates;
  for (std::size_t i = first; i < first + batch_; ++i) {
    anchors.push_back(builder.add(Tower::user, encoder_.tokens(pairs_[i].anchor)));
    candidates.push_back(builder.add(Tower::item, encoder_.tokens(pairs_[i].positive)));
  }
  auto [texts, row_of] = std::move(builder).build(lanes_, micro_batch_tokens_);
  StepPlan plan;
  plan.step = plan.task_step = step;
  plan.texts = std::move(texts);
  for (std::size_t i = 0; i < batch_; ++i) {
    plan.loss.anchor_rows.push_back(row_of[anchors[i]]);
    plan.loss.candidate_rows.push_back(row_of[candidates[i]]);
    plan.loss.candidate_items.push_back(ItemId(static_cast<std::uint32_t>(i)));
    plan.loss.positives.push_back(i);
  }
  plan.loss.known.resize(batch_);
  return plan;
}

}  // namespace coldframe::bench
