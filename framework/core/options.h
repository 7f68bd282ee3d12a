#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

/// Whether an option can change a result. Operational ones (paths, threads, deadlines) are left out of the digest that
/// a run folder compares before it lets a run go on.
enum class Effect { results, operation };

/// One documented option. From it come INI parsing, command-line overrides, --help, --dump-config, the echo in the run
/// record and the table in docs/guide/configuration.md.
struct Field {
  std::string_view name;
  std::string_view doc;
  std::string_view unit = {};  // "tokens", "seconds", ...; empty for pure numbers
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  bool minimum_exclusive = false;              // "> minimum" instead of ">= minimum"
  std::vector<std::string_view> choices = {};  // for strings: the allowed values
  Effect effect = Effect::results;
};

/// Receives every option of a struct in a fixed order. The reference is the option itself: a reader prints it, the
/// loader assigns it. Range and choices are checked by the loader, so validate() holds only cross-field rules.
class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;
  virtual void visit(const Field& field, bool& value) = 0;
  virtual void visit(const Field& field, std::int64_t& value) = 0;
  virtual void visit(const Field& field, double& value) = 0;
  virtual void visit(const Field& field, std::string& value) = 0;
  virtual void visit(const Field& field, std::vector<std::int64_t>& value) = 0;  // INI: comma or space separated
  virtual void visit(const Field& field, std::vector<double>& value) = 0;
  virtual void visit(const Field& field, std::vector<std::string>& value) = 0;
};

/// A violated rule that involves one or more options of a section: `key` is "learning_rate" or a related key.
struct Problem {
  std::string key;
  std::string text;  // "(must be below optimizer.epsilon) try 1e-8"
  /// The value does nothing where it stands, which is a mistake of whoever wrote it. What a run wrote down holds such
  /// values once the standard one has changed since.
  bool idle = false;
};

/// A struct of options that owns one INI section. Options structs derive from it, keep in-class defaults, and implement
/// describe() with one visit() per member.
struct Options {
  virtual ~Options() = default;
  virtual void describe(OptionVisitor& visitor) = 0;
  virtual std::vector<Problem> validate() const { return {}; }
};

}  // namespace coldframe
