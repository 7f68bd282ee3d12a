#include "framework/core/safetensors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "framework/core/error.h"
#include "framework/core/json.h"

namespace coldframe {
namespace {

using nlohmann::json;

struct TypeRow {
  TensorType type;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<TypeRow, 13> k_types = {{
    {TensorType::boolean, "BOOL", 1},
    {TensorType::u8, "U8", 1},
    {TensorType::i8, "I8", 1},
    {TensorType::u16, "U16", 2},
    {TensorType::i16, "I16", 2},
    {TensorType::f16, "F16", 2},
    {TensorType::bf16, "BF16", 2},
    {TensorType::u32, "U32", 4},
    {TensorType::i32, "I32", 4},
    {TensorType::f32, "F32", 4},
    {TensorType::u64, "U64", 8},
    {TensorType::i64, "I64", 8},
    {TensorType::f64, "F64", 8},
}};

constexpr std::uint64_t k_length_bytes = 8;
constexpr std::uint64_t k_longest_header = 100'000'000;  // the limit of the reference implementation

const TypeRow& row_of(TensorType type) {
  return *std::find_if(k_types.begin(), k_types.end(), [&](const TypeRow& row) { return row.type == type; });
}

/// Nothing on overflow or a negative extent.
std::optional<std::uint64_t> byte_count(const std::vector<std::int64_t>& shape, TensorType type) {
  std::uint64_t count = size_in_bytes(type);
  for (const std::int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count)) return std::nullopt;
  }
  return count;
}

/// Turns the header into checked entries. One object per file being opened.
class HeaderParser {
 public:
  HeaderParser(const std::filesystem::path& path, std::uint64_t data_begin, std::uint64_t file_size)
      : path_(path), data_begin_(data_begin), data_size_(file_size - data_begin) {}

  std::map<std::string, std::string> metadata(const json& header) const {
    std::map<std::string, std::string> metadata;
    if (!header.contains("__metadata__")) return metadata;
    const json& block = header.at("__metadata__");
    if (!block.is_object()) fail("__metadata__ is not an object of texts");
    for (const auto& [key, value] : block.items()) {
      if (!value.is_string()) fail(fmt::format("__metadata__ \"{}\" is not a text", key));
      metadata.emplace(key, value.get<std::string>());
    }
    return metadata;
  }

