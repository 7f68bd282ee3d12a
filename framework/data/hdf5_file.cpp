#include "framework/data/hdf5_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/temporary_names.h"
#include "framework/core/utf8.h"
#include "framework/data/hdf5_handle.h"
#include "framework/data/hdf5_image.h"

namespace coldframe {
namespace {

using detail::Hdf5Handle;

[[noreturn]] void fail_writing(const std::filesystem::path& path, std::string_view object) {
  throw IoError(fmt::format("cannot write {} in {}", object, path.string()), detail::take_hdf5_reason(),
                "check the free space of the disk");
}

[[noreturn]] void fail_reading(const std::filesystem::path& path, std::string_view object, std::string_view why) {
  throw DataError(fmt::format("cannot read {} in {}", object, path.string()), why);
}

Hdf5Handle reading_access() {
  Hdf5Handle list(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fclose_degree(list.id(), H5F_CLOSE_STRONG);
  return list;
}

Hdf5Handle disk_access() {
  Hdf5Handle list = reading_access();
  // This format keeps checksums over all metadata; damage in the older ones can crash the library itself.
  H5Pset_libver_bounds(list.id(), H5F_LIBVER_V110, H5F_LIBVER_V110);
  return list;
}

Hdf5Handle writing_access() {
  constexpr std::size_t k_growth = std::size_t{4} << 20;
  Hdf5Handle list = disk_access();
  H5Pset_fapl_core(list.id(), k_growth, false);
  return list;
}

/// Takes the space without changing the size. File systems that cannot are asked for what is free.
void reserve_space(const std::filesystem::path& path, std::uint64_t bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  int reason = descriptor < 0 ? errno : 0;
  if (descriptor >= 0) {
    if (::fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) != 0) reason = errno;
    ::close(descriptor);
  }
  if (reason == EOPNOTSUPP || reason == ENOSYS) {
    std::error_code ignored;
    const std::filesystem::space_info space = std::filesystem::space(path, ignored);
    reason = !ignored && space.available < bytes ? ENOSPC : 0;
  }
  if (reason == 0) return;
  throw IoError(
      fmt::format("cannot take {:.1f} MB for {}", static_cast<double>(bytes) * 1e-6, detail::final_name(path).string()),
      std::strerror(reason), "make room, or write to another disk");
}

void expect_folder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  throw IoError(fmt::format("cannot create {}", detail::final_name(path).string()), std::strerror(errno),
                "check its folder");
}

// Objects made without times, so that the same content has the same bytes tomorrow.
Hdf5Handle creation_of(hid_t kind) {
  Hdf5Handle list(H5Pcreate(kind), H5Pclose);
  H5Pset_obj_track_times(list.id(), false);
  return list;
}

std::string text(std::string_view name) { return std::string(name); }

Hdf5Handle open_array(hid_t file, const std::filesystem::path& path, std::string_view object) {
  Hdf5Handle array(H5Dopen2(file, text(object).c_str(), H5P_DEFAULT), H5Dclose);
  if (!array.valid()) fail_reading(path, object, "there is no such array: " + detail::take_hdf5_reason());
  return array;
}

void check_type(hid_t array, Hdf5Type wanted, const std::filesystem::path& path, std::string_view object) {
  const Hdf5Handle stored(H5Dget_type(array), H5Tclose);
  if (!detail::widens(stored.id(), wanted)) {
    fail_reading(
        path, object,
        fmt::format("it holds {}, expected {}", detail::describe_stored(stored.id()), detail::name_of(wanted)));
  }
}

std::vector<hsize_t> shape_of(hid_t array, const std::filesystem::path& path, std::string_view object) {
  const Hdf5Handle space(H5Dget_space(array), H5Sclose);
  const int axes = H5Sget_simple_extent_ndims(space.id());
  if (axes < 1 || axes > 2) fail_reading(path, object, fmt::format("it has {} axes, expected 1 or 2", axes));
  std::vector<hsize_t> shape(static_cast<std::size_t>(axes));
  H5Sget_simple_extent_dims(space.id(), shape.data(), nullptr);
  return shape;
}

// A damaged header can claim any size; deflate cannot shrink below about 1/1030, so a larger claim is a lie.
void check_claim(hid_t file, hsize_t bytes, const std::filesystem::path& path, std::string_view object) {
  hsize_t file_bytes = 0;
  H5Fget_filesize(file, &file_bytes);
  if (bytes / 1100 > file_bytes) {
    fail_reading(path, object, fmt::format("it claims {} bytes, more than the file can hold", bytes));
  }
}

std::pair<Hdf5Handle, Hdf5Handle> select_rows(hid_t array, const std::vector<hsize_t>& shape, hsize_t first,
                                              hsize_t count) {
  Hdf5Handle stored(H5Dget_space(array), H5Sclose);
  const std::array<hsize_t, 2> start = {first, 0};
  const std::array<hsize_t, 2> size = {count, shape.size() == 2 ? shape[1] : 1};
  H5Sselect_hyperslab(stored.id(), H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
  Hdf5Handle memory(H5Screate_simple(static_cast<int>(shape.size()), size.data(), nullptr), H5Sclose);
  return {std::move(stored), std::move(memory)};
}

}  // namespace

Hdf5File::Hdf5File(std::filesystem::path path, std::int64_t handle, Access access)
    : path_(std::move(path)), handle_(handle), access_(access) {}

Hdf5File::Hdf5File(Hdf5File&& other) noexcept
    : path_(std::move(other.path_)), handle_(std::exchange(other.handle_, -1)), access_(other.access_) {}

Hdf5File& Hdf5File::operator=(Hdf5File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(handle_, other.handle_);
  std::swap(access_, other.access_);
  return *this;
}

Hdf5File::~Hdf5File() {
  if (handle_ >= 0) H5Fclose(handle_);
}

Hdf5File Hdf5File::create(const std::filesystem::path& path) {
  detail::silence_hdf5();
  expect_folder(path);
  const Hdf5Handle access = writing_access();  // alive until the reason is taken: closing it would clear the reason
  const Hdf5Handle creation = creation_of(H5P_FILE_CREATE);
  const hid_t handle = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id());
  if (handle < 0) throw IoError(fmt::format("cannot create {}", path.string()), detail::take_hdf5_reason());
  return Hdf5File(path, handle, Access::write);
}

