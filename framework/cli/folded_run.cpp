#include "framework/cli/folded_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

/// Rows 0, n / k, 2 n / k ... of n rows, at most k.
std::vector<std::uint32_t> even_rows(std::size_t rows, std::size_t most) {
  const std::size_t count = std::min(rows, most);
  std::vector<std::uint32_t> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(static_cast<std::uint32_t>(i * rows / count));
  return chosen;
}

}  // namespace

std::vector<Tokens> texts_to_compare(const ExperimentData& data, const TokenizedTexts& texts, std::size_t most) {
  std::vector<Tokens> chosen;
  for (const std::uint32_t row : even_rows(data.dataset.items.size(), (most + 1) / 2)) {
    chosen.push_back(texts.item(ItemId(row)));
  }
  for (const std::uint32_t row : even_rows(data.dataset.users.size(), most / 2)) {
    chosen.push_back(texts.newcomer(UserId(row), {}));
  }
  return chosen;
}

double largest_difference(const EncodedTexts& one, const EncodedTexts& other) {
  CF_EXPECTS(one.size() == other.size() && one.width == other.width);
  double largest = 0;
  for (std::size_t i = 0; i < one.vectors.size(); ++i) {
    largest = std::max(largest, std::abs(double{one.vectors.data()[i]} - double{other.vectors.data()[i]}));
  }
  return largest;
}

FoldedRun fold(const StoredRun& run, const std::vector<Tokens>& texts, const Group& group, LanePool& pool) {
  FoldedRun folded{run.load_learner(), {}, {}, 0};
  Learner& learner = *folded.learner;
  learner.parameters.compute_in(Precision::fp32);
  const BulkEncoder encoder(group, pool, *learner.encoder, learner.parameters, run.experiment().batch.tokens);
  folded.before = encoder.encode(texts, "before the merge");
  folded.left = learner.strategies.merge(*learner.encoder, learner.parameters);
  if (folded.left.size() == learner.strategies.size()) {
    throw ConfigError(fmt::format("nothing of {} can be merged", run.folder().path.string()),
                      fmt::format("{} cannot be written as weights of the encoder", fmt::join(folded.left, " and ")),
                      "use the run as it is; `coldframe strategies` tells what merges");
  }
  folded.largest_error = largest_difference(folded.before, encoder.encode(texts, "after the merge"));
  return folded;
}

}  // namespace coldframe
