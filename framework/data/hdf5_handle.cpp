#include "framework/data/hdf5_handle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace coldframe::detail {
namespace {

struct TypeEntry {
  std::string_view name;
  hid_t native;
  hid_t stored;
  std::size_t size;
};

// HDF5's type "constants" are variables that exist only once the library is open, hence a function.
TypeEntry entry_of(Hdf5Type type) {
  switch (type) {
    case Hdf5Type::int8:
      return {"int8", H5T_NATIVE_INT8, H5T_STD_I8LE, 1};
    case Hdf5Type::int16:
      return {"int16", H5T_NATIVE_INT16, H5T_STD_I16LE, 2};
    case Hdf5Type::int32:
      return {"int32", H5T_NATIVE_INT32, H5T_STD_I32LE, 4};
    case Hdf5Type::int64:
      return {"int64", H5T_NATIVE_INT64, H5T_STD_I64LE, 8};
    case Hdf5Type::uint8:
      return {"uint8", H5T_NATIVE_UINT8, H5T_STD_U8LE, 1};
    case Hdf5Type::uint16:
      return {"uint16", H5T_NATIVE_UINT16, H5T_STD_U16LE, 2};
    case Hdf5Type::uint32:
      return {"uint32", H5T_NATIVE_UINT32, H5T_STD_U32LE, 4};
    case Hdf5Type::uint64:
      return {"uint64", H5T_NATIVE_UINT64, H5T_STD_U64LE, 8};
    case Hdf5Type::float32:
      return {"float32", H5T_NATIVE_FLOAT, H5T_IEEE_F32LE, 4};
    case Hdf5Type::float64:
      break;
  }
  return {"float64", H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE, 8};
}

herr_t keep_last(unsigned, const H5E_error2_t* error, void* text) {
  if (error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

// "file write failed: time = ..., errno = 28, error message = 'No space left on device', ..." -> the quoted part.
std::string essence(const std::string& reason) {
  constexpr std::string_view k_marker = "error message = '";
  const std::size_t at = reason.find(k_marker);
  if (at == std::string::npos) return reason;
  const std::size_t from = at + k_marker.size();
  return reason.substr(from, reason.find('\'', from) - from);
}

}  // namespace

hid_t native_type(Hdf5Type type) { return entry_of(type).native; }
hid_t stored_type(Hdf5Type type) { return entry_of(type).stored; }
std::size_t size_of(Hdf5Type type) { return entry_of(type).size; }
std::string_view name_of(Hdf5Type type) { return entry_of(type).name; }

std::string describe_stored(hid_t type) {
  const std::size_t bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return fmt::format("{}int{}", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
    case H5T_FLOAT:
      return fmt::format("float{}", bits);
    case H5T_STRING:
      return "a string";
    default:
      return "another type";
  }
}

bool widens(hid_t stored, Hdf5Type wanted) {
  const H5T_class_t kind = H5Tget_class(stored);
  if (kind != H5Tget_class(native_type(wanted))) return false;
  const std::size_t stored_size = H5Tget_size(stored);
  if (kind == H5T_FLOAT) return stored_size <= size_of(wanted);
  if (kind != H5T_INTEGER) return false;
  const bool stored_unsigned = H5Tget_sign(stored) == H5T_SGN_NONE;
  const bool wanted_unsigned = H5Tget_sign(native_type(wanted)) == H5T_SGN_NONE;
  if (stored_unsigned == wanted_unsigned) return stored_size <= size_of(wanted);
  return stored_unsigned && stored_size < size_of(wanted);
}

void silence_hdf5() {
  // The library's own clean-up at exit crashes after a write that failed (disk full); every file is closed by its
  // owner.
  [[maybe_unused]] static const herr_t left_alone = H5dont_atexit();
  [[maybe_unused]] static const herr_t silenced = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string take_hdf5_reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_last, &reason);
  H5Eclear2(H5E_DEFAULT);
  return essence(reason);
}

Hdf5Handle array_creation(Hdf5Type type, const hsize_t* shape, int axes, bool growing, bool deflate) {
  constexpr hsize_t k_chunk_bytes = 256 * 1024;
  constexpr hsize_t k_chunk_from = 64 * 1024;
  Hdf5Handle list(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(list.id(), false);
  const hsize_t row_bytes = size_of(type) * (axes == 2 ? std::max<hsize_t>(1, shape[1]) : 1);
  const bool empty = shape[0] == 0 || (axes == 2 && shape[1] == 0);
  if (!growing && empty) return list;
  const bool small = !growing && shape[0] * row_bytes < k_chunk_from;
  if (small) {
    // One chunk, for its checksum alone: only chunks have one.
    H5Pset_chunk(list.id(), axes, shape);
    H5Pset_fletcher32(list.id());
    return list;
  }
  std::array<hsize_t, 2> chunk = {std::clamp<hsize_t>(k_chunk_bytes / row_bytes, 1, growing ? k_chunk_bytes : shape[0]),
                                  axes == 2 ? std::max<hsize_t>(1, shape[1]) : 1};
  H5Pset_chunk(list.id(), axes, chunk.data());
  if (deflate) {
    H5Pset_shuffle(list.id());
    H5Pset_deflate(list.id(), 4);
  }
  H5Pset_fletcher32(list.id());
  return list;
}

}  // namespace coldframe::detail
