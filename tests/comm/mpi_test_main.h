#pragma once

#include "framework/comm/group.h"

namespace coldframe {

/// The group of all ranks of a test program whose main is mpi_test_main.cpp. Such a program runs every test on all
/// ranks in the same order; it succeeds when all ranks do.
const Group& world_group();

}  // namespace coldframe
