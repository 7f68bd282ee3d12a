#pragma once

#include <cstddef>
#include <functional>

namespace coldframe {

/// How the expected clicks of a page fall apart into its items, for those who look for the best one. Places k count
/// from 0, v is a utility.
struct PageParts {
  enum class Kind {
    other,        // nothing is known
    independent,  // E_k = examined(k) weight(v_k)
    shared,       // E_k = weight(v_k) / (1 + sum of the weights of the page)
    top_down      // E_k = weight(v_k) times what the places above pass on: passes(v_j, j), in [0, 1]
  };
  Kind kind = Kind::other;
  std::function<double(double v)> weight = {};
  std::function<double(std::size_t k)> examined = {};
  std::function<double(double v, std::size_t k)> passes = {};
};

}  // namespace coldframe
