#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/training/step_plan.h"
#include "tests/benchmarks/job_encoder.h"

namespace coldframe::bench {

/// An anchor and its positive.
struct TextPair {
  std::string anchor;
  std::string positive;
};

/// Two texts per line with a tab between them. DataError names the line that is not so.
std::vector<TextPair> read_pairs(const std::filesystem::path& file);

/// Steps over the pairs of a file in their order, `batch` at a time, from the start again at the end. Candidates are
/// the positives of the batch, one per pair. Tokenises when asked, as a training run does.
class FilePlanner {
 public:
  FilePlanner(std::vector<TextPair> pairs, const JobEncoder& encoder, std::size_t batch, std::int64_t lanes,
              std::int64_t micro_batch_tokens);

  StepPlan plan(std::int64_t step) const;

 private:
  std::vector<TextPair> pairs_;
  const JobEncoder& encoder_;
  std::size_t batch_;
  std::int64_t lanes_;
  std::int64_t micro_batch_tokens_;
};

}  // namespace coldframe::bench
