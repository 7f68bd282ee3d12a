#include "framework/text/vocabulary_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/utf8.h"

namespace coldframe {
namespace {

void check_line(std::string_view line, std::string_view place) {
  if (line.empty()) {
    throw DataError(fmt::format("{}: empty line", place), "every line is a token, its number the id",
                    "copy the vocabulary again");
  }
  if (line.size() > 1 && line.back() == '\r') {
    throw DataError(fmt::format("{}: CRLF line end", place), "with it no word would match the vocabulary",
                    "convert the file to LF; bert-base-uncased has 30,522 lines and 231,508 bytes");
  }
  if (const auto byte = find_invalid_utf8(line)) {
    throw DataError(fmt::format("{}: byte {} is not UTF-8", place, *byte + 1));
  }
}

}  // namespace

std::vector<std::pair<std::string, TokenId>> read_vocabulary_file(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  if (text.empty()) throw DataError(fmt::format("{} is empty", path.string()));
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  std::unordered_map<std::string_view, std::size_t> line_of;
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::string place = fmt::format("{}:{}", path.string(), number);
    check_line(line, place);
    const auto [first, added] = line_of.emplace(line, number);
    if (!added) {
      throw DataError(fmt::format("{}: token \"{}\" stands in line {} already", place, line, first->second),
                      "a token has one id", "copy the vocabulary again");
    }
    vocabulary.emplace_back(line, static_cast<TokenId>(number - 1));
  }
  return vocabulary;
}

}  // namespace coldframe
