#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coldframe::detail {

enum class PartKind { literal, field, optional };
enum class ArticlePlace { as_written, front };

/// A stretch of a parsed template.
struct TemplatePart {
  PartKind kind = PartKind::literal;
  std::string text;  // literal

  std::size_t field = 0;  // index in the names
  std::string separator = " ";
  ArticlePlace article = ArticlePlace::as_written;
  std::optional<std::map<std::string, std::string, std::less<>>> mapping;
  std::optional<std::string> fallback;

  std::vector<TemplatePart> parts;  // optional
};

struct ParsedTemplate {
  std::vector<std::string> fields;  // distinct, in order of first use
  std::vector<TemplatePart> parts;
};

/// The grammar stands at class Template. ConfigError names `key` and the column.
ParsedTemplate parse_template(std::string_view source, std::string_view key);

}  // namespace coldframe::detail