  std::vector<TensorEntry> tensors(const json& header) const {
    std::vector<TensorEntry> entries;
    for (const auto& [name, block] : header.items()) {
      if (name != "__metadata__") entries.push_back(tensor(name, block));
    }
    std::sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
      return std::tie(a.begin, a.size, a.name) < std::tie(b.begin, b.size, b.name);
    });
    check_layout(entries);
    return entries;
  }

 private:
  TensorEntry tensor(const std::string& name, const json& block) const {
    TensorEntry entry;
    entry.name = name;
    if (!block.is_object()) fail(name, "its description is not an object");
    for (const std::string_view key : {"dtype", "shape", "data_offsets"}) {
      if (!block.contains(key)) fail(name, fmt::format("its description has no {}", key));
    }
    entry.type = type_of(name, block.at("dtype"));
    for (const std::uint64_t extent : numbers(name, block.at("shape"), "shape")) {
      entry.shape.push_back(static_cast<std::int64_t>(extent));
    }
    const std::vector<std::uint64_t> offsets = numbers(name, block.at("data_offsets"), "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) fail(name, "data_offsets are not a pair [begin, end]");
    if (offsets[1] > data_size_) {
      fail(name, fmt::format("its bytes end at {} of {}: the file is truncated", offsets[1], data_size_));
    }
    entry.begin = data_begin_ + offsets[0];
    entry.size = offsets[1] - offsets[0];
    const std::optional<std::uint64_t> expected = byte_count(entry.shape, entry.type);
    if (!expected) fail(name, fmt::format("shape [{}] is too large", fmt::join(entry.shape, ", ")));
    if (*expected != entry.size) {
      fail(name, fmt::format("shape [{}] of {} needs {} bytes, data_offsets hold {}", fmt::join(entry.shape, ", "),
                             to_string(entry.type), *expected, entry.size));
    }
    return entry;
  }

  TensorType type_of(const std::string& name, const json& value) const {
    if (!value.is_string()) fail(name, "dtype is not a text");
    const auto text = value.get<std::string>();
    for (const TypeRow& row : k_types) {
      if (row.name == text) return row.type;
    }
    fail(name, fmt::format("dtype {} is not supported", text));
  }

  std::vector<std::uint64_t> numbers(const std::string& name, const json& value, std::string_view what) const {
    std::vector<std::uint64_t> list;
    if (!value.is_array()) fail(name, fmt::format("{} is not a list", what));
    for (const json& element : value) {
      if (!element.is_number_unsigned() || element.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
        fail(name, fmt::format("{} holds something that is not a whole number >= 0", what));
      }
      list.push_back(element.get<std::uint64_t>());
    }
    return list;
  }

  void check_layout(const std::vector<TensorEntry>& entries) const {
    std::uint64_t position = data_begin_;
    for (const TensorEntry& entry : entries) {
      if (entry.begin < position) fail(entry.name, "its bytes overlap those of another tensor");
      if (entry.begin > position) fail(entry.name, fmt::format("{} unused bytes before it", entry.begin - position));
      position += entry.size;
    }
    const std::uint64_t end = data_begin_ + data_size_;
    if (position != end) fail(fmt::format("{} bytes after the last tensor", end - position));
  }

  [[noreturn]] void fail(std::string_view why) const {
    throw DataError(fmt::format("{} is damaged", path_.string()), why);
  }
  [[noreturn]] void fail(std::string_view tensor, std::string_view why) const {
    throw DataError(fmt::format("tensor {} in {} is damaged", tensor, path_.string()), why);
  }

  const std::filesystem::path& path_;
  std::uint64_t data_begin_;
  std::uint64_t data_size_;
};

void read_fully(int descriptor, const std::filesystem::path& path, std::uint64_t at, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = pread(descriptor, out.data(), out.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw IoError(fmt::format("cannot read {}", path.string()), std::strerror(errno));
    if (count == 0) throw DataError(fmt::format("{} is damaged", path.string()), "it ends too early");
    at += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
}

std::uint64_t little_endian(std::span<const std::byte, 8> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

json header_of(const std::vector<TensorDeclaration>& tensors, const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t position = 0;
  for (const TensorDeclaration& tensor : tensors) {
    const std::uint64_t size = byte_count(tensor.shape, tensor.type).value();
    header[tensor.name] = {
        {"dtype", to_string(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {position, position + size}}};
    position += size;
  }
  return header;
}

void check_declarations(const std::filesystem::path& path, const std::vector<TensorDeclaration>& tensors) {
  std::set<std::string_view> names;
  for (const TensorDeclaration& tensor : tensors) {
    const bool usable = tensor.name != "__metadata__" && names.insert(tensor.name).second;
    if (!usable || !byte_count(tensor.shape, tensor.type)) {
      throw DataError(fmt::format("cannot write tensor {} to {}", tensor.name, path.string()),
                      usable ? "its shape is not usable" : "the name is taken");
    }
  }
}

}  // namespace

std::size_t size_in_bytes(TensorType type) { return row_of(type).size; }
std::string_view to_string(TensorType type) { return row_of(type).name; }

std::int64_t TensorEntry::element_count() const { return static_cast<std::int64_t>(size / size_in_bytes(type)); }

SafetensorsFile::SafetensorsFile(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw IoError(fmt::format("cannot read {}", path_.string()), std::strerror(errno), "check the path and who may read it");
  }
  try {
    read_header();
  } catch (...) {
    close();
    throw;
  }
}

void SafetensorsFile::read_header() {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    throw IoError(fmt::format("cannot read {}", path_.string()), "it is not a file", "name a .safetensors file");
  }
  const auto file_size = static_cast<std::uint64_t>(status.st_size);
  std::array<std::byte, k_length_bytes> length_bytes{};
  if (file_size < k_length_bytes) {
    throw DataError(fmt::format("{} is damaged", path_.string()), "too short for a safetensors file");
  }
  read_fully(descriptor_, path_, 0, length_bytes);
  const std::uint64_t length = little_endian(length_bytes);
  if (length > k_longest_header || length > file_size - k_length_bytes) {
    throw DataError(fmt::format("{} is damaged", path_.string()),
                    fmt::format("header of {} bytes in a file of {}", length, file_size),
                    "is it a safetensors file, complete?");
  }
  std::string text(length, '\0');
  read_fully(descriptor_, path_, k_length_bytes, std::as_writable_bytes(std::span(text)));
  const json header = parse_json(text, fmt::format("header of {}", path_.string()));
  if (!header.is_object()) throw DataError(fmt::format("{} is damaged", path_.string()), "its header is not an object");
  const HeaderParser parser(path_, k_length_bytes + length, file_size);
  metadata_ = parser.metadata(header);
  tensors_ = parser.tensors(header);
}

