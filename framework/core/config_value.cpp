#include "framework/core/config_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "framework/core/quoting.h"

namespace coldframe {
namespace {

/// Calls `use(field, value)` for every option, whatever its type.
template <class Use>
class EachField final : public OptionVisitor {
 public:
  explicit EachField(Use use) : use_(std::move(use)) {}
  void visit(const Field& field, bool& value) override { use_(field, value); }
  void visit(const Field& field, std::int64_t& value) override { use_(field, value); }
  void visit(const Field& field, double& value) override { use_(field, value); }
  void visit(const Field& field, std::string& value) override { use_(field, value); }
  void visit(const Field& field, std::vector<std::int64_t>& value) override { use_(field, value); }
  void visit(const Field& field, std::vector<double>& value) override { use_(field, value); }
  void visit(const Field& field, std::vector<std::string>& value) override { use_(field, value); }

 private:
  Use use_;
};

FieldRecord record_of(const Field& field, OptionValue value) {
  return {.name = std::string(field.name),
          .doc = std::string(field.doc),
          .unit = std::string(field.unit),
          .minimum = field.minimum,
          .maximum = field.maximum,
          .minimum_exclusive = field.minimum_exclusive,
          .choices = {field.choices.begin(), field.choices.end()},
          .effect = field.effect,
          .value = std::move(value)};
}

/// Compares whole numbers as such: 2^53 + 1 is not 2^53.
bool below(std::int64_t value, double bound) { return std::isfinite(bound) && static_cast<long double>(value) < bound; }
bool below(double value, double bound) { return value < bound; }
bool above(std::int64_t value, double bound) { return std::isfinite(bound) && static_cast<long double>(value) > bound; }
bool above(double value, double bound) { return value > bound; }

template <class Number>
std::string number_violation(const FieldRecord& field, Number value) {
  if (!std::isfinite(static_cast<double>(value))) return "must be a finite number";
  const bool at_minimum = static_cast<double>(value) == field.minimum;
  const bool too_low = below(value, field.minimum) || (field.minimum_exclusive && at_minimum);
  return too_low || above(value, field.maximum) ? "must be " + field.range_text() : std::string{};
}

std::string violation(const FieldRecord&, bool) { return {}; }
std::string violation(const FieldRecord& field, std::int64_t value) { return number_violation(field, value); }
std::string violation(const FieldRecord& field, double value) { return number_violation(field, value); }
std::string violation(const FieldRecord& field, const std::string& value) {
  const bool known = std::find(field.choices.begin(), field.choices.end(), value) != field.choices.end();
  return field.choices.empty() || known ? std::string{} : "must be " + field.range_text();
}
template <class Element>
std::string violation(const FieldRecord& field, const std::vector<Element>& values) {
  for (const Element& value : values) {
    if (std::string why = violation(field, value); !why.empty()) return why;
  }
  return {};
}

bool needs_quotes(std::string_view text, std::string_view also) {
  return text.empty() || detail::trim(text).size() != text.size() || text.find_first_of("\"#\n\t\r") != text.npos ||
         text.find_first_of(also) != text.npos;
}

std::string format(bool value) { return value ? "true" : "false"; }
std::string format(std::int64_t value) { return fmt::format("{}", value); }
std::string format(double value) { return fmt::format("{}", value); }
std::string format(const std::string& value) { return needs_quotes(value, "") ? detail::quote(value) : value; }
template <class Element>
std::string format(const std::vector<Element>& values) {
  std::string text;
  for (const Element& value : values) {
    if (!text.empty()) text += ", ";
    if constexpr (std::is_same_v<Element, std::string>) {
      text += needs_quotes(value, ", ") ? detail::quote(value) : value;
    } else {
      text += format(value);
    }
  }
  return text;
}

}  // namespace

std::string Origin::text() const {
  switch (source) {
    case Source::file:
      return fmt::format("{}:{}", file, line);
    case Source::command_line:
      return "command line";
    case Source::standard:
      break;
  }
  return "default";
}

std::string Origin::phrase() const {
  switch (source) {
    case Source::file:
      return "in " + text();
    case Source::command_line:
      return "on the command line";
    case Source::standard:
      break;
  }
  return "by default";
}

std::string FieldRecord::range_text() const {
  if (!choices.empty()) return fmt::format("{}", fmt::join(choices, " | "));
  const bool low = std::isfinite(minimum), high = std::isfinite(maximum);
  if (low && high && !minimum_exclusive) return fmt::format("{} .. {}", minimum, maximum);
  std::string text;
  if (low) text = fmt::format("{} {}", minimum_exclusive ? ">" : ">=", minimum);
  if (low && high) text += " and ";
  if (high) text += fmt::format("<= {}", maximum);
  return text;
}

std::vector<FieldRecord> describe_fields(Options& options) {
  std::vector<FieldRecord> records;
  EachField visitor([&](const Field& field, auto& value) { records.push_back(record_of(field, value)); });
  options.describe(visitor);
  return records;
}

void assign_field(Options& options, std::string_view name, const OptionValue& value) {
  EachField visitor([&](const Field& field, auto& target) {
    if (field.name == name) target = std::get<std::remove_reference_t<decltype(target)>>(value);
  });
  options.describe(visitor);
}

std::string range_violation(const FieldRecord& field, const OptionValue& value) {
  return std::visit([&](const auto& typed) { return violation(field, typed); }, value);
}

std::string format_option_value(const OptionValue& value) {
  return std::visit([](const auto& typed) { return format(typed); }, value);
}

}  // namespace coldframe
