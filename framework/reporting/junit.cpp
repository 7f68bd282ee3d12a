#include "framework/reporting/junit.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/utf8.h"

namespace coldframe {
namespace {

constexpr std::string_view k_replacement = "\xEF\xBF\xBD";  // U+FFFD

std::string escaped_byte(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&apos;";
    case '\t':
      return "&#9;";
    case '\n':
      return "&#10;";
    case '\r':
      return "&#13;";
    default:
      break;
  }
  return static_cast<unsigned char>(c) < 32 ? std::string(k_replacement) : std::string(1, c);
}

std::size_t count(const AcceptanceSuite& suite, Acceptance outcome) {
  return static_cast<std::size_t>(std::ranges::count(suite.results, outcome, &AcceptanceResult::outcome));
}

std::string testcase(std::string_view command, const AcceptanceResult& result) {
  std::string text = fmt::format("    <testcase classname=\"coldframe.{}\" name=\"{}\" time=\"0\"",
                                 xml_escaped(command), xml_escaped(fmt::format("{} {}", result.measure, result.bound)));
  if (result.outcome == Acceptance::met) return text + "/>\n";
  const bool missed = result.outcome == Acceptance::missed;
  return text + fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">found {3}</{0}>\n    </testcase>\n",
                            missed ? "failure" : "error", missed ? "missed" : "undecided", xml_escaped(result.reason),
                            xml_escaped(result.found));
}

std::string testsuite(std::string_view command, const AcceptanceSuite& suite, std::size_t id, std::string_view host,
                      std::string_view timestamp) {
  std::string text = fmt::format(
      "  <testsuite name=\"{}\" package=\"coldframe\" id=\"{}\" hostname=\"{}\" timestamp=\"{}\" tests=\"{}\" "
      "failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"0\">\n    <properties/>\n",
      xml_escaped(suite.name), id, xml_escaped(host), xml_escaped(timestamp), suite.results.size(),
      count(suite, Acceptance::missed), count(suite, Acceptance::undecided));
  for (const AcceptanceResult& result : suite.results) text += testcase(command, result);
  return text + "    <system-out/>\n    <system-err/>\n  </testsuite>\n";
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t valid = find_invalid_utf8(text).value_or(text.size());
    for (std::size_t at = 0; at < valid; ++at) {
      const std::string_view three = text.substr(at, 3);
      const bool no_character = three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF";  // U+FFFE, U+FFFF
      out += no_character ? std::string(k_replacement) : escaped_byte(text[at]);
      if (no_character) at += 2;
    }
    if (valid < text.size()) out += k_replacement;
    text.remove_prefix(std::min(valid + 1, text.size()));
  }
  return out;
}

std::string junit_xml(std::string_view command, std::span<const AcceptanceSuite> suites, std::string_view host,
                      std::string_view timestamp) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (std::size_t s = 0; s < suites.size(); ++s) text += testsuite(command, suites[s], s, host, timestamp);
  return text + "</testsuites>\n";
}

}  // namespace coldframe
