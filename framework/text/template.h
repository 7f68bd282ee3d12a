#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/text/template_part.h"

namespace coldframe {

/// Values of a field: none (missing), one, or several (genres).
using FieldValues = std::vector<std::string>;

/// What holds for every value before a template sees it.
struct ValueRules {
  std::vector<std::string> missing = {};   // spellings of "no value"; empty or blank values are missing anyway
  std::vector<std::string> articles = {};  // for `!article`: "Usual Suspects, The" becomes "The Usual Suspects"
};

/// A text with holes, as written in config files:
///
///     [{title!article}[ ({year})].][ {genres}]
///     A [{age} year old ]{gender:M=man,F=woman|person}[, {occupation}].[ Liked: {history/; }.]
///
/// - `{field}` is the value of a field; several values are joined by a blank, or by what follows a slash: `{genres/,
/// }`.
/// - `!article` moves a trailing article to the front of each value.
/// - `:M=man,F=woman` replaces values; one that is not listed counts as missing.
/// - `|person` stands in for a missing value. These parts may be combined, in the order of this list.
/// - `[ ... ]` is an optional piece: it goes when a field directly in it is missing, or when it holds only optional
/// pieces
///   and all of them went. Pieces nest. A missing field outside of any piece leaves nothing.
/// - A backslash makes the next character ordinary.
/// White space around the result is removed.
class Template {
 public:
  /// `key` is the option that holds the template ("text.item") and stands in every message. ConfigError when it does
  /// not parse, with the column.
  Template(std::string_view source, std::string_view key, ValueRules rules = {});

  /// Distinct field names in order of first use.
  const std::vector<std::string>& fields() const { return fields_; }
  /// ConfigError that lists `known` when a field is not among them.
  void require_fields(std::span<const std::string> known) const;
  /// `values[i]` belongs to `fields()[i]`.
  std::string render(std::span<const FieldValues> values) const;

 private:
  std::string key_;
  ValueRules rules_;
  std::vector<std::string> fields_;
  std::vector<detail::TemplatePart> parts_;
};

}  // namespace coldframe
