#include "framework/reporting/acceptance_bound.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using Kind = AcceptanceBound::Kind;

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); }

/// Takes a number off the front.
std::optional<double> take_number(std::string_view& text) {
  skip_blanks(text);
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  skip_blanks(text);
  return number;
}

bool take_word(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  skip_blanks(text);
  return true;
}

std::optional<AcceptanceBound> parse_within(std::string_view text) {
  AcceptanceBound bound{Kind::within, 0.0, {}, {}};
  const std::optional<double> size = take_number(text);
  if (!size || *size < 0.0) return std::nullopt;
  const bool share = take_word(text, "%");
  bound.margin = share ? Margin{*size / 100.0, Margin::Of::share} : Margin{*size};
  if (share && *size > 100.0) return std::nullopt;
  if (!take_word(text, "of ") || text.empty()) return std::nullopt;
  bound.run = std::string(text.substr(0, text.find_last_not_of(' ') + 1));
  return bound;
}

std::optional<AcceptanceBound> parse(std::string_view text) {
  skip_blanks(text);
  if (take_word(text, "within ")) return parse_within(text);
  constexpr std::pair<std::string_view, Kind> comparisons[] = {
      {">=", Kind::at_least}, {"<=", Kind::at_most}, {">", Kind::above}, {"<", Kind::below}};
  for (const auto& [sign, kind] : comparisons) {
    if (!take_word(text, sign)) continue;
    const std::optional<double> number = take_number(text);
    if (!number || !text.empty()) return std::nullopt;
    return AcceptanceBound{kind, *number, {}, {}};
  }
  return std::nullopt;
}

}  // namespace

bool AcceptanceBound::holds(double value) const {
  switch (kind) {
    case Kind::at_least:
      return value >= number;
    case Kind::above:
      return value > number;
    case Kind::at_most:
      return value <= number;
    case Kind::below:
      return value < number;
    case Kind::within:
      break;
  }
  return false;
}

AcceptanceBound parse_acceptance_bound(const FreeValue& line) {
  if (auto bound = parse(line.text)) return *bound;
  throw ConfigError(fmt::format("expect.{} = {} in {}", line.key, line.text, line.origin.text()),
                    "must be a comparison with a number, or a margin to a run",
                    "try >= 0.30, or within 0.01 of runs/job/lora/fold-0/seed-1");
}

}  // namespace coldframe
