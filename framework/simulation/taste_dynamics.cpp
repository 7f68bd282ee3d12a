#include "framework/simulation/taste_dynamics.h"

#include <cmath>

namespace coldframe {

void TasteDrift::after_page(const LivedPage& page, UserCondition& condition) const {
  if (condition.state.empty()) return;
  bool moved = false;
  for (std::size_t k = 0; k < page.shown.items.size(); ++k) {
    if (page.shown.clicks[k] == 0) continue;
    taste_->drift(condition.state, page.shown.items[k], rate_);
    moved = true;
  }
  if (moved) taste_->utilities(condition.group, condition.state, condition.taste);
}

void Satiation::after_page(const LivedPage& page, UserCondition& condition) const {
  std::vector<double> likeness(taste_->item_count());
  for (std::size_t k = 0; k < page.shown.items.size(); ++k) {
    if (page.shown.clicks[k] == 0) continue;
    taste_->likeness(page.shown.items[k], likeness);
    condition.satiation.resize(likeness.size(), 0.0);
    for (std::size_t i = 0; i < likeness.size(); ++i) condition.satiation[i] += strength_ * likeness[i];
  }
}

void Satiation::pass_time(double seconds, UserCondition& condition) const {
  const double left = std::exp2(-seconds / half_life_seconds_);
  for (double& lost : condition.satiation) lost *= left;
}

}  // namespace coldframe
