#pragma once

#include <string>
#include <utility>

#include "framework/simulation/user_model.h"

namespace coldframe::detail {

/// A column of draws: draw(position, slot of the item there).
template <class Draw>
PageDraws::Column drawn(std::string name, const ShownPage& page, const Draw& draw) {
  PageDraws::Column column{std::move(name), {}};
  for (std::size_t k = 0; k < page.item_slots.size(); ++k) {
    column.values.push_back(draw(static_cast<std::uint32_t>(k), page.item_slots[k]));
  }
  return column;
}

inline PageDraws::Column drawn_gumbel(const SimulationRandom& random, const ShownPage& page) {
  return drawn("Gumbel", page, [&](std::uint32_t, std::uint32_t slot) {
    return random.item_gumbel(page.user, page.session, page.page, slot);
  });
}

inline PageDraws::Column drawn_attraction(const SimulationRandom& random, const ShownPage& page) {
  return drawn("u item", page, [&](std::uint32_t, std::uint32_t slot) {
    return random.attraction(page.user, page.session, page.page, slot);
  });
}

inline PageDraws::Column drawn_satisfaction(const SimulationRandom& random, const ShownPage& page) {
  return drawn("u enough", page, [&](std::uint32_t position, std::uint32_t) {
    return random.satisfaction(page.user, page.session, page.page, position);
  });
}

/// `name` says what going on means for the law: examining the position, or reading on after it.
inline PageDraws::Column drawn_continuation(std::string name, const SimulationRandom& random, const ShownPage& page) {
  return drawn(std::move(name), page, [&](std::uint32_t position, std::uint32_t) {
    return random.continuation(page.user, page.session, page.page, position);
  });
}

}  // namespace coldframe::detail
