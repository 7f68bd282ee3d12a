// The only source that includes Boost.Program_options (91,000 lines).
#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <memory>

#include "framework/core/command_line_tokens.h"
#include "framework/core/config_value.h"
#include "framework/core/error.h"
#include "framework/core/quoting.h"

namespace coldframe {
namespace {

namespace po = boost::program_options;

template <class Value>
constexpr std::string_view k_mistake = "not text";
template <>
constexpr std::string_view k_mistake<bool> = "not true or false";
template <>
constexpr std::string_view k_mistake<std::int64_t> = "not a whole number";
template <>
constexpr std::string_view k_mistake<double> = "not a number";

template <class Value>
bool convert(const std::string& text, Value& value) {
  const std::unique_ptr<const po::value_semantic> semantic(po::value<Value>());
  boost::any parsed;
  try {
    semantic->parse(parsed, {text}, true);
  } catch (const po::error&) {
    return false;
  }
  value = boost::any_cast<Value>(parsed);
  return true;
}

template <class Value>
ParsedValue parse(std::string_view text, Value value) {
  const std::optional<std::string> plain = detail::unquote(text);
  if (!plain) return {{}, "its quotes do not fit"};
  if constexpr (std::is_same_v<Value, std::string>) {
    return {*plain, {}};
  } else {
    if (!convert(*plain, value)) return {{}, std::string(k_mistake<Value>)};
    return {value, {}};
  }
}

template <class Element>
ParsedValue parse(std::string_view text, std::vector<Element> values) {
  const std::optional<std::vector<std::string>> words = detail::split_list(text);
  if (!words) return {{}, "not a list: its commas or quotes do not fit"};
  values.clear();
  for (const std::string& word : *words) {
    if constexpr (std::is_same_v<Element, std::string>) {
      values.push_back(word);
    } else if (Element element{}; convert(word, element)) {
      values.push_back(element);
    } else {
      return {{}, fmt::format("{} is {}", word, k_mistake<Element>)};
    }
  }
  return {values, {}};
}

}  // namespace

ParsedValue parse_option_value(const FieldRecord& field, std::string_view text) {
  return std::visit([&](const auto& present) { return parse(text, present); }, field.value);
}

namespace detail {

std::vector<CommandLineToken> tokenize(std::span<const std::string> arguments, const std::vector<FieldRecord>& fields) {
  po::options_description description;
  std::vector<std::string> words(arguments.begin(), arguments.end());
  for (const FieldRecord& field : fields) {
    description.add_options()(field.name.c_str(), po::value<std::vector<std::string>>());
    // A switch needs no value; Boost's implicit values would swallow the word behind it.
    if (!std::holds_alternative<bool>(field.value)) continue;
    std::replace(words.begin(), words.end(), fmt::format("--{}", field.name), fmt::format("--{}=true", field.name));
  }
  using Style = po::command_line_style::style_t;
  constexpr int style = Style::allow_long | Style::long_allow_adjacent | Style::long_allow_next;
  std::vector<CommandLineToken> tokens;
  try {
    const po::basic_parsed_options<char> parsed =
        po::command_line_parser(words).options(description).style(style).allow_unregistered().run();
    for (const po::option& option : parsed.options) {
      const bool word = option.position_key != -1;
      tokens.push_back({word ? std::string{} : option.string_key, option.value, word || !option.unregistered});
    }
  } catch (const po::error& error) {
    throw ConfigError(error.what());
  }
  return tokens;
}

}  // namespace detail
}  // namespace coldframe
