#include "framework/simulation/onboarding_options.h"

namespace coldframe {

void OnboardingOptions::describe(OptionVisitor& v) {
  v.visit({.name = "like_rate",
           .doc = "share of likes among the answers of newcomers about items that they know (assumed)",
           .minimum = 0.001,
           .maximum = 0.999},
          like_rate);
  v.visit(
      {.name = "familiarity",
       .doc = "a newcomer knows item i with probability 1 - e^(-familiarity n_i / mean n), n_i the likes of role W; "
              "0: everybody knows every item (assumed)",
       .minimum = 0,
       .maximum = 1e6},
      familiarity);
  v.visit({.name = "classes",
           .doc = "classes of people of role T that onboard:classes:K: tells apart",
           .minimum = 1,
           .maximum = 256},
          classes);
}

}  // namespace coldframe
