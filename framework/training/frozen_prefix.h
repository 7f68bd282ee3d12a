#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "framework/comm/group.h"
#include "framework/model/encoder.h"
#include "framework/training/lane_pool.h"
#include "framework/training/prefix_cache.h"
#include "framework/training/step_plan.h"

namespace coldframe {

/// What the layers below `layer` make of texts, each distinct text computed once as long as the cache holds it.
///
/// The rows of a text have the same bits whichever texts share its pass, on any rank and thread, kept or computed
/// again: passes have a fixed number of rows, the least multiple of pass_unit() that the text's length fits into, and
/// in products of one shape a row's bits depend neither on its place nor on other rows. (That products of other shapes
/// may differ was measured: bfloat16 with 128 and with 256 rows.) So it does not matter when and where the cache is
/// filled, what it forgot, or who wrote its file. Borrows encoder and cache. Thread-safe.
class FrozenPrefix {
 public:
  /// No parameter that the layers below `layer` read may change afterwards.
  FrozenPrefix(const Encoder& encoder, ParameterStore& parameters, std::int64_t layer, PrefixCache& cache);

  static constexpr std::int64_t pass_unit() { return 256; }
  std::int64_t layer() const { return layer_; }

  /// For the texts of a batch; computes what the cache lacks.
  LayerInput input(const PackedBatch& batch) const;
  /// Collective: ranks share the passes of those `texts` that rank 0 lacks, shortest first, as many as the cache has
  /// room for, and every rank gets all of them. Writes the cache's file.
  void fill(const Group& group, LanePool& pool, const std::vector<Tokens>& texts) const;

 private:
  struct Text {
    TextName name{};
    const std::int64_t* tokens = nullptr;
    std::int64_t length = 0;
  };
  struct Pass {
    std::size_t begin = 0;  // of sorted texts
    std::size_t end = 0;
    std::int64_t tokens = 0;
    std::int64_t rows = 0;
  };
  static std::vector<Pass> passes_of(std::vector<Text>& texts);
  std::vector<Text> missing_on_root(const Group& group, const std::vector<Tokens>& texts) const;
  PrefixChunk compute(const std::vector<Text>& texts, const Pass& pass) const;
  void exchange(const Group& group, const std::vector<Text>& texts, const std::vector<Pass>& passes,
                std::size_t round_begin, std::size_t round_end, std::vector<PrefixChunk>& chunks) const;

  const Encoder& encoder_;
  std::int64_t layer_;
  PrefixCache& cache_;
  ParameterView view_;
};

/// Bytes of one token in a prefix cache.
std::size_t prefix_row_bytes(const Encoder& encoder, Precision precision);

}  // namespace coldframe
