#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/core/error.h"
#include "framework/text/template_part.h"

namespace coldframe::detail {
namespace {

constexpr int k_deepest = 20;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/// Recursive descent over one template.
class TemplateParser {
 public:
  TemplateParser(std::string_view source, std::string_view key) : source_(source), key_(key) {}

  ParsedTemplate parse() {
    ParsedTemplate parsed;
    parsed.parts = parse_parts(0);
    parsed.fields = std::move(fields_);
    return parsed;
  }

 private:
  [[noreturn]] void refuse(std::size_t position, std::string_view why) const {
    throw ConfigError(fmt::format("{} = {} at column {}", key_, source_, position + 1), why,
                      "the grammar stands in docs/guide/texts.md");
  }

  bool at(char c) const { return position_ < source_.size() && source_[position_] == c; }

  /// Reads ordinary characters up to one of `stops`, which must come.
  std::string read_until(std::string_view stops, std::string_view why) {
    std::string text;
    while (position_ < source_.size() && stops.find(source_[position_]) == std::string_view::npos) {
      text.push_back(read_character());
    }
    if (position_ == source_.size()) refuse(position_, why);
    return text;
  }

  char read_character() {
    if (!at('\\')) return source_[position_++];
    if (position_ + 1 == source_.size()) refuse(position_, "nothing follows the backslash");
    position_ += 2;
    return source_[position_ - 1];
  }

  std::vector<TemplatePart> parse_parts(int depth) {
    std::vector<TemplatePart> parts;
    std::string literal;
    const auto end_literal = [&] {
      if (literal.empty()) return;
      parts.emplace_back().text = std::exchange(literal, {});
    };
    while (position_ < source_.size() && !(depth > 0 && at(']'))) {
      if (at('{')) {
        end_literal();
        parts.push_back(parse_field());
      } else if (at('[')) {
        end_literal();
        parts.push_back(parse_optional(depth + 1));
      } else if (at(']') || at('}')) {
        refuse(position_, fmt::format("nothing opens this {}", source_[position_]));
      } else {
        literal.push_back(read_character());
      }
    }
    end_literal();
    return parts;
  }

  TemplatePart parse_optional(int depth) {
    const std::size_t begin = position_++;
    if (depth > k_deepest) refuse(begin, fmt::format("pieces nest deeper than {} levels", k_deepest));
    TemplatePart part;
    part.kind = PartKind::optional;
    part.parts = parse_parts(depth);
    if (!at(']')) refuse(begin, "this [ is never closed");
    ++position_;
    if (std::ranges::all_of(part.parts, [](const auto& inner) { return inner.kind == PartKind::literal; })) {
      refuse(begin, "a piece without a field is not optional");
    }
    return part;
  }

  TemplatePart parse_field() {
    constexpr std::string_view k_unclosed = "the field is never closed by }";
    const std::size_t begin = position_++;
    TemplatePart part;
    part.kind = PartKind::field;
    part.field = field_index(read_name(begin));
    if (at('/')) {
      ++position_;
      part.separator = read_until("!:|}", k_unclosed);
    }
    if (at('!')) {
      if (!source_.substr(position_ + 1).starts_with("article")) refuse(position_, "after ! only article is known");
      position_ += std::string_view("!article").size();
      part.article = ArticlePlace::front;
    }
    if (at(':')) part.mapping = parse_mapping(k_unclosed);
    if (at('|')) {
      ++position_;
      part.fallback = read_until("}", k_unclosed);
    }
    if (!at('}'))
      refuse(position_, position_ == source_.size() ? k_unclosed : "expected / ! : | or } here, in this order");
    ++position_;
    return part;
  }

  std::map<std::string, std::string, std::less<>> parse_mapping(std::string_view unclosed) {
    std::map<std::string, std::string, std::less<>> mapping;
    do {
      const std::size_t begin = ++position_;
      std::string value = read_until("=,|}", unclosed);
      if (!at('=') || value.empty()) refuse(begin, "expected value=text");
      ++position_;
      std::string text = read_until(",|}", unclosed);
      if (!mapping.emplace(value, std::move(text)).second) refuse(begin, fmt::format("{} is replaced twice", value));
    } while (at(','));
    return mapping;
  }

  std::string read_name(std::size_t begin) {
    std::string name;
    while (position_ < source_.size() && is_name_character(source_[position_])) name.push_back(source_[position_++]);
    if (name.empty()) refuse(begin, "a field needs a name of letters, digits, _ - and .");
    return name;
  }

  std::size_t field_index(const std::string& name) {
    const auto found = std::ranges::find(fields_, name);
    if (found == fields_.end()) {
      fields_.push_back(name);
      return fields_.size() - 1;
    }
    return static_cast<std::size_t>(found - fields_.begin());
  }

  std::string_view source_;
  std::string_view key_;
  std::size_t position_ = 0;
  std::vector<std::string> fields_;
};

}  // namespace

ParsedTemplate parse_template(std::string_view source, std::string_view key) {
  return TemplateParser(source, key).parse();
}

}  // namespace coldframe::detail
