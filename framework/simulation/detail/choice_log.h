#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/simulation/choice_fit.h"
#include "framework/simulation/detail/newton.h"

namespace coldframe::detail {

/// What a log of clicks says about all user models alike.
struct LogShape {
  double clicks = 0;
  double impressions = 0;
  std::size_t longest = 0;  // page

  /// A first guess of the no-click logit at scale 1.
  double no_click() const;
};

/// Throws DataError for a log that is broken, or says nothing about any model.
LogShape check_log(std::string_view model, std::span<const ObservedPage> log);

/// Throws DataError: the log cannot identify the model.
[[noreturn]] void refuse_log(std::string_view model, const std::string& why, const std::string& advice);

/// Throws DataError for a page that cannot happen under the model.
[[noreturn]] void refuse_page(std::string_view model, std::size_t page, const ObservedPage& observed);

/// A fitted number: its name, where it ended, and whether it is the logit of a share, which has borders.
struct FreeNumber {
  std::string_view name;
  double value = 0;
  bool share = false;
};

/// Throws DataError that names what the log left free: a share at its border, a flat direction.
void require_identified(std::string_view model, std::span<const FreeNumber> numbers, const NewtonResult& top,
                        std::size_t pages);

}  // namespace coldframe::detail
