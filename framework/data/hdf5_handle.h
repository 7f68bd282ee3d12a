#pragma once

#include <hdf5.h>

#include <string>
#include <string_view>

#include "framework/data/hdf5_file.h"

namespace coldframe::detail {

/// Owns one HDF5 identifier. Only for sources of this layer: public headers stay free of HDF5.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = H5I_INVALID_HID; }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  hid_t id() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  Close close_;
};

hid_t native_type(Hdf5Type type);
hid_t stored_type(Hdf5Type type);
std::size_t size_of(Hdf5Type type);
std::string_view name_of(Hdf5Type type);
/// "int32", "a string", ... for messages.
std::string describe_stored(hid_t type);
/// Whether every stored value fits the wanted type without loss.
bool widens(hid_t stored, Hdf5Type wanted);

/// Stops HDF5 from printing its error stack; done once, before the first call.
void silence_hdf5();
/// The innermost reason on HDF5's error stack, then clears it.
std::string take_hdf5_reason();

/// Creation list of an array: chunked and checked when large or growing, then shuffled and deflated too unless
/// `deflate` says no; never with times.
Hdf5Handle array_creation(Hdf5Type type, const hsize_t* shape, int axes, bool growing, bool deflate = true);

}  // namespace coldframe::detail
