#include "framework/data/cell_values.h"

#include <charconv>
#include <chrono>
#include <cmath>

namespace coldframe {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads exactly `digits` digits from the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t at = 0; at < digits; ++at) {
    if (!is_digit(text[at])) return std::nullopt;
    value = 10 * value + (text[at] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::int64_t{86400} * std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> take_clock(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  if (take(text, ':')) {
    const auto read = take_digits(text, 2);
    if (!read || *read > 60) return std::nullopt;
    second = *read;
    if (take(text, '.')) {
      if (text.empty() || !is_digit(text.front())) return std::nullopt;
      while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
    }
  }
  return *hour * 3600 + *minute * 60 + second;
}

// Seconds to subtract: how far the zone is ahead of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (text.empty() || take(text, 'Z')) return 0;
  const bool ahead = take(text, '+');
  if (!ahead && !take(text, '-')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour) return std::nullopt;
  take(text, ':');
  const auto minute = text.empty() ? std::optional(0) : take_digits(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  return (ahead ? 1 : -1) * (*hour * 3600 + *minute * 60);
}

std::optional<std::int64_t> parse_iso8601(std::string_view text) {
  const auto day = take_date(text);
  if (!day || text.empty()) return day;
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  return *day + *clock - *zone;
}

std::int64_t floor_divide(std::int64_t value, std::int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

TimeUnit time_unit_named(std::string_view name) {
  if (name == "seconds") return TimeUnit::seconds;
  if (name == "milliseconds") return TimeUnit::milliseconds;
  return name == "microseconds" ? TimeUnit::microseconds : TimeUnit::iso8601;
}

std::optional<std::int64_t> parse_time(std::string_view text, TimeUnit unit) {
  constexpr std::int64_t k_year_1 = -62'135'596'800;
  constexpr std::int64_t k_year_10000 = 253'402'300'800;
  text = trim(text);
  std::optional<std::int64_t> seconds;
  if (unit == TimeUnit::iso8601) {
    seconds = parse_iso8601(text);
  } else {
    const std::int64_t per_second = unit == TimeUnit::seconds ? 1 : (unit == TimeUnit::milliseconds ? 1000 : 1'000'000);
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (!text.empty() && error == std::errc{} && end == text.data() + text.size()) {
      seconds = floor_divide(whole, per_second);
    } else if (const auto number = parse_number(text); number && std::abs(*number) < 0x1p62) {
      seconds = static_cast<std::int64_t>(std::floor(*number / static_cast<double>(per_second)));
    }
  }
  if (seconds && (*seconds < k_year_1 || *seconds >= k_year_10000)) return std::nullopt;
  return seconds;
}

TitleAndYear split_title_and_year(std::string_view text) {
  const std::string_view trimmed = trim(text);
  const std::size_t size = trimmed.size();
  if (size < 6 || trimmed[size - 1] != ')' || trimmed[size - 6] != '(') return {text, {}};
  const std::string_view year = trimmed.substr(size - 5, 4);
  for (const char c : year) {
    if (!is_digit(c)) return {text, {}};
  }
  return {trim(trimmed.substr(0, size - 6)), year};
}

std::vector<std::string> split_values(std::string_view text, std::string_view separator) {
  std::vector<std::string> values;
  while (!text.empty()) {
    const std::size_t end = separator.empty() ? std::string_view::npos : text.find(separator);
    const std::string_view value = trim(text.substr(0, end));
    if (!value.empty()) values.emplace_back(value);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + separator.size());
  }
  return values;
}

}  // namespace coldframe
