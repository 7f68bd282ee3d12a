#pragma once

#include <memory>
#include <vector>

#include "framework/cli/learner.h"
#include "framework/text/text_noise.h"
#include "framework/text/thesaurus.h"

namespace coldframe {

/// The texts of training under `[training] text_noise`: a share of the anchors' texts is disturbed before it is
/// tokenised, so that an encoder meets badly written profiles before its users write them. Which, how and by which kind
/// is a function of (seed, user, epoch) alone: the same bits on any ranks and after a resume. Prompts and items are
/// left alone; without a kind everything passes through. Thread-safe. Borrows data and texts.
class NoisyTexts final : public TokenSource {
 public:
  /// IoError when synonyms are asked for and there is no WordNet.
  NoisyTexts(const Experiment& experiment, const ExperimentData& data, const TokenizedTexts& texts);

  Tokens item(ItemId item) const override { return texts_.item(item); }
  Tokens user(UserId user, std::span<const ItemId> history) const override { return texts_.user(user, history); }
  Tokens anchor(UserId user, std::span<const ItemId> history, std::uint64_t epoch) const override;

 private:
  const ExperimentData& data_;
  const TokenizedTexts& texts_;
  const TrainingOptions& options_;
  std::size_t prompt_;
  std::uint64_t seed_;
  std::vector<TextNoise> kinds_;
  std::unique_ptr<Thesaurus> thesaurus_;
  TextNoiser noiser_;
};

}  // namespace coldframe
