#pragma once

#include <cstdint>
#include <vector>

namespace coldframe {

/// How a product puts the gradient of its weight where gradients are summed.
enum class Putting : std::uint8_t {
  write,   // nothing stands there yet: written over whatever does; the next one is added
  add,     // added element by element as the product goes along
  finish,  // the product is finished first and then added: the sum of two lanes, each as it would be on its own
};

/// Where the gradient of a matrix goes, [out, in] float32.
struct GradientTarget {
  float* to = nullptr;  // null: it goes through autograd
  Putting putting = Putting::add;
};

/// Where backward puts the gradients of matrices instead of handing them to autograd, by parameter: saves a copy of
/// every weight gradient. Belongs to one thread at a time.
class GradientMemory {
 public:
  explicit GradientMemory(std::size_t parameters) : targets_(parameters), uses_(parameters, 0) {}

  GradientTarget& operator[](std::size_t parameter) { return targets_[parameter]; }

  /// Forward passes count the products of each weight.
  void count_use(std::size_t parameter) { ++uses_[parameter]; }
  /// Products since the last call of forget_uses().
  int uses(std::size_t parameter) const { return uses_[parameter]; }
  void forget_uses() { uses_.assign(uses_.size(), 0); }

 private:
  std::vector<GradientTarget> targets_;
  std::vector<int> uses_;
};

}  // namespace coldframe
