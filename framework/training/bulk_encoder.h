#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "framework/comm/group.h"
#include "framework/distributed/aligned_buffer.h"
#include "framework/model/encoder.h"
#include "framework/training/lane_pool.h"
#include "framework/training/step_plan.h"

namespace coldframe {

/// One row per text, [N, D] float32.
struct EncodedTexts {
  std::size_t width = 0;
  AlignedBuffer vectors;

  std::span<const float> row(std::size_t text) const { return vectors.span().subspan(text * width, width); }
  std::size_t size() const { return width == 0 ? 0 : vectors.size() / width; }
};

/// Encodes any number of texts without dropout. Distinct texts are sorted by length, then by hash, and cut into chunks
/// of a fixed size (canonical chunks), which ranks and threads share: the bits of a vector depend on the set of texts
/// alone.
class BulkEncoder {
 public:
  /// `chunk_tokens`: largest chunk.
  BulkEncoder(const Group& group, LanePool& pool, const Encoder& encoder, ParameterStore& parameters,
              std::int64_t chunk_tokens = 4096);

  /// Called after every chunk with the texts done so far (as this rank sees it) and all texts; one call at a time.
  void watch(std::function<void(std::size_t done, std::size_t total)> progress) { progress_ = std::move(progress); }

  /// Collective: every rank passes the same texts and gets all vectors. `phase` is shown in diagnostics.
  EncodedTexts encode(const std::vector<Tokens>& texts, std::string_view phase, std::int64_t step = 0) const;

 private:
  const Group& group_;
  LanePool& pool_;
  const Encoder& encoder_;
  ParameterStore& parameters_;
  std::int64_t chunk_tokens_;
  std::function<void(std::size_t, std::size_t)> progress_;
};

}  // namespace coldframe
