#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "framework/data/cell_values.h"

namespace coldframe {
namespace {

// The references that product texts use; HTML knows two thousand, the rest stays readable as it is.
constexpr std::array<std::pair<std::string_view, char32_t>, 39> k_references = {{
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},     {"apos", '\''},    {"nbsp", 0xA0},
    {"iexcl", 0xA1},   {"cent", 0xA2},     {"pound", 0xA3},   {"yen", 0xA5},     {"copy", 0xA9},    {"laquo", 0xAB},
    {"reg", 0xAE},     {"deg", 0xB0},      {"plusmn", 0xB1},  {"middot", 0xB7},  {"raquo", 0xBB},   {"frac12", 0xBD},
    {"frac14", 0xBC},  {"frac34", 0xBE},   {"iquest", 0xBF},  {"times", 0xD7},   {"eacute", 0xE9},  {"egrave", 0xE8},
    {"agrave", 0xE0},  {"ccedil", 0xE7},   {"ntilde", 0xF1},  {"ouml", 0xF6},    {"uuml", 0xFC},    {"auml", 0xE4},
    {"szlig", 0xDF},   {"ndash", 0x2013},  {"mdash", 0x2014}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C},
    {"rdquo", 0x201D}, {"hellip", 0x2026}, {"trade", 0x2122},
}};

void append_utf8(std::string& text, char32_t code) {
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
    return;
  }
  const int extra = code < 0x800 ? 1 : (code < 0x10000 ? 2 : 3);
  constexpr std::array<unsigned, 4> k_lead = {0, 0xC0, 0xE0, 0xF0};
  text.push_back(static_cast<char>(k_lead[static_cast<std::size_t>(extra)] | (code >> (6 * extra))));
  for (int shift = 6 * (extra - 1); shift >= 0; shift -= 6) {
    text.push_back(static_cast<char>(0x80 | ((code >> shift) & 0x3F)));
  }
}

// The character of the reference between '&' and ';'.
std::optional<char32_t> referenced(std::string_view name) {
  if (name.size() > 1 && name.front() == '#') {
    const bool hexadecimal = name[1] == 'x' || name[1] == 'X';
    const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
    const bool whole = !digits.empty() && error == std::errc{} && end == digits.data() + digits.size();
    const bool character = code != 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    return whole && character ? std::optional<char32_t>(code) : std::nullopt;
  }
  const auto* found = std::find_if(k_references.begin(), k_references.end(),
                                   [&](const auto& reference) { return reference.first == name; });
  return found == k_references.end() ? std::nullopt : std::optional(found->second);
}

// Length of the tag or comment that begins here; 0 when '<' is only a sign ("a < b", "<3").
std::size_t tag_length(std::string_view text) {
  if (text.substr(0, 4) == "<!--") {
    const std::size_t end = text.find("-->", 4);
    return end == std::string_view::npos ? text.size() : end + 3;
  }
  const std::size_t name = text.substr(0, 2) == "</" || text.substr(0, 2) == "<!" ? 2 : 1;
  if (name >= text.size() || std::isalpha(static_cast<unsigned char>(text[name])) == 0) return 0;
  const std::size_t end = text.find('>', name);
  return end == std::string_view::npos ? 0 : end + 1;
}

}  // namespace

std::string unescape_html(std::string_view text) {
  constexpr std::size_t k_longest_reference = 10;
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '&') {
      const std::size_t end = text.substr(at, k_longest_reference + 2).find(';');
      if (end != std::string_view::npos) {
        if (const auto code = referenced(text.substr(at + 1, end - 1))) {
          append_utf8(plain, *code);
          at += end;
          continue;
        }
      }
    }
    plain.push_back(text[at]);
  }
  return plain;
}

std::string strip_html(std::string_view text) {
  std::string without_tags;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = text[at] == '<' ? tag_length(text.substr(at)) : 0;
    without_tags.push_back(length > 0 ? ' ' : text[at]);
    at += std::max<std::size_t>(1, length);
  }
  std::string plain;
  for (const char c : unescape_html(without_tags)) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (c == k_list_separator && !plain.empty() && plain.back() == ' ') plain.pop_back();
    if (!space) {
      plain.push_back(c);
    } else if (!plain.empty() && plain.back() != ' ' && plain.back() != k_list_separator) {
      plain.push_back(' ');
    }
  }
  if (!plain.empty() && plain.back() == ' ') plain.pop_back();
  return plain;
}

}  // namespace coldframe
