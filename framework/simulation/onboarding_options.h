#pragma once

#include <cstdint>

#include "framework/core/options.h"

namespace coldframe {

/// The `[onboarding]` section: how newcomers answer questions about items, asked by policies named `onboard:...`
/// (answer_law.h), which is assumed: ratings say nothing about questions.
struct OnboardingOptions final : Options {
  double like_rate = 0.3;    // of the answers about items that newcomers know
  double familiarity = 1.0;  // how fast knowing an item grows with its popularity; 0: everybody knows every item
  std::int64_t classes = 8;  // of people of role T, among which the chooser `classes` finds a newcomer's

  void describe(OptionVisitor& visitor) override;
};

}  // namespace coldframe