Hdf5File Hdf5File::create_on_disk(const std::filesystem::path& path, std::uint64_t bytes) {
  detail::silence_hdf5();
  expect_folder(path);
  const Hdf5Handle access = disk_access();
  const Hdf5Handle creation = creation_of(H5P_FILE_CREATE);
  const hid_t handle = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.id(), access.id());
  if (handle < 0) throw IoError(fmt::format("cannot create {}", path.string()), detail::take_hdf5_reason());
  Hdf5File file(path, handle, Access::write_through);
  reserve_space(path, bytes);
  return file;
}

namespace {

std::int64_t open_existing(const std::filesystem::path& path, unsigned mode, const Hdf5Handle& access) {
  detail::silence_hdf5();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw IoError(fmt::format("cannot open {}", path.string()), "there is no such file", "check the path");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw IoError(fmt::format("cannot open {}", path.string()), "it is not a file", "name an .h5 file");
  }
  const htri_t recognised = H5Fis_hdf5(path.c_str());
  if (recognised == 0) {
    throw DataError(fmt::format("{} is not an HDF5 file", path.string()), "its signature is missing");
  }
  const hid_t handle = H5Fopen(path.c_str(), mode, access.id());
  if (handle >= 0) return handle;
  const std::string reason = detail::take_hdf5_reason();
  if (recognised < 0) throw IoError(fmt::format("cannot open {}", path.string()), reason);
  throw DataError(fmt::format("cannot open {}", path.string()), reason, "the file may be truncated or damaged");
}

}  // namespace

Hdf5File Hdf5File::open(const std::filesystem::path& path) {
  return Hdf5File(path, open_existing(path, H5F_ACC_RDONLY, reading_access()), Access::read);
}

Hdf5File Hdf5File::open_to_append(const std::filesystem::path& path) {
  return Hdf5File(path, open_existing(path, H5F_ACC_RDWR, writing_access()), Access::write);
}

