#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/simulation/choice_fit.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

/// Where a parameter lives: anywhere, or strictly between 0 and 1.
enum class ParameterRange { real, share };

/// A parameter of a user model beside scale and no_click, which every model has.
struct ChoiceParameter {
  std::string name;
  ParameterRange range = ParameterRange::real;
  double start = 0;  // where the search begins
};

/// A user model from outside whose parameters can be fitted: what they are, and the model for given values.
struct ChoiceLaw {
  std::string name;
  std::vector<ChoiceParameter> parameters;
  std::function<std::unique_ptr<UserModel>(const ChoiceScale& scale, std::span<const double> values)> make;
};

/// fit_choices() for such a model: maximum of its own log_likelihood() by Newton's method, derivatives by central
/// differences, standard errors from the observed information. Shares are fitted as logits. `known`: parameters that
/// are not fitted. Refuses what fit_choices() refuses, but for pages too short to tell positions apart, which show as a
/// flat direction.
ChoiceFit fit_choices(const ChoiceLaw& law, std::span<const ObservedPage> log,
                      const std::map<std::string, double>& known = {});

}  // namespace coldframe
