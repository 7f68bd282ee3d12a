#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "framework/simulation/taste_model.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// Twins of the users of `real` in a world: the same keys, attributes and numbers of likes, the likes drawn without
/// replacement and standing in the order in which they were drawn. So activity is copied, not tested. `stream` names
/// the draw.
WorldData draw_twins(const TasteModel& taste, const WorldData& real, std::uint64_t seed, std::uint32_t stream = 0);

/// The same people after items have exchanged names with others of about their popularity (strata of `stratum` items by
/// `popularity` [items], a keyed permutation in each): a wrong world whose popularity curve is right. What tells worlds
/// from people has to notice.
WorldData rename_items(const WorldData& people, std::span<const double> popularity, std::size_t stratum,
                       std::uint64_t seed);

}  // namespace coldframe