bool Hdf5File::exists(std::string_view object) const {
  // HDF5 answers only for the last name of a path; every parent has to be asked first.
  for (std::size_t end = object.find('/', 1); true; end = object.find('/', end + 1)) {
    const std::string part = text(object.substr(0, end));
    if (part.empty() || part == "/") return true;
    if (H5Lexists(handle_, part.c_str(), H5P_DEFAULT) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      return false;
    }
    if (end == std::string_view::npos) return true;
  }
}

void Hdf5File::make_group(std::string_view group) {
  if (exists(group)) return;
  make_parent(group);
  const Hdf5Handle creation = creation_of(H5P_GROUP_CREATE);
  const Hdf5Handle made(H5Gcreate2(handle_, text(group).c_str(), H5P_DEFAULT, creation.id(), H5P_DEFAULT), H5Gclose);
  if (!made.valid()) fail_writing(path_, group);
}

// HDF5 could make missing parents itself, but those would carry times.
void Hdf5File::make_parent(std::string_view object) {
  const std::size_t slash = object.rfind('/');
  if (slash != std::string_view::npos && slash > 0) make_group(object.substr(0, slash));
}

std::vector<std::string> Hdf5File::children(std::string_view group) const {
  const Hdf5Handle opened(H5Gopen2(handle_, text(group).c_str(), H5P_DEFAULT), H5Gclose);
  if (!opened.valid()) fail_reading(path_, group, "there is no such group: " + detail::take_hdf5_reason());
  std::vector<std::string> names;
  H5G_info_t info{};
  if (H5Gget_info(opened.id(), &info) < 0) fail_reading(path_, group, detail::take_hdf5_reason());
  for (hsize_t index = 0; index < info.nlinks; ++index) {
    const auto name_of = [&](char* buffer, std::size_t size) {
      return H5Lget_name_by_idx(opened.id(), ".", H5_INDEX_NAME, H5_ITER_INC, index, buffer, size, H5P_DEFAULT);
    };
    const ssize_t length = name_of(nullptr, 0);
    if (length < 0) fail_reading(path_, group, detail::take_hdf5_reason());
    std::string name(static_cast<std::size_t>(length), ' ');
    name_of(name.data(), name.size() + 1);
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::size_t> Hdf5File::shape(std::string_view object) const {
  const Hdf5Handle array = open_array(handle_, path_, object);
  const std::vector<hsize_t> shape = shape_of(array.id(), path_, object);
  return {shape.begin(), shape.end()};
}

void Hdf5File::write_array(std::string_view object, Hdf5Type type, const void* values,
                           const std::vector<std::size_t>& shape) {
  make_parent(object);
  const std::vector<hsize_t> axes(shape.begin(), shape.end());
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(axes.size()), axes.data(), nullptr), H5Sclose);
  const Hdf5Handle creation = detail::array_creation(type, axes.data(), static_cast<int>(axes.size()), false);
  const Hdf5Handle array(H5Dcreate2(handle_, text(object).c_str(), detail::stored_type(type), space.id(), H5P_DEFAULT,
                                    creation.id(), H5P_DEFAULT),
                         H5Dclose);
  if (!array.valid()) fail_writing(path_, object);
  if (H5Sget_simple_extent_npoints(space.id()) == 0) return;
  if (H5Dwrite(array.id(), detail::native_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    fail_writing(path_, object);
  }
}

void Hdf5File::append_rows(std::string_view object, Hdf5Type type, const void* values, std::size_t count,
                           std::size_t columns) {
  const int axes = columns == 0 ? 1 : 2;
  const hsize_t rows = columns == 0 ? count : count / columns;
  if (!exists(object)) {
    make_parent(object);
    const std::array<hsize_t, 2> empty = {0, columns};
    const std::array<hsize_t, 2> largest = {H5S_UNLIMITED, columns};
    const Hdf5Handle space(H5Screate_simple(axes, empty.data(), largest.data()), H5Sclose);
    const Hdf5Handle creation =
        detail::array_creation(type, empty.data(), axes, true, access_ != Access::write_through);
    const Hdf5Handle made(H5Dcreate2(handle_, text(object).c_str(), detail::stored_type(type), space.id(), H5P_DEFAULT,
                                     creation.id(), H5P_DEFAULT),
                          H5Dclose);
    if (!made.valid()) fail_writing(path_, object);
  }
  const Hdf5Handle array = open_array(handle_, path_, object);
  check_type(array.id(), type, path_, object);
  std::vector<hsize_t> shape = shape_of(array.id(), path_, object);
  if (static_cast<int>(shape.size()) != axes || (axes == 2 && shape[1] != columns)) {
    throw DataError(fmt::format("cannot append to {} in {}", object, path_.string()), "the width of the rows differs");
  }
  if (rows == 0) return;
  const hsize_t first = shape[0];
  shape[0] += rows;
  if (H5Dset_extent(array.id(), shape.data()) < 0) fail_writing(path_, object);
  const auto [stored, memory] = select_rows(array.id(), shape, first, rows);
  if (H5Dwrite(array.id(), detail::native_type(type), memory.id(), stored.id(), H5P_DEFAULT, values) < 0) {
    fail_writing(path_, object);
  }
}

std::size_t Hdf5File::checked_size(std::string_view object, Hdf5Type type, std::size_t first, std::size_t count) const {
  const Hdf5Handle array = open_array(handle_, path_, object);
  check_type(array.id(), type, path_, object);
  const std::vector<hsize_t> shape = shape_of(array.id(), path_, object);
  if (first > shape[0] || count > shape[0] - first) {
    fail_reading(path_, object, fmt::format("rows {} to {} were asked for, it has {}", first, first + count, shape[0]));
  }
  const hsize_t width = shape.size() == 2 ? shape[1] : 1;
  if (width != 0 && count > std::numeric_limits<hsize_t>::max() / width / 8) {
    fail_reading(path_, object, "its claimed size overflows");
  }
  check_claim(handle_, count * width * detail::size_of(type), path_, object);
  return count * width;
}

void Hdf5File::read_array(std::string_view object, Hdf5Type type, void* values, std::size_t first,
                          std::size_t count) const {
  const Hdf5Handle array = open_array(handle_, path_, object);
  const std::vector<hsize_t> shape = shape_of(array.id(), path_, object);
  if (count == 0 || (shape.size() == 2 && shape[1] == 0)) return;
  const auto [stored, memory] = select_rows(array.id(), shape, first, count);
  if (H5Dread(array.id(), detail::native_type(type), memory.id(), stored.id(), H5P_DEFAULT, values) < 0) {
    fail_reading(path_, object, detail::take_hdf5_reason());
  }
}

void Hdf5File::write_strings(std::string_view object, std::span<const std::string> values) {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint8_t> bytes;
  offsets.reserve(values.size() + 1);
  for (const std::string& value : values) {
    if (find_invalid_utf8(value)) {
      throw DataError(fmt::format("cannot write {} in {}", object, path_.string()),
                      fmt::format("text {} is not UTF-8", offsets.size() - 1));
    }
    bytes.insert(bytes.end(), value.begin(), value.end());
    offsets.push_back(bytes.size());
  }
  make_group(object);
  write(text(object) + "/offsets", offsets);
  write(text(object) + "/bytes", bytes);
}

std::vector<std::string> Hdf5File::read_strings(std::string_view object) const {
  const auto offsets = read<std::uint64_t>(text(object) + "/offsets");
  const auto bytes = read<std::uint8_t>(text(object) + "/bytes");
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != bytes.size() ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    fail_reading(path_, object, "its offsets do not fit its bytes");
  }
  std::vector<std::string> values(offsets.size() - 1);
  for (std::size_t row = 0; row < values.size(); ++row) {
    values[row].assign(bytes.begin() + static_cast<std::ptrdiff_t>(offsets[row]),
                       bytes.begin() + static_cast<std::ptrdiff_t>(offsets[row + 1]));
    if (find_invalid_utf8(values[row])) fail_reading(path_, object, fmt::format("text {} is not UTF-8", row));
  }
  return values;
}

void Hdf5File::close() {
  if (handle_ < 0) return;
  if (access_ == Access::write) write_file_atomically(path_, detail::hdf5_image(handle_, path_));
  const bool closed = H5Fclose(std::exchange(handle_, -1)) >= 0;
  if (!closed && access_ == Access::write_through) {
    throw IoError(fmt::format("cannot finish {}", path_.string()), detail::take_hdf5_reason(), "check the disk");
  }
}

}  // namespace coldframe
