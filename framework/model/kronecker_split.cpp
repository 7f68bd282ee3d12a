#include "framework/model/kronecker_split.h"

namespace coldframe {

KroneckerSplit kronecker_split(std::int64_t size, std::int64_t factor) {
  if (factor > 0 && size % factor == 0) return {factor, size / factor};
  KroneckerSplit best{1, size};
  for (std::int64_t first = 2; first * first <= size && (factor < 0 || first <= factor); ++first) {
    if (size % first == 0) best = {first, size / first};
  }
  return best;
}

}  // namespace coldframe
