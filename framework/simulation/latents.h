#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace coldframe {

/// Permission to open latents. Only what plays nature, or knows the truth by definition, can make one.
class LatentKey {
 private:
  LatentKey() = default;
  friend class Newcomers;        // draws them
  friend class UserStory;        // lets users choose
  friend class ClickRateSolver;  // calibrates how readily they do
  friend class LikeRateSolver;   // calibrates how they answer
  friend class LatentOracle;     // the ceiling that knows the truth
  friend class SponsoredOracle;  // the same for ads
  friend class PlanningOracle;   // the same, many pages ahead
  friend class LatentsProbe;     // tests
};

/// The true taste of one newcomer: sealed. Anybody can hold or pass it on, but a policy that tries to read it does not
/// compile (tests/simulation/compile_fail).
class Latents {
 public:
  /// Keeps a copy.
  Latents(LatentKey, std::uint32_t group, std::span<const double> state, std::span<const double> utilities)
      : group_(group) {
    auto own = std::make_shared_for_overwrite<double[]>(state.size() + utilities.size());
    state_ = {own.get(), state.size()};
    utilities_ = {std::copy(state.begin(), state.end(), own.get()), utilities.size()};
    std::copy(utilities.begin(), utilities.end(), own.get() + state.size());
    memory_ = std::move(own);
  }
  /// Of many newcomers whose numbers lie in one piece of memory.
  Latents(LatentKey, std::uint32_t group, std::shared_ptr<const double[]> memory, std::span<const double> state,
          std::span<const double> utilities)
      : group_(group), memory_(std::move(memory)), state_(state), utilities_(utilities) {}

  std::uint32_t group(LatentKey) const { return group_; }
  std::span<const double> state(LatentKey) const { return state_; }          // z or topic shares
  std::span<const double> utilities(LatentKey) const { return utilities_; }  // [I] log(I p(i|u))

 private:
  std::uint32_t group_ = 0;
  std::shared_ptr<const double[]> memory_;
  std::span<const double> state_;
  std::span<const double> utilities_;
};

}  // namespace coldframe
