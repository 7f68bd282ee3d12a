#include "framework/data/text_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::size_t k_piece = 256 * 1024;

void append_latin1(std::string& text, std::string_view bytes) {
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x80) {
      text.push_back(byte);
    } else {
      text.push_back(static_cast<char>(0xC0 | (code >> 6)));
      text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    }
  }
}

int open_for_reading(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw IoError(fmt::format("cannot read {}", path.string()), "it is a folder", "name the file in it");
  }
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    throw IoError(fmt::format("cannot read {}", path.string()), std::strerror(errno), "check the path and who may read it");
  }
  return descriptor;
}

}  // namespace

struct TextSource::Stream {
  explicit Stream(const std::filesystem::path& path) {
    const int descriptor = open_for_reading(path);
    unsigned char magic[2] = {0, 0};
    compressed = ::pread(descriptor, magic, 2, 0) == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    file = gzdopen(descriptor, "rb");
    if (file == nullptr) {
      ::close(descriptor);
      throw IoError(fmt::format("cannot read {}", path.string()), "zlib could not start");
    }
    gzbuffer(file, k_piece);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { gzclose(file); }

  gzFile file = nullptr;
  bool compressed = false;
};

TextSource::TextSource(std::filesystem::path path, TextEncoding encoding)
    : path_(std::move(path)), encoding_(encoding), stream_(std::make_unique<Stream>(path_)) {}

TextSource::TextSource(TextSource&&) noexcept = default;
TextSource::~TextSource() = default;

std::size_t TextSource::read_bytes(std::string& bytes) {
  bytes.resize(k_piece);
  const int count = gzread(stream_->file, bytes.data(), static_cast<unsigned>(bytes.size()));
  int code = Z_OK;
  const std::string reason = gzerror(stream_->file, &code);
  if (code == Z_ERRNO) throw IoError(fmt::format("cannot read {}", path_.string()), std::strerror(errno));
  if (count < 0 || code == Z_BUF_ERROR || (stream_->compressed && gzdirect(stream_->file) != 0)) {
    throw DataError(fmt::format("{} is truncated or damaged gzip", path_.string()),
                    count < 0 ? reason : "it ends in the middle of the compressed data", "get the file again");
  }
  bytes.resize(static_cast<std::size_t>(count));
  return bytes.size();
}

bool TextSource::read(std::string& text) {
  std::string bytes;
  if (read_bytes(bytes) == 0) return false;
  std::string_view rest = bytes;
  if (std::exchange(at_start_, false)) {
    if (rest.substr(0, 2) == "\xFF\xFE" || rest.substr(0, 2) == "\xFE\xFF") {
      throw DataError(fmt::format("{} is UTF-16", path_.string()), "its byte order mark says so",
                      "convert it to UTF-8");
    }
    if (encoding_ == TextEncoding::utf8 && rest.substr(0, 3) == "\xEF\xBB\xBF") rest.remove_prefix(3);
  }
  if (encoding_ == TextEncoding::latin1) {
    append_latin1(text, rest);
  } else {
    text.append(rest);
  }
  return true;
}

}  // namespace coldframe
