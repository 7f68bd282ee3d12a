#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace coldframe {

/// Stated by the user, never guessed.
enum class TextEncoding { utf8, latin1 };

/// The text of a plain or gzip file (told apart by content) as UTF-8, piece by piece; a byte order mark is removed.
/// Latin-1 is converted; UTF-8 is passed on unchecked, since only the caller knows the line to blame.
/// Throws IoError when the file cannot be opened or read, DataError for truncated or damaged gzip and for UTF-16.
class TextSource {
 public:
  TextSource(std::filesystem::path path, TextEncoding encoding);
  TextSource(TextSource&&) noexcept;
  ~TextSource();

  /// Appends the next piece; false at the end of the file.
  bool read(std::string& text);
  const std::filesystem::path& path() const { return path_; }

 private:
  struct Stream;
  std::size_t read_bytes(std::string& bytes);
  std::filesystem::path path_;
  TextEncoding encoding_;
  std::unique_ptr<Stream> stream_;
  bool at_start_ = true;
};

}  // namespace coldframe
