#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/philox.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/onboarding_options.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

/// How a newcomer answers "do you like item i?" (assumed). They know the item with probability k_i, the same for
/// everybody; of an item they know they say that they like it with probability sigmoid(scale v_i - bar), v_i the
/// utility of choice models; else "don't know", which says nothing about tastes. Draws are keyed by (user, item), so
/// whoever asks hears the same. M draws of a latent state. Thread-safety: const.
class AnswerLaw {
 public:
  /// known [I] probabilities; `scale.no_click` is the bar.
  AnswerLaw(std::vector<double> known, const ChoiceScale& scale, std::uint64_t seed);

  double known(ItemId item) const { return known_[item.value()]; }
  double likes(double utility) const;  // P(like | known)
  AnswerKind answer(UserKey user, ItemId item, std::uint32_t item_slot, double utility) const;

  /// Adds log P(answer | known) for every draw; `kind` is like or dislike. utilities, log_weights [M]
  void add_log_likelihood(AnswerKind kind, std::span<const float> utilities, std::span<double> log_weights) const;

  /// Mutual information in nats between the answer about an item and the latent state, when draws with these utilities
  /// have these weights (adding up to 1): k_i (h(mean q) - mean h(q)), q = P(like | known), h the entropy of a coin.
  double information(ItemId item, std::span<const float> utilities, std::span<const float> weights) const;

  const ChoiceScale& scale() const { return scale_; }

 private:
  std::vector<double> known_;
  ChoiceScale scale_;
  KeyedRandom known_random_;
  KeyedRandom like_random_;
};

/// k_i = 1 - e^(-familiarity n_i / mean n); all 1 at familiarity 0. Throws DataError when all counts are 0.
std::vector<double> known_shares(std::span<const std::uint32_t> popularity, double familiarity);

/// The law of `[onboarding]` at this utility scale (that of choices): the bar is solved so that the share of likes
/// among known items is like_rate, over keyed newcomers of their own and the items that are there at the start (2,048
/// of them at most).
AnswerLaw calibrate_answers(const Newcomers& newcomers, const Catalogue& catalogue, const OnboardingOptions& options,
                            double scale, std::uint64_t seed);

}  // namespace coldframe
