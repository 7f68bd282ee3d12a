#include "framework/model/site_numbers.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "framework/core/error.h"
#include "framework/model/site_patterns.h"

namespace coldframe {
namespace {

struct Entry {
  std::string pattern;
  double number;
};

Entry parse(const std::string& text, std::string_view key) {
  const std::size_t colon = text.rfind(':');
  Entry entry{text.substr(0, colon == std::string::npos ? 0 : colon), 0};
  const char* end = text.data() + text.size();
  const char* begin = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto [stopped, error] = std::from_chars(begin, end, entry.number);
  if (entry.pattern.empty() || error != std::errc() || stopped != end || !std::isfinite(entry.number)) {
    throw ConfigError(fmt::format("{} = {}", key, text), "must be PATTERN:NUMBER", "try attention.query:16");
  }
  return entry;
}

}  // namespace

std::vector<double> numbers_of_sites(const std::vector<std::string>& entries, const std::vector<std::string>& names,
                                     double otherwise, std::string_view key) {
  std::vector<std::optional<double>> found(names.size());
  for (const std::string& text : entries) {
    const Entry entry = parse(text, key);
    for (const std::size_t index : select_sites({entry.pattern}, names, key)) {
      if (!found[index]) found[index] = entry.number;
    }
  }
  std::vector<double> numbers;
  for (const std::optional<double>& number : found) numbers.push_back(number.value_or(otherwise));
  return numbers;
}

}  // namespace coldframe
