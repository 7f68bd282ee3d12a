#include "framework/data/json_lines_reader.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/error.h"
#include "framework/data/cell_values.h"

namespace coldframe {
namespace {

using nlohmann::json;

// Lists of lists are flattened as far as real files go; a hostile depth must not exhaust the stack.
constexpr int k_deepest_list = 8;

void append_text(const json& value, std::string& text, int depth = 0) {
  std::string piece;
  if (value.is_string()) {
    piece = value.get_ref<const std::string&>();
  } else if (value.is_number() || value.is_boolean()) {
    piece = value.dump();
  } else if (value.is_array()) {
    if (depth == k_deepest_list) return;
    for (const json& element : value) append_text(element, text, depth + 1);
    return;
  }
  if (piece.empty()) return;
  if (!text.empty()) text.push_back(k_list_separator);
  text += piece;
}

}  // namespace

JsonLinesReader::JsonLinesReader(const std::filesystem::path& path, std::vector<std::string> keys,
                                 std::size_t longest_line)
    : source_(path, TextEncoding::utf8), keys_(std::move(keys)), seen_(keys_.size()), longest_line_(longest_line) {}

bool JsonLinesReader::read_line(std::string& line) {
  line.clear();
  while (true) {
    const std::size_t end = window_.find('\n', at_);
    line.append(window_, at_, end == std::string::npos ? std::string::npos : end - at_);
    if (line.size() > longest_line_) {
      throw DataError(
          fmt::format("the line at {}:{} is longer than {} bytes", source_.path().string(), line_ + 1, longest_line_));
    }
    if (end != std::string::npos) {
      at_ = end + 1;
      ++line_;
      return true;
    }
    window_.clear();
    at_ = 0;
    if (source_.read(window_)) continue;
    if (!line.empty()) ++line_;
    return !line.empty();
  }
}

bool JsonLinesReader::next(Record& record) {
  std::string line;
  do {
    if (!read_line(line)) return false;
  } while (line.find_first_not_of(" \t\r") == std::string::npos);
  record.line = line_;
  record.problem.clear();
  record.fields.assign(keys_.size(), {});
  check_utf8_text(line, source_.path(), line_);
  const json object = json::parse(line, nullptr, false);
  if (!object.is_object()) {
    record.problem = "not a JSON object";
    return true;
  }
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    const auto found = object.find(keys_[key]);
    if (found == object.end()) continue;
    seen_[key] = true;
    append_text(*found, record.fields[key]);
  }
  return true;
}

std::vector<std::string> JsonLinesReader::keys_never_seen() const {
  std::vector<std::string> keys;
  for (std::size_t key = 0; key < keys_.size(); ++key) {
    if (!seen_[key]) keys.push_back(keys_[key]);
  }
  return keys;
}

}  // namespace coldframe
