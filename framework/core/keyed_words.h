#pragma once

#include <cstdint>
#include <span>

#include "framework/core/philox.h"

namespace coldframe {

/// The first two words of the blocks of many slots, as word 0 in the high half and word 1 in the low one: out[i]
/// belongs to random.block(user, session, page, slots[i]). Several times as fast as one after the other; out is as long
/// as slots.
void keyed_words(const KeyedRandom& random, UserKey user, std::uint32_t session, std::uint32_t page,
                 std::span<const std::uint32_t> slots, std::span<std::uint64_t> out);

}  // namespace coldframe
