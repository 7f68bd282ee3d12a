#include "framework/cli/configuration_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace coldframe {
namespace {

constexpr std::string_view k_head =
    "# Configuration\n\n"
    "Written by `coldframe --configuration > docs/guide/configuration.md`; do not edit.\n\n"
    "INI files, sections named after components. The command line (`--section.key=value`) wins over later `--config` "
    "files,\n"
    "these over earlier ones, and all over the defaults below. `#` after a blank starts a comment; a value in double "
    "quotes is\n"
    "taken literally, with `\\\"`, `\\\\`, `\\n` and `\\t` inside; lists are separated by commas or blanks. "
    "`--dump-config` prints\n"
    "what was resolved, and where each value came from.\n";

std::string name_of(const ConfigSchema::Part& part) {
  const bool family = std::holds_alternative<ConfigSchema::Family>(part);
  return std::visit([](const auto& typed) { return typed.name; }, part) + (family ? ".NAME" : "");
}

void add(ConfigSchema& schema, const ConfigSchema::Section& section) {
  schema.section(section.name, section.doc, *section.options, section.effect);
}
void add(ConfigSchema& schema, const ConfigSchema::Family& family) {
  schema.family(family.name, family.doc, family.kinds);
}
void add(ConfigSchema& schema, const ConfigSchema::FreeSection& section) {
  schema.free_section(section.name, section.doc, section.effect);
}

}  // namespace

std::string configuration_page(const std::vector<SubcommandEntry>& commands) {
  std::vector<std::unique_ptr<Subcommand>> owners;  // of the options that the schema borrows
  ConfigSchema everything;
  std::set<std::string> seen;
  std::string readers = "\n| subcommand | reads |\n|---|---|\n";
  for (const SubcommandEntry& entry : commands) {
    ConfigSchema schema;
    Subcommand& command = *owners.emplace_back(entry.make());
    command.add_sections(schema);
    std::vector<std::string> names;
    for (const ConfigSchema::Part& part : schema.parts()) {
      names.push_back(fmt::format("`[{}]`", name_of(part)));
      if (seen.insert(name_of(part)).second) std::visit([&](const auto& typed) { add(everything, typed); }, part);
    }
    if (!names.empty()) readers += fmt::format("| `{}` | {} |\n", entry.name, fmt::join(names, " "));
  }
  return fmt::format("{}{}{}", k_head, readers, config_markdown(everything));
}

}  // namespace coldframe
