#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

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
  friend class LatentsProbe;     // tests
};

/// The true taste of one newcomer: sealed. Anybody can hold or pass it on, but a policy that tries to read it does not
/// compile (tests/simulation/compile_fail).
class Latents {
 public:
  Latents(LatentKey, std::uint32_t group, std::vector<double> state, std::vector<double> utilities)
      : group_(group), state_(std::move(state)), utilities_(std::move(utilities)) {}

  std::uint32_t group(LatentKey) const { return group_; }
  std::span<const double> state(LatentKey) const { return state_; }          // z or topic shares
  std::span<const double> utilities(LatentKey) const { return utilities_; }  // [I] log(I p(i|u))

 private:
  std::uint32_t group_ = 0;
  std::vector<double> state_;
  std::vector<double> utilities_;
};

}  // namespace coldframe
