#pragma once

#include <string>

namespace coldframe {

/// The commit this program was built from; the definition is written by cmake/WriteRevision.cmake at build time and
/// linked into the program alone.
std::string source_revision();

}  // namespace coldframe
