#pragma once

#include <span>
#include <string>
#include <string_view>

namespace coldframe {

/// The candidate with the smallest edit distance (a swap of neighbours counts one), ties by order; empty when none is
/// close enough to be what was meant (more than a third of the letters differ).
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

/// "did you mean learning_rate?", or "known: a, b, c" when nothing is near.
std::string suggest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace coldframe
