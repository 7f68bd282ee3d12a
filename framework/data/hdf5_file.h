#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

enum class Hdf5Type { int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64 };

template <class T>
constexpr Hdf5Type hdf5_type_of();

/// An HDF5 file; objects are named by path ("/users/age"), missing parent groups are made. Arrays are row-major and
/// little-endian, one axis or two; strings are UTF-8, lists of them a group of `offsets` [n + 1] and `bytes`. Arrays of
/// 64 KiB and more are chunked and deflated. No times are stored, so equal content gives equal bytes. Reading accepts
/// narrower stored numbers of the same kind, never a narrowing one.
/// A file being written lives in memory until close(): HDF5 1.10 crashes at exit after its own write to a disk has
/// failed. Errors: IoError when the file cannot be opened or written, DataError when its content is not what was asked
/// for. Thread-safety: none; one thread per process owns HDF5 (the library has one global lock).
class Hdf5File {
 public:
  static Hdf5File create(const std::filesystem::path& path);  // an existing file is replaced
  /// For what is too large for memory: written to disk at once and not deflated; give the temporary of an AtomicFile.
  /// `bytes` on the disk are taken first; IoError when there is too little.
  static Hdf5File create_on_disk(const std::filesystem::path& path, std::uint64_t bytes);
  static Hdf5File open(const std::filesystem::path& path);  // to read
  static Hdf5File open_to_append(const std::filesystem::path& path);
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;
  ~Hdf5File();

  const std::filesystem::path& path() const { return path_; }
  bool exists(std::string_view object) const;
  void make_group(std::string_view group);
  std::vector<std::string> children(std::string_view group) const;  // sorted names
  std::vector<std::size_t> shape(std::string_view object) const;

  template <class T>
  void write(std::string_view object, std::span<const T> values) {
    write_array(object, hdf5_type_of<T>(), values.data(), {values.size()});
  }
  template <class T>
  void write(std::string_view object, const std::vector<T>& values) {
    write(object, std::span<const T>(values));
  }
  /// values [rows, columns]
  template <class T>
  void write_matrix(std::string_view object, std::span<const T> values, std::size_t columns) {
    write_array(object, hdf5_type_of<T>(), values.data(), {columns == 0 ? 0 : values.size() / columns, columns});
  }
  /// Adds rows at the end of an array, which the first call makes; `columns` 0 is an array with one axis.
  template <class T>
  void append(std::string_view object, std::span<const T> values, std::size_t columns = 0) {
    append_rows(object, hdf5_type_of<T>(), values.data(), values.size(), columns);
  }
  /// The whole array, rows after rows.
  template <class T>
  std::vector<T> read(std::string_view object) const {
    return read_rows<T>(object, 0, shape(object).front());
  }
  template <class T>
  std::vector<T> read_rows(std::string_view object, std::size_t first, std::size_t count) const {
    std::vector<T> values(checked_size(object, hdf5_type_of<T>(), first, count));
    read_array(object, hdf5_type_of<T>(), values.data(), first, count);
    return values;
  }

  void write_strings(std::string_view object, std::span<const std::string> values);
  std::vector<std::string> read_strings(std::string_view object) const;

  /// Attributes of a group or array; writing replaces.
  template <std::integral T>
  void write_attribute(std::string_view object, std::string_view name, T value) {
    write_integer(object, name, static_cast<std::int64_t>(value));
  }
  void write_attribute(std::string_view object, std::string_view name, double value);
  void write_attribute(std::string_view object, std::string_view name, std::string_view value);
  bool has_attribute(std::string_view object, std::string_view name) const;
  std::int64_t read_integer(std::string_view object, std::string_view name) const;
  double read_number(std::string_view object, std::string_view name) const;
  std::string read_text(std::string_view object, std::string_view name) const;

  /// Writes the file and closes it. Without it nothing reaches the disk: the destructor discards.
  void close();

 private:
  void make_parent(std::string_view object);
  void write_integer(std::string_view object, std::string_view name, std::int64_t value);
  enum class Access { read, write, write_through };
  explicit Hdf5File(std::filesystem::path path, std::int64_t handle, Access access);
  void write_array(std::string_view object, Hdf5Type type, const void* values, const std::vector<std::size_t>& shape);
  void append_rows(std::string_view object, Hdf5Type type, const void* values, std::size_t count, std::size_t columns);
  std::size_t checked_size(std::string_view object, Hdf5Type type, std::size_t first, std::size_t count) const;
  void read_array(std::string_view object, Hdf5Type type, void* values, std::size_t first, std::size_t count) const;

  std::filesystem::path path_;
  std::int64_t handle_ = -1;
  Access access_ = Access::read;
};

template <>
constexpr Hdf5Type hdf5_type_of<std::int8_t>() {
  return Hdf5Type::int8;
}
template <>
constexpr Hdf5Type hdf5_type_of<std::int16_t>() {
  return Hdf5Type::int16;
}
template <>
constexpr Hdf5Type hdf5_type_of<std::int32_t>() {
  return Hdf5Type::int32;
}
template <>
constexpr Hdf5Type hdf5_type_of<std::int64_t>() {
  return Hdf5Type::int64;
}
template <>
constexpr Hdf5Type hdf5_type_of<std::uint8_t>() {
  return Hdf5Type::uint8;
}
template <>
constexpr Hdf5Type hdf5_type_of<std::uint16_t>() {
  return Hdf5Type::uint16;
}
template <>
constexpr Hdf5Type hdf5_type_of<std::uint32_t>() {
  return Hdf5Type::uint32;
}
template <>
constexpr Hdf5Type hdf5_type_of<std::uint64_t>() {
  return Hdf5Type::uint64;
}
template <>
constexpr Hdf5Type hdf5_type_of<float>() {
  return Hdf5Type::float32;
}
template <>
constexpr Hdf5Type hdf5_type_of<double>() {
  return Hdf5Type::float64;
}

}  // namespace coldframe
