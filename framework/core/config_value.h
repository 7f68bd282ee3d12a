#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// An option's value outside its struct: one alternative per type that OptionVisitor knows, in the same order.
using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                                 std::vector<double>, std::vector<std::string>>;

/// Where a value came from.
struct Origin {
  enum class Source { standard, file, command_line };
  Source source = Source::standard;
  std::string file;
  int line = 0;

  std::string text() const;    // "base.ini:14", "command line", "default"
  std::string phrase() const;  // "in base.ini:14", "on the command line", "by default"
};

/// A Field that owns its words (fields may be made from short-lived names), with the value at hand.
struct FieldRecord {
  std::string name;
  std::string doc;
  std::string unit;
  double minimum = 0;
  double maximum = 0;
  bool minimum_exclusive = false;
  std::vector<std::string> choices;
  Effect effect = Effect::results;
  OptionValue value;

  std::string range_text() const;  // "> 0", "0 .. 1", "fixed | fast", "" when anything goes
};

/// All options of a struct with their present values, in described order.
std::vector<FieldRecord> describe_fields(Options& options);

/// Assigns one option by name; the value must have the option's own type.
void assign_field(Options& options, std::string_view name, const OptionValue& value);

/// A value, or why the text is none: "not a whole number".
struct ParsedValue {
  OptionValue value;
  std::string mistake;  // empty: fine
};

/// Text as it stands in a file or on the command line -> a value of the field's type. Conversions are those of
/// Boost.Program_options; a text in double quotes is taken literally; lists are separated by commas or spaces.
ParsedValue parse_option_value(const FieldRecord& field, std::string_view text);

/// Empty when range and choices hold, else "must be > 0".
std::string range_violation(const FieldRecord& field, const OptionValue& value);

/// The shortest text that parse_option_value() turns back into the same value; quoted where an INI file needs it.
std::string format_option_value(const OptionValue& value);

}  // namespace coldframe
