#include "framework/data/mapping.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <sstream>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/config.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

FamilyKind kind_of(AttributeKind kind, std::string summary) {
  return {std::string(attribute_kind_name(kind)), std::move(summary),
          [kind] { return std::make_unique<AttributeOptions>(kind); }};
}

std::vector<FamilyKind> attribute_kinds() {
  return {kind_of(AttributeKind::category, "one of a set of words"),
          kind_of(AttributeKind::number, "a number"),
          kind_of(AttributeKind::text, "free text"),
          kind_of(AttributeKind::multi, "several words in one column"),
          {"flags", "several words, one 0/1 column each",
           [] { return std::make_unique<AttributeOptions>(AttributeKind::multi, true); }}};
}

std::vector<AttributeMapping> attributes_of(const ResolvedConfig& config, std::string_view family) {
  std::vector<AttributeMapping> attributes;
  for (const ConfigInstance& instance : config.instances(family)) {
    attributes.push_back({instance.name, dynamic_cast<const AttributeOptions&>(*instance.options)});
  }
  return attributes;
}

std::vector<Problem> attributes_without_table(const ResolvedConfig& config, const Mapping& mapping) {
  std::vector<Problem> problems;
  for (const auto& [family, table] : {std::pair{"user", &mapping.users}, {"item", &mapping.items}}) {
    if (config.instances(family).empty() || !table->input.file.empty()) continue;
    problems.push_back({fmt::format("{}s.file", family), fmt::format("(needed by [{}.*]) name the file", family)});
  }
  return problems;
}

std::vector<Problem> no_interactions(const Mapping& mapping) {
  if (!mapping.interactions.input.file.empty() || !mapping.impressions.input.file.empty()) return {};
  return {{"interactions.file", "(must not be empty) name the file of the interactions, or [impressions] with clicks"}};
}

std::map<std::string, std::string> read_checksums(const std::filesystem::path& path) {
  std::map<std::string, std::string> sums;
  if (!std::filesystem::exists(path)) return sums;
  std::istringstream lines(read_file(path));
  std::string sum, name;
  while (lines >> sum >> name) sums[name] = sum;
  return sums;
}

}  // namespace

void SourceOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "name", .doc = "name of the data set"}, name);
  visitor.visit({.name = "licence", .doc = "what its owners allow"}, licence);
  visitor.visit({.name = "max_malformed_share",
                 .doc = "an import fails when more of a file's rows are malformed",
                 .minimum = 0,
                 .maximum = 1},
                max_malformed_share);
  visitor.visit({.name = "shown_rows", .doc = "malformed rows shown per reason", .minimum = 0, .maximum = 100},
                shown_rows);
}

std::vector<Problem> SourceOptions::validate() const {
  if (!name.empty()) return {};
  return {{"name", "(must not be empty) try the name of the folder"}};
}

void FileOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "file", .doc = "file in the input folder; file.gz is found too"}, file);
  visitor.visit({.name = "format",
                 .doc = "records with delimiters, or one JSON object per line",
                 .choices = {"delimited", "json-lines"}},
                format);
  visitor.visit({.name = "delimiter", .doc = "comma, tab, semicolon, pipe, space or the characters themselves"},
                delimiter);
  visitor.visit({.name = "quote",
                 .doc = "the quote character, if quotes have a meaning",
                 .choices = {"double", "single", "none"}},
                quote);
  visitor.visit({.name = "encoding", .doc = "of the text; never guessed", .choices = {"utf-8", "latin-1"}}, encoding);
  visitor.visit(
      {.name = "header",
       .doc = "first record: column names, names with `:type` after them, or data (columns are numbered from 1)",
       .choices = {"names", "typed", "none"}},
      header);
  visitor.visit({.name = "html", .doc = "what becomes of HTML in text", .choices = {"keep", "unescape", "strip"}},
                html);
  visitor.visit({.name = "missing", .doc = "words that stand for a missing value, ids excepted"}, missing);
}

std::string FileOptions::delimiter_text() const {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> k_names = {
      {{"comma", ","}, {"tab", "\t"}, {"semicolon", ";"}, {"pipe", "|"}, {"space", " "}}};
  for (const auto& [name, text] : k_names) {
    if (delimiter == name) return std::string(text);
  }
  return delimiter;
}

