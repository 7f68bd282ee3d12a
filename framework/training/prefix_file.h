#pragma once

#include <sys/types.h>
#include <array>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace coldframe {

/// Names a tokenised text: 128 bits over its token ids.
using TextName = std::array<std::uint64_t, 2>;
TextName text_name(std::span<const std::int64_t> token_ids);

struct TextNameHash {
  std::size_t operator()(const TextName& name) const { return static_cast<std::size_t>(name[0]); }
};

/// Rows of texts in a file, mapped into memory: processes of a host share its pages. A safetensors container: `names`
/// U64 [N, 2], `lengths` I64 [N] in tokens, `checksums` U64 [N, 2], `rows.00000` ... U8 [bytes] one after the other,
/// and in its metadata format and identity. Names ascend. Thread-safe.
class PrefixFile {
 public:
  struct Entry {
    TextName name{};
    std::span<const std::byte> rows;
  };

  /// Null when there is no file, or one of another identity or format. DataError when it is damaged in a way that
  /// shows without reading the rows.
  static std::shared_ptr<PrefixFile> open(const std::filesystem::path& path, const std::string& identity,
                                          std::size_t row_bytes);
  /// The whole file appears at once.
  static void write(const std::filesystem::path& path, const std::string& identity, std::size_t row_bytes,
                    std::vector<Entry> entries);
  PrefixFile(const PrefixFile&) = delete;
  ~PrefixFile();

  bool contains(const TextName& name) const { return places_.contains(name); }
  /// Empty when the file does not hold the text, or when its rows are not those that were written. Rows are compared
  /// with their checksum the first time.
  std::span<const std::byte> rows(const TextName& name);
  /// All that are sound.
  std::vector<Entry> entries();
  std::size_t texts() const { return places_.size(); }
  std::size_t bytes() const { return size_; }

 private:
  enum class Trust : std::uint8_t { unread, sound, damaged };
  struct Place {
    std::size_t offset = 0;
    std::size_t size = 0;
    TextName checksum{};
    std::size_t number = 0;
  };
  PrefixFile() = default;
  static std::shared_ptr<PrefixFile> read(const std::filesystem::path& path, const std::string& identity,
                                          std::size_t row_bytes);
  void map(const std::filesystem::path& path);
  bool sound(const Place& place);

  std::filesystem::path path_;
  const std::byte* begin_ = nullptr;  // of the mapped file
  std::size_t size_ = 0;
  std::size_t end_ = 0;  // of the rows, by the header
  ino_t inode_ = 0;      // of the mapped file
  std::unordered_map<TextName, Place, TextNameHash> places_;
  std::unique_ptr<std::atomic<Trust>[]> trust_;
};

}  // namespace coldframe
