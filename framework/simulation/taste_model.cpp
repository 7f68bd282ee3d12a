#include "framework/simulation/taste_model.h"

namespace coldframe {

void TasteModel::utilities_of(std::span<const std::uint32_t> groups, std::span<const double> states,
                              std::span<double* const> out) const {
  const std::size_t size = latent_size(), items = item_count();
  for (std::size_t u = 0; u < groups.size(); ++u) {
    utilities(groups[u], states.subspan(u * size, size), {out[u], items});
  }
}

}  // namespace coldframe
