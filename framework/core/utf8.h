#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace coldframe {

/// Position of the first byte that breaks UTF-8 (overlong forms, surrogates and values above U+10FFFF included);
/// nothing when all of it is valid.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

}  // namespace coldframe
