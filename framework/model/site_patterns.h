#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

/// Whether `pattern` names `name`: `*` stands for any run of characters, and a pattern may leave out leading parts, so
/// "attention.query" and "query" name "layer.3.attention.query" as "layer.*.query" does.
bool matches_site(std::string_view pattern, std::string_view name);

/// Indices (ascending) of the names that some pattern matches. ConfigError, naming `key` and the nearest names, for a
/// pattern that matches nothing and for an empty list.
std::vector<std::size_t> select_sites(const std::vector<std::string>& patterns, const std::vector<std::string>& names,
                                      std::string_view key);

}  // namespace coldframe
