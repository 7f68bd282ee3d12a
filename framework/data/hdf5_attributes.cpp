// The attribute half of Hdf5File: single numbers and texts on groups and arrays.
#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/core/utf8.h"
#include "framework/data/hdf5_file.h"
#include "framework/data/hdf5_handle.h"

namespace coldframe {
namespace {

using detail::Hdf5Handle;

std::string place(std::string_view object, std::string_view name, const std::filesystem::path& path) {
  return fmt::format("{}@{} in {}", object, name, path.string());
}

// Of fixed length: variable ones live in HDF5's global heap, the one part of a file that no checksum protects.
Hdf5Handle text_type(std::size_t length) {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.id(), std::max<std::size_t>(1, length));
  H5Tset_strpad(type.id(), H5T_STR_NULLPAD);
  H5Tset_cset(type.id(), H5T_CSET_UTF8);
  return type;
}

void write_value(hid_t file, const std::filesystem::path& path, std::string_view object, std::string_view name,
                 hid_t stored, hid_t memory, const void* value) {
  const std::string owner(object), key(name);
  if (H5Aexists_by_name(file, owner.c_str(), key.c_str(), H5P_DEFAULT) > 0) {
    H5Adelete_by_name(file, owner.c_str(), key.c_str(), H5P_DEFAULT);
  }
  const Hdf5Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Hdf5Handle made(
      H5Acreate_by_name(file, owner.c_str(), key.c_str(), stored, space.id(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  if (!made.valid() || H5Awrite(made.id(), memory, value) < 0) {
    throw IoError("cannot write " + place(object, name, path), detail::take_hdf5_reason());
  }
}

Hdf5Handle open_attribute(hid_t file, const std::filesystem::path& path, std::string_view object, std::string_view name,
                          H5T_class_t kind, std::string_view expected) {
  Hdf5Handle opened(
      H5Aopen_by_name(file, std::string(object).c_str(), std::string(name).c_str(), H5P_DEFAULT, H5P_DEFAULT),
      H5Aclose);
  if (!opened.valid()) {
    detail::take_hdf5_reason();
    throw DataError("cannot read " + place(object, name, path), "there is no such attribute");
  }
  const Hdf5Handle type(H5Aget_type(opened.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(opened.id()), H5Sclose);
  if (H5Tget_class(type.id()) != kind || H5Sget_simple_extent_npoints(space.id()) != 1) {
    throw DataError("cannot read " + place(object, name, path),
                    fmt::format("it holds {}, expected {}", detail::describe_stored(type.id()), expected));
  }
  return opened;
}

}  // namespace

bool Hdf5File::has_attribute(std::string_view object, std::string_view name) const {
  if (!exists(object)) return false;
  return H5Aexists_by_name(handle_, std::string(object).c_str(), std::string(name).c_str(), H5P_DEFAULT) > 0;
}

void Hdf5File::write_integer(std::string_view object, std::string_view name, std::int64_t value) {
  write_value(handle_, path_, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

void Hdf5File::write_attribute(std::string_view object, std::string_view name, double value) {
  write_value(handle_, path_, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

void Hdf5File::write_attribute(std::string_view object, std::string_view name, std::string_view value) {
  if (find_invalid_utf8(value) || value.find('\0') != std::string_view::npos) {
    throw DataError("cannot write " + place(object, name, path_), "the text is not UTF-8 or holds a zero byte");
  }
  const Hdf5Handle type = text_type(value.size());
  write_value(handle_, path_, object, name, type.id(), type.id(), value.empty() ? "" : value.data());
}

std::int64_t Hdf5File::read_integer(std::string_view object, std::string_view name) const {
  const Hdf5Handle opened = open_attribute(handle_, path_, object, name, H5T_INTEGER, "an integer");
  std::int64_t value = 0;
  if (H5Aread(opened.id(), H5T_NATIVE_INT64, &value) < 0) {
    throw DataError("cannot read " + place(object, name, path_), detail::take_hdf5_reason());
  }
  return value;
}

double Hdf5File::read_number(std::string_view object, std::string_view name) const {
  const Hdf5Handle opened = open_attribute(handle_, path_, object, name, H5T_FLOAT, "a number");
  double value = 0;
  if (H5Aread(opened.id(), H5T_NATIVE_DOUBLE, &value) < 0) {
    throw DataError("cannot read " + place(object, name, path_), detail::take_hdf5_reason());
  }
  return value;
}

std::string Hdf5File::read_text(std::string_view object, std::string_view name) const {
  const Hdf5Handle opened = open_attribute(handle_, path_, object, name, H5T_STRING, "a text");
  const Hdf5Handle stored(H5Aget_type(opened.id()), H5Tclose);
  if (H5Tis_variable_str(stored.id()) != 0) {
    throw DataError("cannot read " + place(object, name, path_), "expected a text of fixed length");
  }
  std::string value(H5Tget_size(stored.id()), '\0');
  const Hdf5Handle type = text_type(value.size());
  if (H5Aread(opened.id(), type.id(), value.data()) < 0) {
    throw DataError("cannot read " + place(object, name, path_), detail::take_hdf5_reason());
  }
  value.erase(std::min(value.find('\0'), value.size()));
  if (find_invalid_utf8(value)) throw DataError("cannot read " + place(object, name, path_), "it is not UTF-8");
  return value;
}

}  // namespace coldframe
