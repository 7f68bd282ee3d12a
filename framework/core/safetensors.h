#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/atomic_file.h"

namespace coldframe {

enum class TensorType { boolean, u8, i8, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

std::size_t size_in_bytes(TensorType type);
std::string_view to_string(TensorType type);  // as in the file: "F32", "BF16", "BOOL"

/// Name, type and shape of one tensor, and where its bytes lie.
struct TensorEntry {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;  // row-major; empty for a scalar
  std::uint64_t begin = 0;          // from the start of the file
  std::uint64_t size = 0;           // bytes

  std::int64_t element_count() const;
};

/// Reader of the safetensors container (github.com/huggingface/safetensors: 8-byte little-endian header length, JSON
/// header, then the bytes of all tensors without holes). Everything is checked before a byte is handed out; each fault
/// is one DataError that names file and tensor. Bytes are read by pread into the caller's own aligned memory, so
/// unaligned ranges are fine and a file that shrinks later is an error, not a bus error. Thread-safety: read() may run
/// concurrently.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(std::filesystem::path path);
  SafetensorsFile(SafetensorsFile&& other) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&& other) noexcept;
  ~SafetensorsFile();

  const std::filesystem::path& path() const { return path_; }
  const std::vector<TensorEntry>& tensors() const { return tensors_; }  // by position in the file
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const TensorEntry* find(std::string_view name) const;     // nullptr when there is none
  const TensorEntry& require(std::string_view name) const;  // DataError when there is none
  /// `out` has exactly tensor.size bytes.
  void read(const TensorEntry& tensor, std::span<std::byte> out) const;
  std::vector<std::byte> read(const TensorEntry& tensor) const;

 private:
  void read_header();
  void close() noexcept;
  std::filesystem::path path_;
  std::vector<TensorEntry> tensors_;
  std::map<std::string, std::string> metadata_;
  int descriptor_ = -1;
};

/// What a writer is told beforehand: the header stands at the start of the file.
struct TensorDeclaration {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
};

/// Streams tensors into a container that appears complete or not at all. The bytes of the file are a function of the
/// declarations, the metadata and the data alone. Tensors lie in the file in declared order.
class SafetensorsWriter {
 public:
  SafetensorsWriter(std::filesystem::path path, std::vector<TensorDeclaration> tensors,
                    const std::map<std::string, std::string>& metadata = {});
  /// The next tensor in declared order; std::logic_error when the name or the number of bytes is another.
  void write(std::string_view name, std::span<const std::byte> bytes);
  /// std::logic_error when tensors are missing.
  void commit();

 private:
  AtomicFile file_;
  std::vector<TensorDeclaration> tensors_;
  std::size_t next_ = 0;
};

}  // namespace coldframe
