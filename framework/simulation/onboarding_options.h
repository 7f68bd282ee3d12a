#pragma once

#include "framework/core/options.h"

namespace coldframe {

/// The `[onboarding]` section: how newcomers answer questions about items, asked by policies named `onboard:...`
/// (answer_law.h). All of it is assumed: ratings say nothing about questions.
struct OnboardingOptions final : Options {
  double like_rate = 0.3;    // of the answers about items that newcomers know
  double familiarity = 1.0;  // how fast knowing an item grows with its popularity; 0: everybody knows every item

  void describe(OptionVisitor& visitor) override;
};

}  // namespace coldframe
