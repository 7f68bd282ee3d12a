#pragma once

// Included by group.h, which declares and documents agree_on_errors().
#include <functional>
#include <string_view>
#include <utility>

#include "framework/comm/group.h"

namespace coldframe {
namespace detail {
void agree_on_errors(const Group& group, std::string_view phase, const std::function<void()>& work);
}

template <class Work>
void agree_on_errors(const Group& group, std::string_view phase, Work&& work) {
  detail::agree_on_errors(group, phase, [&work] { std::forward<Work>(work)(); });
}

}  // namespace coldframe
