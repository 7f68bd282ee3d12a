#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "framework/model/bottleneck_delta.h"
#include "framework/model/strategy.h"

namespace coldframe {

/// What all bottleneck adapters choose.
struct BottleneckOptions : Options {
  std::int64_t reduction = 16;
  std::int64_t width = 0;  // 0: encoder width / reduction
  std::string activation = "relu";
  std::int64_t skip_layers = 0;

  void describe(OptionVisitor& visitor) override;
};

enum class BottleneckPlaces { both_blocks, feed_forward };

/// First values of the two maps; biases start at 0.
enum class BottleneckStart {
  normal,            // N(0, 0.02)
  truncated_normal,  // N(0, 0.01) within two deviations
  neutral,           // down Kaiming-uniform (a = sqrt 5), up 0
};

/// Maps as sums of `products` Kronecker products whose factors have rank `rank`; the rules C_i [n, n] are shared by all
/// maps and start from N(0, 0.0001), the factors Glorot-uniform.
struct KroneckerShape {
  std::int64_t products = 4;
  std::int64_t rank = 1;
};

/// A member of the family. Parameters are named KIND.MODULE.down.weight and so on.
struct BottleneckPlan {
  std::string kind;
  std::int64_t reduction = 16;
  std::int64_t width = 0;
  std::string activation;
  std::int64_t skip_layers = 0;  // the lowest layers that carry no adapter
  BottleneckPlaces places = BottleneckPlaces::feed_forward;
  BottleneckInput input = BottleneckInput::branch;
  BottleneckStart start = BottleneckStart::normal;
  double scale = 1;
  bool scale_trained = false;
  bool norms_trained = false;  // LayerNorms of the blocks with an adapter
  std::optional<KroneckerShape> kronecker = std::nullopt;
};

BottleneckPlan plan_of(std::string kind, const BottleneckOptions& options);

/// Attaches the adapters, and reads and writes them as AdapterHub folders. Bottlenecks do not merge.
std::unique_ptr<Strategy> make_bottleneck_strategy(BottleneckPlan plan);

}  // namespace coldframe
