#include "framework/simulation/detail/choice_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

constexpr double k_border = 10.0;             // a logit beyond it is a share within 5e-5 of 0 or 1
constexpr double k_least_information = 1e-9;  // per page
constexpr double k_least_curvature = 1e-7;    // of parameters scaled to unit information
constexpr double k_least_spread = 1e-9;       // of utilities

}  // namespace

double LogShape::no_click() const { return std::log((impressions - clicks) / clicks); }

void refuse_log(std::string_view model, const std::string& why, const std::string& advice) {
  throw DataError(fmt::format("the log cannot identify user model {}", model), why, advice);
}

void refuse_page(std::string_view model, std::size_t page, const ObservedPage& observed) {
  throw DataError(fmt::format("page {} of the log", page),
                  fmt::format("its {} clicks cannot happen under user model {}",
                              std::count(observed.clicks.begin(), observed.clicks.end(), std::uint8_t{1}), model),
                  "fit a model that allows them");
}

LogShape check_log(std::string_view model, std::span<const ObservedPage> log) {
  LogShape shape;
  double lowest = 0, highest = 0;
  for (std::size_t at = 0; at < log.size(); ++at) {
    const ObservedPage& page = log[at];
    const bool finite =
        std::all_of(page.utilities.begin(), page.utilities.end(), [](double v) { return std::isfinite(v); });
    const bool bits = std::all_of(page.clicks.begin(), page.clicks.end(), [](std::uint8_t c) { return c <= 1; });
    if (page.utilities.size() != page.clicks.size() || page.clicks.empty() || !finite || !bits) {
      throw DataError(fmt::format("page {} of the log", at), "needs one finite utility and one click bit per position");
    }
    const auto [low, high] = std::minmax_element(page.utilities.begin(), page.utilities.end());
    lowest = at == 0 ? *low : std::min(lowest, *low);
    highest = at == 0 ? *high : std::max(highest, *high);
    shape.clicks += static_cast<double>(std::count(page.clicks.begin(), page.clicks.end(), 1));
    shape.impressions += static_cast<double>(page.clicks.size());
    shape.longest = std::max(shape.longest, page.clicks.size());
  }
  if (log.empty()) refuse_log(model, "it has no pages", "give pages with clicks");
  if (shape.clicks == 0) refuse_log(model, "it has no clicks", "give pages with clicks");
  if (shape.clicks == shape.impressions)
    refuse_log(model, "everything shown was clicked", "give pages without clicks too");
  if (highest - lowest <= k_least_spread * std::max(1.0, std::abs(highest))) {
    refuse_log(model, "all utilities are equal, so that scale and no_click cannot be told apart",
               "give utilities that differ");
  }
  return shape;
}

void require_identified(std::string_view model, std::span<const FreeNumber> numbers, const NewtonResult& top,
                        std::size_t pages) {
  for (const FreeNumber& number : numbers) {
    if (!number.share || std::abs(number.value) <= k_border) continue;
    refuse_log(model, fmt::format("{} runs to the border of its range", number.name),
               fmt::format("give more pages, or {} as known", number.name));
  }
  for (std::size_t f = 0; f < numbers.size(); ++f) {
    const double information = -top.top.hessian[f * numbers.size() + f] / static_cast<double>(pages);
    if (information > k_least_information) continue;
    refuse_log(model, fmt::format("its likelihood does not depend on {}", numbers[f].name),
               fmt::format("give more pages, or {} as known", numbers[f].name));
  }
  if (top.converged && !top.covariance.empty() && top.least_curvature > k_least_curvature) return;
  std::string names;
  for (std::size_t f = 0; f < numbers.size(); ++f) {
    if (std::abs(top.weakest[f]) > 0.1) names += fmt::format("{}{}", names.empty() ? "" : ", ", numbers[f].name);
  }
  refuse_log(model, fmt::format("a combination of {} is free", names),
             "give more varied pages, or one of them as known");
}

}  // namespace coldframe::detail
