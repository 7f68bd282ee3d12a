#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

/// Numbers that some sites have to themselves, written "attention.query:16": a pattern of site_patterns.h, a colon and
/// the number. One number per name: that of the first entry whose pattern matches, else `otherwise`. ConfigError naming
/// `key` for an entry without a number and for a pattern that matches nothing.
std::vector<double> numbers_of_sites(const std::vector<std::string>& entries, const std::vector<std::string>& names,
                                     double otherwise, std::string_view key);

}  // namespace coldframe
