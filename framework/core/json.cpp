#include "framework/core/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

using nlohmann::json;

// nlohmann's own limit is the stack: deeper nesting than any real file is refused before it is reached.
constexpr int k_deepest = 200;

/// Watches the parser: it keeps silent about duplicate keys and bottomless nesting.
class Watcher {
 public:
  explicit Watcher(std::string_view origin) : origin_(origin) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > k_deepest) refuse(fmt::format("nested deeper than {} levels", k_deepest));
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key && !keys_.back().insert(parsed.get<std::string>()).second) {
      refuse(fmt::format("key \"{}\" stands twice in one object", parsed.get<std::string>()));
    }
    return true;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw DataError(fmt::format("{} is not valid JSON", origin_), why);
  }
  std::string_view origin_;
  std::vector<std::set<std::string>> keys_;
};

std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
  return fmt::format("line {} column {}", line, std::max<std::size_t>(column, 1));
}

/// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ..." -> "syntax error ..."
std::string bare_reason(std::string_view what) {
  const std::size_t colon = what.find(": ");
  return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2));
}

}  // namespace

json parse_json(std::string_view text, std::string_view origin) {
  try {
    return json::parse(text, Watcher(origin));
  } catch (const json::parse_error& error) {
    throw DataError(fmt::format("{} is not valid JSON at {}", origin, position(text, error.byte)),
                    bare_reason(error.what()));
  } catch (const json::exception& error) {
    throw DataError(fmt::format("{} is not valid JSON", origin), bare_reason(error.what()));
  }
}

json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

void write_json(const std::filesystem::path& path, const json& value) {
  std::string text;
  try {
    text = value.dump(2);
  } catch (const json::exception& error) {
    throw DataError(fmt::format("cannot write {}", path.string()), bare_reason(error.what()));
  }
  write_file_atomically(path, text + "\n");
}

}  // namespace coldframe
