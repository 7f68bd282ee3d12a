#include "framework/simulation/onboarded_policy.h"

#include <utility>

#include "framework/core/error.h"

namespace coldframe {

OnboardedPolicy::OnboardedPolicy(std::string name, std::shared_ptr<const Policy> inner, Interview interview)
    : name_(std::move(name)), inner_(std::move(inner)), interview_(std::move(interview)) {
  CF_EXPECTS(inner_ != nullptr && interview_.chooser != nullptr && interview_.answers != nullptr);
}

}  // namespace coldframe
