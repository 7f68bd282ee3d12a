#pragma once

#include <cstddef>
#include <vector>

#include "framework/text/text_noise.h"

namespace coldframe {

// Noise on what a text is made from: which fields are filled in, and the order and length of a history. Keys, severity
// and nesting as in TextNoiser; ConfigError for a severity outside [0, 1].

/// Field f is left out when its uniform number lies below the severity. [fields] 1: left out.
std::vector<bool> missing_fields(std::size_t fields, double severity, const NoiseKey& key);

/// Places whose uniform number lies below the severity exchange their entries in a keyed order; the others keep theirs.
/// Returns which old place each new place holds. Below two chosen places it is the identity.
std::vector<std::size_t> shuffled_places(std::size_t entries, double severity, const NoiseKey& key);

/// Entries that are left when the oldest floor(severity * entries) are forgotten; it knows no chance.
std::size_t shortened_length(std::size_t entries, double severity);

}  // namespace coldframe
