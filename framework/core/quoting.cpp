#include "framework/core/quoting.h"

namespace coldframe::detail {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t skip_quoted(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

std::string_view strip_comment(std::string_view text) {
  bool word_may_begin = true;
  for (std::size_t at = 0; at < text.size();) {
    if (word_may_begin && text[at] == '#') return text.substr(0, at);
    if (word_may_begin && text[at] == '"') {
      const std::size_t end = skip_quoted(text, at);
      if (end != std::string_view::npos) {
        at = end;
        word_may_begin = false;
        continue;
      }
    }
    word_may_begin = is_space(text[at]) || text[at] == ',';
    ++at;
  }
  return text;
}

std::optional<std::string> unquote(std::string_view text) {
  if (text.empty() || text.front() != '"') return std::string(text);
  if (skip_quoted(text, 0) != text.size()) return std::nullopt;
  std::string plain;
  for (std::size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] != '\\') {
      plain += text[at];
      continue;
    }
    switch (text[++at]) {
      case 'n':
        plain += '\n';
        break;
      case 't':
        plain += '\t';
        break;
      case 'r':
        plain += '\r';
        break;
      case '"':
        plain += '"';
        break;
      case '\\':
        plain += '\\';
        break;
      default:
        return std::nullopt;
    }
  }
  return plain;
}

std::optional<std::vector<std::string>> split_list(std::string_view text) {
  std::vector<std::string> words;
  bool comma_before = false;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    if (text[at] == ',') {
      if (comma_before || words.empty()) return std::nullopt;
      comma_before = true;
      ++at;
      continue;
    }
    std::size_t end = text[at] == '"' ? skip_quoted(text, at) : text.find_first_of(" \t\r,", at);
    if (end == std::string_view::npos && text[at] == '"') return std::nullopt;
    end = std::min(end, text.size());
    std::optional<std::string> word = unquote(text.substr(at, end - at));
    if (!word) return std::nullopt;
    words.push_back(std::move(*word));
    comma_before = false;
    at = end;
  }
  if (comma_before) return std::nullopt;
  return words;
}

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '\n':
        quoted += "\\n";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      default:
        quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace coldframe::detail
