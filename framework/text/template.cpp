#include "framework/text/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {
namespace {

using detail::PartKind;
using detail::TemplatePart;

constexpr std::string_view k_blanks = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(k_blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(k_blanks) - begin + 1);
}

std::string article_to_front(std::string_view value, const std::vector<std::string>& articles) {
  const std::size_t comma = value.rfind(", ");
  if (comma == 0 || comma == std::string_view::npos) return std::string(value);
  const std::string_view article = value.substr(comma + 2);
  if (std::ranges::find(articles, article) == articles.end()) return std::string(value);
  return fmt::format("{} {}", article, value.substr(0, comma));
}

class Renderer {
 public:
  Renderer(const ValueRules& rules, std::span<const FieldValues> values) : rules_(rules), values_(values) {}

  /// The text of `parts`, or nothing when a field directly among them is missing or all their optional pieces went.
  std::optional<std::string> piece(const std::vector<TemplatePart>& parts) const {
    std::string text;
    bool found = false;
    for (const TemplatePart& part : parts) {
      const std::optional<std::string> rendered = render(part);
      if (!rendered && part.kind == PartKind::field) return std::nullopt;
      found |= rendered && part.kind != PartKind::literal;
      text += rendered.value_or("");
    }
    return found ? std::optional(std::move(text)) : std::nullopt;
  }

  std::optional<std::string> render(const TemplatePart& part) const {
    if (part.kind == PartKind::literal) return part.text;
    return part.kind == PartKind::optional ? piece(part.parts) : field(part);
  }

 private:
  std::optional<std::string> field(const TemplatePart& part) const {
    std::optional<std::string> joined;
    for (const std::string& raw : values_[part.field]) {
      const std::optional<std::string> text = value(raw, part);
      if (!text) continue;
      joined = joined ? *joined + part.separator + *text : *text;
    }
    return joined ? joined : part.fallback;
  }

  std::optional<std::string> value(std::string_view raw, const TemplatePart& part) const {
    const std::string_view trimmed = trim(raw);
    if (trimmed.empty() || std::ranges::find(rules_.missing, trimmed) != rules_.missing.end()) return std::nullopt;
    std::string text =
        part.article == detail::ArticlePlace::front ? article_to_front(trimmed, rules_.articles) : std::string(trimmed);
    if (!part.mapping) return text;
    const auto replaced = part.mapping->find(text);
    return replaced == part.mapping->end() ? std::nullopt : std::optional(replaced->second);
  }

  const ValueRules& rules_;
  std::span<const FieldValues> values_;
};

}  // namespace

Template::Template(std::string_view source, std::string_view key, ValueRules rules)
    : key_(key), rules_(std::move(rules)) {
  detail::ParsedTemplate parsed = detail::parse_template(source, key);
  fields_ = std::move(parsed.fields);
  parts_ = std::move(parsed.parts);
}

void Template::require_fields(std::span<const std::string> known) const {
  for (const std::string& field : fields_) {
    if (std::ranges::find(known, field) != known.end()) continue;
    throw ConfigError(fmt::format("{} names the field {}", key_, field), "there is no such field",
                      known.empty() ? "none is known: import the data with an attribute"
                                    : fmt::format("known: {}", fmt::join(known, ", ")));
  }
}

std::string Template::render(std::span<const FieldValues> values) const {
  CF_EXPECTS(values.size() == fields_.size());
  const Renderer renderer(rules_, values);
  std::string text;
  for (const TemplatePart& part : parts_) text += renderer.render(part).value_or("");
  return std::string(trim(text));
}

}  // namespace coldframe
