#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "framework/cli/learner.h"
#include "framework/cli/text_input.h"
#include "framework/comm/group.h"
#include "framework/core/clock.h"
#include "framework/data/vector_file.h"
#include "framework/training/bulk_encoder.h"

namespace coldframe {

/// What was encoded.
struct StreamSummary {
  std::size_t texts = 0;
  std::size_t tokens = 0;  // of all texts, repeated ones counted each time
  double seconds = 0;
};

/// Encodes texts on their way from an input to a file, window by window: the root reads and writes, all ranks and
/// threads encode. Within a window repeated texts are encoded once and the rest is sorted by length. Windows are cut by
/// texts and bytes alone, so vectors have the same bits for any number of ranks and threads. Memory: one window.
class VectorStream {
 public:
  struct Setting {
    const Group& group;
    LanePool& pool;
    const Clock& clock;
    Learner& learner;
    std::size_t max_tokens;     // of a text
    std::int64_t chunk_tokens;  // of a product, see BulkEncoder
    std::size_t window_texts = 32768;
  };
  explicit VectorStream(const Setting& setting);

  /// Collective. `input` and `writer` are used on the root alone. `progress(done)` is called there after every chunk of
  /// texts, one call at a time.
  StreamSummary run(TextInput* input, VectorWriter* writer, const std::function<void(std::size_t done)>& progress);

 private:
  std::vector<NamedText> read_window(TextInput* input) const;
  std::vector<Tokens> tokenise(const std::vector<NamedText>& window) const;

  Setting setting_;
  BulkEncoder encoder_;
};

}  // namespace coldframe