std::vector<Problem> FileOptions::validate() const {
  std::vector<Problem> problems;
  if (delimiter.empty() || delimiter.find_first_of("\r\n\"") != std::string::npos) {
    problems.push_back({"delimiter", "(must not be empty, hold a line break or a quote) try comma or tab"});
  }
  if (format == "json-lines" && encoding != "utf-8") {
    problems.push_back({"encoding", "(JSON is always UTF-8) remove the key"});
  }
  return problems;
}

void InteractionOptions::describe(OptionVisitor& visitor) {
  input.describe(visitor);
  visitor.visit({.name = "user", .doc = "column of the user id"}, user);
  visitor.visit({.name = "item", .doc = "column of the item id"}, item);
  visitor.visit({.name = "rating", .doc = "column of the rating; none means implicit feedback"}, rating);
  visitor.visit({.name = "timestamp", .doc = "column of the time; none allows order-free protocols only"}, timestamp);
  visitor.visit({.name = "timestamp_unit",
                 .doc = "what the numbers there mean; never guessed",
                 .choices = {"none", "seconds", "milliseconds", "microseconds", "iso8601"}},
                timestamp_unit);
  visitor.visit({.name = "unknown_users",
                 .doc = "interactions of users that the user table lacks",
                 .choices = {"create", "drop", "error"}},
                unknown_users);
  visitor.visit({.name = "unknown_items",
                 .doc = "interactions with items that the item table lacks",
                 .choices = {"create", "drop", "error"}},
                unknown_items);
}

std::vector<Problem> InteractionOptions::validate() const {
  std::vector<Problem> problems = input.validate();
  if (user.empty()) problems.push_back({"user", "(must not be empty) name the column"});
  if (item.empty()) problems.push_back({"item", "(must not be empty) name the column"});
  if (timestamp.empty() != (timestamp_unit == "none")) {
    problems.push_back({"timestamp_unit", "(timestamp and timestamp_unit go together) state both or neither"});
  }
  return problems;
}

void ImpressionOptions::describe(OptionVisitor& visitor) {
  input.describe(visitor);
  const auto column = [&](std::string_view name, std::string_view doc, std::string& value) {
    visitor.visit({.name = name, .doc = doc}, value);
  };
  column("user", "column of the user id", user);
  column("item", "column of the item id", item);
  column("clicked", "column of the click, 0 or 1", clicked);
  column("position", "column of the position on the page; none, with no page either: every row is a page", position);
  visitor.visit({.name = "first_position", .doc = "how the top is numbered", .minimum = 0, .maximum = 1},
                first_position);
  column("page", "column of the page number within a session, below 4096", page);
  column("session", "column of the session number of the user", session);
  column("period", "column of the period number", period);
  column("log_propensity", "column of the log probability of the item at its place, given what is above it",
         log_propensity);
  column("propensity", "the same as a probability", propensity);
  column("log_marginal", "column of the log probability of the item at its place, whatever is above it", log_marginal);
  column("price", "column of the price of a click, where the place was sold; 0 or empty elsewhere", price);
  column("timestamp", "column of the time of the page", timestamp);
  visitor.visit({.name = "timestamp_unit",
                 .doc = "what the numbers there mean; never guessed",
                 .choices = {"none", "seconds", "milliseconds", "microseconds", "iso8601"}},
                timestamp_unit);
  column("policy", "name of the policy that chose", policy);
  visitor.visit(
      {.name = "logging", .doc = "whether it drew its pages", .choices = {"unknown", "deterministic", "stochastic"}},
      logging);
  visitor.visit(
      {.name = "clicked_items", .doc = "whether items can be shown again after a click", .choices = {"leave", "stay"}},
      clicked_items);
}

std::vector<Problem> ImpressionOptions::validate() const {
  std::vector<Problem> problems = input.validate();
  if (user.empty()) problems.push_back({"user", "(must not be empty) name the column"});
  if (item.empty()) problems.push_back({"item", "(must not be empty) name the column"});
  if (clicked.empty()) problems.push_back({"clicked", "(must not be empty) name the column"});
  if (position.empty() != page.empty()) {
    problems.push_back({"page", "(page and position go together) name both, or neither: then every row is a page"});
  }
  if (page.empty() && !(session.empty() && period.empty())) {
    problems.push_back({"session", "(without page every row is a page, numbered by time) remove session and period"});
  }
  if (!log_propensity.empty() && !propensity.empty()) {
    problems.push_back({"propensity", "(log_propensity says the same) name one of them"});
  }
  if (timestamp.empty() != (timestamp_unit == "none")) {
    problems.push_back({"timestamp_unit", "(timestamp and timestamp_unit go together) state both or neither"});
  }
  return problems;
}

