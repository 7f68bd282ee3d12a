#pragma once

#include "framework/comm/group.h"

namespace coldframe {

// What must hold on every transport and for any number of ranks. Called by all ranks of the group; failures are
// reported through GoogleTest's EXPECT.

/// Random messages of random lengths (0 B to 9 MB, several segments) between random pairs arrive intact and in order.
void expect_random_messages_arrive(const Group& group, std::uint64_t seed);
void expect_collectives_agree_with_their_definition(const Group& group, std::uint64_t seed);
void expect_errors_are_agreed(const Group& group);
void expect_facts_are_compared(const Group& group);

}  // namespace coldframe
