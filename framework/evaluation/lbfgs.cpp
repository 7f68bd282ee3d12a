#include "framework/evaluation/lbfgs.h"

#include <cmath>
#include <deque>
#include <utility>

namespace coldframe {
namespace {

constexpr std::size_t k_memory = 8;
constexpr int k_halvings = 25;
constexpr double k_armijo = 1e-4;

struct Pair {
  std::vector<double> step;
  std::vector<double> change;  // of the descent gradient along the step
  double curvature;            // step . change > 0
};

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void add_scaled(std::vector<double>& a, double scale, std::span<const double> b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += scale * b[i];
}

std::vector<double> ascent_direction(const std::deque<Pair>& memory, std::span<const double> gradient) {
  std::vector<double> direction(gradient.begin(), gradient.end());
  std::vector<double> alphas(memory.size());
  for (std::size_t k = memory.size(); k-- > 0;) {
    alphas[k] = dot(memory[k].step, direction) / memory[k].curvature;
    add_scaled(direction, -alphas[k], memory[k].change);
  }
  if (!memory.empty()) {
    const double scale = memory.back().curvature / dot(memory.back().change, memory.back().change);
    for (double& value : direction) value *= scale;
  }
  for (std::size_t k = 0; k < memory.size(); ++k) {
    const double beta = dot(memory[k].change, direction) / memory[k].curvature;
    add_scaled(direction, alphas[k] - beta, memory[k].step);
  }
  return direction;
}

}  // namespace

std::vector<double> maximise_lbfgs(const ClimbedFunction& objective, std::span<double> x, const LbfgsOptions& options) {
  std::vector<double> gradient(x.size());
  std::vector<double> next_gradient(x.size());
  std::vector<double> next(x.size());
  std::deque<Pair> memory;
  std::vector<double> values = {objective(x, gradient)};
  for (std::size_t iteration = 0; iteration < options.iterations; ++iteration) {
    const double value = values.back();
    std::vector<double> direction = ascent_direction(memory, gradient);
    double slope = dot(direction, gradient);
    if (!(slope > 0)) {
      memory.clear();
      direction.assign(gradient.begin(), gradient.end());
      slope = dot(direction, gradient);
    }
    if (!(slope > 0)) break;
    double length = memory.empty() ? 1.0 / std::sqrt(slope) : 1.0;
    double next_value = value;
    bool found = false;
    for (int halving = 0; halving < k_halvings && !found; ++halving, length *= 0.5) {
      for (std::size_t i = 0; i < x.size(); ++i) next[i] = x[i] + length * direction[i];
      next_value = objective(next, next_gradient);
      found = next_value >= value + k_armijo * length * slope;
    }
    if (!found) break;
    Pair pair{std::vector<double>(x.size()), std::vector<double>(x.size()), 0};
    for (std::size_t i = 0; i < x.size(); ++i) {
      pair.step[i] = next[i] - x[i];
      pair.change[i] = gradient[i] - next_gradient[i];
      x[i] = next[i];
    }
    pair.curvature = dot(pair.step, pair.change);
    values.push_back(next_value);
    if (next_value - value < options.tolerance) break;
    gradient.swap(next_gradient);
    if (pair.curvature > 1e-12 * dot(pair.change, pair.change)) {
      memory.push_back(std::move(pair));
      if (memory.size() > k_memory) memory.pop_front();
    }
  }
  return values;
}

}  // namespace coldframe
