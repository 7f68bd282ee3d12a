#include "framework/core/ini_file.h"

#include <fmt/format.h>

#include <string_view>

#include "framework/core/atomic_file.h"
#include "framework/core/quoting.h"
#include "framework/core/utf8.h"

namespace coldframe::detail {
namespace {

constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

class Scanner {
 public:
  explicit Scanner(std::string file_name) : file_name_(std::move(file_name)) {}

  void line(std::string_view text) {
    ++line_;
    if (find_invalid_utf8(text) || text.find('\0') != text.npos) {
      problem("not a line of text", "invalid UTF-8");
      return;
    }
    text = trim(text);
    if (text.empty() || text.front() == '#' || text.front() == ';') return;
    if (text.front() == '[') {
      section(trim(strip_comment(text)));
    } else {
      assignment(text);
    }
  }

  IniFile result() && { return std::move(file_); }

 private:
  void section(std::string_view text) {
    const std::string_view name = text.back() == ']' ? trim(text.substr(1, text.size() - 2)) : std::string_view{};
    if (name.empty() || name.find_first_of("[]") != name.npos) {
      problem(fmt::format("{} is not a section", text), "expected [name]");
      return;
    }
    section_ = name;
    file_.sections.push_back({section_, line_});
  }

  void assignment(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view key = trim(text.substr(0, equals));
    if (equals == text.npos || key.empty()) {
      problem(fmt::format("\"{}\" is not a setting", text.substr(0, 60)), "expected key = value");
      return;
    }
    const std::string_view value = trim(text.substr(equals + 1));
    if (value.starts_with('"') && skip_quoted(value, 0) == value.npos) {
      problem(fmt::format("{} has a quote without an end", key), "quotes close on the same line");
      return;
    }
    file_.assignments.push_back({section_, std::string(key), std::string(trim(strip_comment(value))), line_});
  }

  void problem(std::string_view what, std::string_view why) {
    file_.problems.push_back(fmt::format("{} in {}:{} ({})", what, file_name_, line_, why));
  }

  std::string file_name_;
  std::string section_;
  int line_ = 0;
  IniFile file_;
};

}  // namespace

IniFile scan_ini(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  std::string_view rest = content;
  if (rest.starts_with(k_byte_order_mark)) rest.remove_prefix(k_byte_order_mark.size());
  Scanner scanner(path.string());
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    scanner.line(rest.substr(0, newline));
    rest.remove_prefix(newline == rest.npos ? rest.size() : newline + 1);
  }
  return std::move(scanner).result();
}

}  // namespace coldframe::detail
