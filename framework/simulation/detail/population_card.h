#pragma once

#include <cstddef>
#include <vector>

#include "framework/simulation/population.h"

namespace coldframe::detail {

/// The card of a population: what was fitted and how well, what is assumed and over which range to sweep it, and what
/// ratings cannot tell.
std::vector<CardEntry> make_card(const Population& population, const std::vector<WorldTrial>& trials,
                                 double unigram_held_out, std::size_t world_users);

/// What the source says, and what it leaves open, about likes, their order and attributes; profile noise.
void add_source_facts(const Dataset& data, const PopulationOptions& options, std::vector<CardEntry>& card);

}  // namespace coldframe::detail
