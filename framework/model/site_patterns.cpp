#include "framework/model/site_patterns.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {
namespace {

/// Where text and pattern part, the last star takes in one more character: at most |pattern| * |name| steps.
bool matches_whole(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// What a user may have meant: all endings of all names, "attention.query" and "query" of "layer.3.attention.query".
std::vector<std::string> endings(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names) {
    for (std::size_t at = 0; at != std::string::npos; at = name.find('.', at)) {
      if (at > 0) ++at;
      std::string ending = name.substr(at);
      if (std::find(result.begin(), result.end(), ending) == result.end()) result.push_back(std::move(ending));
    }
  }
  return result;
}

std::string near_misses(const std::string& pattern, const std::vector<std::string>& names) {
  std::vector<std::string> candidates = endings(names);
  const std::string nearest = nearest_name(pattern, candidates);
  if (!nearest.empty()) return fmt::format("did you mean {}?", nearest);
  std::erase_if(candidates,
                [](const std::string& ending) { return ending.find_first_of("0123456789") != ending.npos; });
  return suggest_name(pattern, candidates);
}

}  // namespace

bool matches_site(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return false;
  if (matches_whole(pattern, name)) return true;
  for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    if (matches_whole(pattern, name.substr(dot + 1))) return true;
  }
  return false;
}

std::vector<std::size_t> select_sites(const std::vector<std::string>& patterns, const std::vector<std::string>& names,
                                      std::string_view key) {
  if (patterns.empty()) {
    throw ConfigError(fmt::format("{} is empty", key), "nothing would be trained",
                      "choose the strategy frozen instead");
  }
  std::vector<bool> chosen(names.size(), false);
  for (const std::string& pattern : patterns) {
    bool matched = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!matches_site(pattern, names[i])) continue;
      chosen[i] = true;
      matched = true;
    }
    if (!matched) {
      throw ConfigError(fmt::format("{} = {}", key, pattern), "matches no part of this encoder",
                        near_misses(pattern, names));
    }
  }
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (chosen[i]) indices.push_back(i);
  }
  return indices;
}

}  // namespace coldframe
