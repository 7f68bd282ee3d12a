#include "framework/core/config_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/core/quoting.h"

namespace coldframe {
namespace {

constexpr std::string_view k_kind = "kind";

std::string shown(std::string_view text) {
  return text.size() <= 80 ? std::string(text) : fmt::format("{}...", text.substr(0, 77));
}

bool same_source(const Origin& a, const Origin& b) { return a.source == b.source && a.file == b.file; }

bool is_instance_of(std::string_view section, std::string_view family) {
  return section.size() > family.size() + 1 && section.starts_with(family) && section[family.size()] == '.';
}

std::vector<std::string> kinds_of(const ConfigSchema::Family& family) {
  std::vector<std::string> kinds;
  for (const FamilyKind& kind : family.kinds) kinds.push_back(kind.kind);
  return kinds;
}

ResolvedValue kind_value(const std::string& kind, const std::vector<std::string>& kinds, const Origin& origin) {
  FieldRecord field;
  field.name = k_kind;
  field.choices = kinds;
  field.value = kind;
  return {std::move(field), origin};
}

}  // namespace

ResolvedConfig ConfigLoader::load() {
  for (const std::filesystem::path& path : sources_.files) gather_file(path);
  gather_overrides();
  report_unknown_sections();
  for (const ConfigSchema::Part& part : schema_.parts()) std::visit([&](const auto& typed) { resolve(typed); }, part);
  if (problems_.empty()) run_rules();
  if (problems_.size() == 1) throw ConfigError(problems_.front());
  if (!problems_.empty()) {
    throw ConfigError(
        fmt::format("{} problems in the configuration\n  {}", problems_.size(), fmt::join(problems_, "\n  ")));
  }
  return std::move(config_);
}

void ConfigLoader::gather_file(const std::filesystem::path& path) {
  detail::IniFile file = detail::scan_ini(path);
  for (std::string& text : file.problems) problem(std::move(text));
  const auto origin = [&](int line) { return Origin{Origin::Source::file, path.string(), line}; };
  for (const detail::IniSection& section : file.sections) input(section.name, origin(section.line));
  for (const detail::IniAssignment& line : file.assignments) {
    gather(line.section, line.key, {line.key, line.text, origin(line.line)});
  }
}

void ConfigLoader::gather_overrides() {
  const Origin origin{Origin::Source::command_line, {}, 0};
  for (std::string_view text : sources_.overrides) {
    while (text.starts_with('-')) text.remove_prefix(1);
    const std::size_t equals = text.find('=');
    if (equals == text.npos) {
      problem(fmt::format("--{} on the command line (has no value) write --{}=VALUE", text, text));
      continue;
    }
    const std::string key(detail::trim(text.substr(0, equals)));
    gather({}, key, {key, std::string(detail::trim(text.substr(equals + 1))), origin});
  }
}

/// `[a] b.c = 1` and `a.b.c = 1` are the same; free sections own every key below their name, other keys hold no dots.
void ConfigLoader::gather(const std::string& section, const std::string& key, Setting setting) {
  const std::string full = section.empty() ? key : section + "." + key;
  const std::string first = full.substr(0, full.find('.'));
  const std::size_t split = schema_.find<ConfigSchema::FreeSection>(first) ? first.size() : full.rfind('.');
  if (split == full.npos || split == 0 || split + 1 >= full.size()) {
    problem(fmt::format("{} {} (outside of any section) write section.key", full, setting.origin.phrase()));
    return;
  }
  setting.key = full.substr(split + 1);
  SectionInput& target = input(full.substr(0, split), setting.origin);
  for (const Setting& other : target.settings) {
    if (other.key != setting.key || !same_source(other.origin, setting.origin)) continue;
    const bool file = setting.origin.source == Origin::Source::file;
    problem(fmt::format("{} {} (given twice: {})", full, setting.origin.phrase(),
                        file ? "first in " + other.origin.text() : other.text + " and " + setting.text));
    return;
  }
  target.settings.push_back(std::move(setting));
}

ConfigLoader::SectionInput& ConfigLoader::input(const std::string& section, const Origin& origin) {
  const auto at =
      std::find_if(inputs_.begin(), inputs_.end(), [&](const auto& known) { return known.name == section; });
  if (at != inputs_.end()) return *at;
  return inputs_.emplace_back(SectionInput{section, origin, {}});
}

const ConfigLoader::SectionInput* ConfigLoader::find_input(std::string_view section) const {
  const auto at =
      std::find_if(inputs_.begin(), inputs_.end(), [&](const auto& known) { return known.name == section; });
  return at == inputs_.end() ? nullptr : &*at;
}

void ConfigLoader::report_unknown_sections() {
  std::vector<std::string> names;
  for (const ConfigSchema::Part& part : schema_.parts()) {
    names.push_back(std::visit([](const auto& typed) { return typed.name; }, part));
  }
  for (const SectionInput& given : inputs_) {
    const bool known = std::any_of(schema_.parts().begin(), schema_.parts().end(), [&](const ConfigSchema::Part& part) {
      if (const auto* family = std::get_if<ConfigSchema::Family>(&part))
        return is_instance_of(given.name, family->name);
      return std::visit([&](const auto& typed) { return typed.name == given.name; }, part);
    });
    const bool bare_family = schema_.find<ConfigSchema::Family>(given.name) != nullptr;
    // `[strategy]` may be a heading over `lora.rank = 8`.
    if (known || (bare_family && given.settings.empty())) continue;
    const std::string first = given.name.substr(0, given.name.find('.'));
    const std::string suggestion =
        bare_family ? fmt::format("name an instance: [{}.NAME]", given.name) : suggest_name(first, names);
    problem(fmt::format("[{}] {} (unknown section) {}", given.name, given.first.phrase(), suggestion));
  }
}

void ConfigLoader::resolve(const ConfigSchema::Section& section) {
  ResolvedSection resolved = assign(section.name, *section.options, find_input(section.name), false);
  resolved.effect = section.effect;
  config_.sections_.push_back(std::move(resolved));
}

void ConfigLoader::resolve(const ConfigSchema::FreeSection& section) {
  ResolvedSection resolved{section.name, section.effect, {}, {}};
  const SectionInput* given = find_input(section.name);
  for (const Setting& setting : given == nullptr ? std::vector<Setting>{} : given->settings) {
    const std::optional<std::string> text = detail::unquote(setting.text);
    if (!text) {
      problem(fmt::format("{}.{} = {} {} (its quotes do not fit)", section.name, setting.key, shown(setting.text),
                          setting.origin.phrase()));
      continue;
    }
    const auto at = std::find_if(resolved.free_values.begin(), resolved.free_values.end(),
                                 [&](const FreeValue& known) { return known.key == setting.key; });
    FreeValue value{setting.key, *text, setting.origin};
    if (at != resolved.free_values.end()) {
      *at = std::move(value);
    } else {
      resolved.free_values.push_back(std::move(value));
    }
  }
  config_.sections_.push_back(std::move(resolved));
}

void ConfigLoader::resolve(const ConfigSchema::Family& family) {
  ResolvedConfig::FamilyInstances instances{family.name, {}};
  for (const SectionInput& given : inputs_) {
    if (is_instance_of(given.name, family.name)) resolve_instance(family, given, instances);
  }
  config_.families_.push_back(std::move(instances));
}

void ConfigLoader::resolve_instance(const ConfigSchema::Family& family, const SectionInput& given,
                                    ResolvedConfig::FamilyInstances& instances) {
  const std::string name = given.name.substr(family.name.size() + 1);
  if (name.find('.') != name.npos) {
    problem(fmt::format("[{}] {} (an instance has no dot in its name)", given.name, given.first.phrase()));
    return;
  }
  std::string kind = name;
  Origin origin;
  for (const Setting& setting : given.settings) {
    if (setting.key == k_kind) {
      kind = detail::unquote(setting.text).value_or(setting.text);
      origin = setting.origin;
    }
  }
  const std::vector<std::string> kinds = kinds_of(family);
  const auto known = std::find(kinds.begin(), kinds.end(), kind);
  if (known == kinds.end()) {
    const bool named = origin.source != Origin::Source::standard;
    const Origin& place = named ? origin : given.first;
    const std::string what = named ? fmt::format("{}.{} = {}", given.name, k_kind, kind) : "[" + given.name + "]";
    problem(fmt::format("{} {} (unknown kind of {}) {}", what, place.phrase(), family.name, suggest_name(kind, kinds)));
    return;
  }
  const FamilyKind& maker = family.kinds[static_cast<std::size_t>(known - kinds.begin())];
  ConfigInstance instance{name, kind, maker.make_options()};
  ResolvedSection resolved = assign(given.name, *instance.options, &given, true);
  resolved.values.insert(resolved.values.begin(), kind_value(kind, kinds, origin));
  config_.sections_.push_back(std::move(resolved));
  instances.instances.push_back(std::move(instance));
}

ResolvedSection ConfigLoader::assign(const std::string& name, Options& options, const SectionInput* given,
                                     bool is_instance) {
  ResolvedSection section{name, Effect::results, {}, {}};
  for (FieldRecord& field : describe_fields(options)) section.values.push_back({std::move(field), {}});
  const std::size_t problems_before = problems_.size();
  for (const Setting& setting : given == nullptr ? std::vector<Setting>{} : given->settings) {
    if (is_instance && setting.key == k_kind) continue;
    const auto at = std::find_if(section.values.begin(), section.values.end(),
                                 [&](const ResolvedValue& value) { return value.field.name == setting.key; });
    if (at == section.values.end()) {
      report_unknown_key(name, setting, section.values);
    } else {
      assign_value(name, options, *at, setting);
    }
  }
  if (problems_.size() == problems_before) validate(section, options);
  return section;
}

void ConfigLoader::assign_value(const std::string& section, Options& options, ResolvedValue& value,
                                const Setting& setting) {
  const auto report = [&](std::string_view why, std::string_view suggestion) {
    std::string text =
        fmt::format("{}.{} = {} {} ({})", section, setting.key, shown(setting.text), setting.origin.phrase(), why);
    if (!suggestion.empty()) text += fmt::format(" {}", suggestion);
    problem(std::move(text));
  };
  ParsedValue parsed = parse_option_value(value.field, setting.text);
  if (!parsed.mistake.empty()) {
    report(setting.text.empty() ? "empty, " + parsed.mistake : parsed.mistake, {});
    return;
  }
  const std::string violation = range_violation(value.field, parsed.value);
  if (!violation.empty()) {
    const auto* text = std::get_if<std::string>(&parsed.value);
    const std::string nearest = text == nullptr ? std::string{} : nearest_name(*text, value.field.choices);
    const bool default_fits = range_violation(value.field, value.field.value).empty();
    const std::string usual = default_fits ? "try " + format_option_value(value.field.value) : std::string{};
    report(violation, nearest.empty() ? usual : fmt::format("did you mean {}?", nearest));
    return;
  }
  assign_field(options, setting.key, parsed.value);
  value.field.value = std::move(parsed.value);
  value.origin = setting.origin;
}

void ConfigLoader::validate(const ResolvedSection& section, const Options& options) {
  for (const Problem& found : options.validate()) {
    const auto at = std::find_if(section.values.begin(), section.values.end(),
                                 [&](const ResolvedValue& value) { return value.field.name == found.key; });
    const bool of_run = at != section.values.end() && at->origin.source == Origin::Source::file &&
                        at->origin.file == sources_.written_by_run.string();
    if (found.idle && of_run) continue;
    if (at == section.values.end()) {
      problem(fmt::format("{}.{} {}", section.name, found.key, found.text));
    } else {
      problem(fmt::format("{}.{} = {} {} {}", section.name, found.key, format_option_value(at->field.value),
                          at->origin.phrase(), found.text));
    }
  }
}

void ConfigLoader::report_unknown_key(const std::string& section, const Setting& setting,
                                      const std::vector<ResolvedValue>& known) {
  std::vector<std::string> names;
  for (const ResolvedValue& value : known) names.push_back(value.field.name);
  // The very name in another section is likelier than a similar one here.
  const std::vector<std::string> elsewhere = schema_.keys_named(setting.key);
  const std::string suggestion = elsewhere.empty() ? suggest_name(setting.key, names)
                                                   : fmt::format("did you mean {}?", fmt::join(elsewhere, " or "));
  problem(fmt::format("{}.{} {} (unknown key) {}", section, setting.key, setting.origin.phrase(), suggestion));
}

void ConfigLoader::run_rules() {
  for (const ConfigSchema::Rule& rule : schema_.rules()) {
    for (const Problem& found : rule(config_)) problem(config_.describe_problem(found));
  }
}

ResolvedConfig load_config(const ConfigSchema& schema, const ConfigSources& sources) {
  return ConfigLoader(schema, sources).load();
}

}  // namespace coldframe