void EntityOptions::describe(OptionVisitor& visitor) {
  input.describe(visitor);
  visitor.visit({.name = "id", .doc = "column of the id"}, id);
  visitor.visit({.name = "repeated_ids",
                 .doc = "rows with an id that was there before",
                 .choices = {"error", "keep-first", "keep-last"}},
                repeated_ids);
  visitor.visit({.name = "available_from", .doc = "items: column of the first moment they can be shown"},
                available_from);
  visitor.visit({.name = "available_to", .doc = "items: column of the moment from which they cannot be shown"},
                available_to);
  visitor.visit({.name = "available_unit",
                 .doc = "what the numbers there mean; never guessed",
                 .choices = {"none", "seconds", "milliseconds", "microseconds", "iso8601"}},
                available_unit);
}

std::vector<Problem> EntityOptions::validate() const {
  std::vector<Problem> problems = input.validate();
  if ((available_from.empty() && available_to.empty()) != (available_unit == "none")) {
    problems.push_back(
        {"available_unit", "(available_from or _to and available_unit go together) state both or neither"});
  }
  return problems;
}

void AttributeOptions::describe(OptionVisitor& visitor) {
  if (flags) {
    visitor.visit({.name = "columns", .doc = "value=column, one per value; 1 in the column means the value applies"},
                  columns);
    return;
  }
  visitor.visit({.name = "column", .doc = "column it is read from"}, column);
  visitor.visit({.name = "part",
                 .doc = "of a title that ends in a year, \"Toy Story (1995)\": the year, or all but the year",
                 .choices = {"whole", "year", "without-year"}},
                part);
  if (kind == AttributeKind::number)
    visitor.visit({.name = "prefix", .doc = "removed from the front, like $; then commas are removed too"}, prefix);
  if (kind == AttributeKind::multi)
    visitor.visit({.name = "separator", .doc = "between the words; space for a space"}, separator);
  if (kind == AttributeKind::category) visitor.visit({.name = "rename", .doc = "text=meaning, for codes"}, rename);
}

std::vector<Problem> AttributeOptions::validate() const {
  std::vector<Problem> problems;
  if (flags && columns.empty()) problems.push_back({"columns", "(must not be empty) write value=column ..."});
  if (!flags && column.empty()) problems.push_back({"column", "(must not be empty) name the column"});
  if (separator.empty()) problems.push_back({"separator", "(must not be empty) try |"});
  for (const auto& [key, list] : {std::pair{"columns", &columns}, {"rename", &rename}}) {
    for (const std::string& entry : *list) {
      const std::size_t sign = entry.rfind('=');
      if (sign != std::string::npos && sign > 0 && sign + 1 < entry.size()) continue;
      problems.push_back({key, fmt::format("('{}' is not a pair) write it as left=right", entry)});
    }
  }
  return problems;
}

Mapping load_mapping(const std::filesystem::path& path) {
  Mapping mapping;
  ConfigSchema schema;
  schema.section("source", "the data set", mapping.source);
  schema.section("interactions", "who did what", mapping.interactions);
  schema.section("impressions", "what was shown", mapping.impressions);
  schema.section("users", "the table of users", mapping.users);
  schema.section("items", "the table of items", mapping.items);
  schema.family("user", "an attribute of the users", attribute_kinds());
  schema.family("item", "an attribute of the items", attribute_kinds());
  schema.rule([&](const ResolvedConfig& config) { return attributes_without_table(config, mapping); });
  schema.rule([&](const ResolvedConfig&) { return no_interactions(mapping); });
  const ResolvedConfig config = load_config(schema, {.files = {path}, .overrides = {}});
  mapping.user_attributes = attributes_of(config, "user");
  mapping.item_attributes = attributes_of(config, "item");
  mapping.published_sha256 = read_checksums(path.parent_path() / "checksums");
  return mapping;
}

}  // namespace coldframe