SafetensorsFile::SafetensorsFile(SafetensorsFile&& other) noexcept
    : path_(std::move(other.path_)),
      tensors_(std::move(other.tensors_)),
      metadata_(std::move(other.metadata_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  path_ = std::move(other.path_);
  tensors_ = std::move(other.tensors_);
  metadata_ = std::move(other.metadata_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

SafetensorsFile::~SafetensorsFile() { close(); }

void SafetensorsFile::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

const TensorEntry* SafetensorsFile::find(std::string_view name) const {
  const auto at = std::find_if(tensors_.begin(), tensors_.end(), [&](const TensorEntry& t) { return t.name == name; });
  return at == tensors_.end() ? nullptr : &*at;
}

const TensorEntry& SafetensorsFile::require(std::string_view name) const {
  if (const TensorEntry* entry = find(name)) return *entry;
  throw DataError(fmt::format("tensor {} is missing in {}", name, path_.string()));
}

void SafetensorsFile::read(const TensorEntry& tensor, std::span<std::byte> out) const {
  CF_EXPECTS(out.size() == tensor.size);
  read_fully(descriptor_, path_, tensor.begin, out);
}

std::vector<std::byte> SafetensorsFile::read(const TensorEntry& tensor) const {
  std::vector<std::byte> bytes(tensor.size);
  read(tensor, bytes);
  return bytes;
}

SafetensorsWriter::SafetensorsWriter(std::filesystem::path path, std::vector<TensorDeclaration> tensors,
                                     const std::map<std::string, std::string>& metadata)
    : file_(path), tensors_(std::move(tensors)) {
  check_declarations(path, tensors_);
  std::string header = header_of(tensors_, metadata).dump();
  // Spaces up to a multiple of 8 keep the data aligned for readers that map the file.
  header.append((8 - header.size() % 8) % 8, ' ');
  std::array<std::byte, k_length_bytes> length{};
  for (std::size_t i = 0; i < length.size(); ++i) length[i] = static_cast<std::byte>(header.size() >> (8 * i) & 0xFF);
  file_.write(length);
  file_.write(header);
}

void SafetensorsWriter::write(std::string_view name, std::span<const std::byte> bytes) {
  if (next_ >= tensors_.size() || tensors_[next_].name != name) {
    throw std::logic_error(fmt::format("safetensors: {} is not the next declared tensor", name));
  }
  if (bytes.size() != byte_count(tensors_[next_].shape, tensors_[next_].type)) {
    throw std::logic_error(fmt::format("safetensors: {} has {} bytes, not those of its shape", name, bytes.size()));
  }
  file_.write(bytes);
  ++next_;
}

void SafetensorsWriter::commit() {
  if (next_ != tensors_.size()) {
    throw std::logic_error(fmt::format("safetensors: {} of {} tensors were written", next_, tensors_.size()));
  }
  file_.commit();
}

}  // namespace coldframe
