#include <fmt/format.h>

#include <algorithm>

#include "framework/core/command_line.h"
#include "framework/core/config.h"

namespace coldframe {
namespace {

/// "tokens, >= 1, default 4096"
std::string facts(const FieldRecord& field) {
  std::string text;
  for (const std::string& fact : {field.unit, field.range_text()}) {
    if (!fact.empty()) text += fact + ", ";
  }
  const std::string standard = format_option_value(field.value);
  return text + (standard.empty() || standard == "\"\"" ? "no default" : "default " + standard);
}

std::string help_lines(const std::vector<FieldRecord>& fields, std::string_view prefix) {
  std::size_t width = 0;
  for (const FieldRecord& field : fields) width = std::max(width, prefix.size() + field.name.size());
  std::string text;
  for (const FieldRecord& field : fields) {
    text +=
        fmt::format("  --{:<{}}  {} ({})\n", fmt::format("{}{}", prefix, field.name), width, field.doc, facts(field));
  }
  return text;
}

std::string escape_cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string markdown_table(const std::vector<FieldRecord>& fields) {
  std::string text = "| key | meaning | unit | range | default |\n|---|---|---|---|---|\n";
  for (const FieldRecord& field : fields) {
    const std::string standard = format_option_value(field.value);
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", field.name, escape_cell(field.doc), escape_cell(field.unit),
                        escape_cell(field.range_text()),
                        standard.empty() ? "" : fmt::format("`{}`", escape_cell(standard)));
  }
  return text;
}

class HelpWriter {
 public:
  void operator()(const ConfigSchema::Section& section) {
    text += fmt::format("\n[{}]  {}\n{}", section.name, section.doc,
                        help_lines(describe_fields(*section.options), section.name + "."));
  }
  void operator()(const ConfigSchema::Family& family) {
    text += fmt::format("\n[{}.NAME]  {}\n", family.name, family.doc);
    for (const FamilyKind& kind : family.kinds) {
      text += fmt::format("  kind = {}  {}\n{}", kind.kind, kind.summary,
                          help_lines(describe_fields(*kind.make_options()), family.name + ".NAME."));
    }
  }
  void operator()(const ConfigSchema::FreeSection& section) {
    text += fmt::format("\n[{}]  {}\n", section.name, section.doc);
  }
  std::string text;
};

class MarkdownWriter {
 public:
  void operator()(const ConfigSchema::Section& section) {
    text += fmt::format("\n## `[{}]`\n\n{}\n\n{}", section.name, section.doc,
                        markdown_table(describe_fields(*section.options)));
  }
  void operator()(const ConfigSchema::Family& family) {
    text += fmt::format("\n## `[{}.NAME]`\n\n{}\n", family.name, family.doc);
    for (const FamilyKind& kind : family.kinds) {
      const std::vector<FieldRecord> fields = describe_fields(*kind.make_options());
      text += fmt::format("\n### `kind = {}`\n\n{}\n", kind.kind, kind.summary);
      if (!fields.empty()) text += fmt::format("\n{}", markdown_table(fields));
    }
  }
  void operator()(const ConfigSchema::FreeSection& section) {
    text += fmt::format("\n## `[{}]`\n\n{}\n", section.name, section.doc);
  }
  std::string text;
};

}  // namespace

std::string config_help(const ConfigSchema& schema) {
  HelpWriter writer;
  for (const ConfigSchema::Part& part : schema.parts()) std::visit(writer, part);
  return writer.text;
}

std::string config_markdown(const ConfigSchema& schema) {
  MarkdownWriter writer;
  for (const ConfigSchema::Part& part : schema.parts()) std::visit(writer, part);
  return writer.text;
}

std::string options_help(Options& options) { return help_lines(describe_fields(options), ""); }

}  // namespace coldframe
