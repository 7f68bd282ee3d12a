#pragma once

#include <memory>

#include "framework/comm/group.h"

namespace coldframe::detail {

/// Whether positions become the last words of the process: only for the one transport that stands for the process.
enum class LastWords { untouched, kept };

/// A rank without others. It never exchanges anything.
std::shared_ptr<Transport> make_one_rank_transport(LastWords last_words);

}  // namespace coldframe::detail
