#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

namespace coldframe {

/// What is known of a file of vectors before its first row.
struct VectorFileHead {
  std::size_t rows = 0;
  std::size_t width = 0;
};

/// Writes vectors row by row, in memory that does not grow with their number. The file appears under its name with
/// commit(), complete, or not at all.
/// HDF5 (.h5, .hdf5): group /ids (strings: offsets [n + 1] uint64, bytes uint8), /vectors [n, width] float32, and on
/// the root the attributes format = "coldframe vectors", format_version = 1, provenance = JSON. NumPy (.npy,
/// version 1.0): the vectors alone, in the order of the texts. Errors: IoError for a disk that is too small or fails,
/// NumericError naming the row for a value that is not finite. Thread-safety: one caller.
class VectorWriter {
 public:
  virtual ~VectorWriter() = default;
  /// `ids` [n], `vectors` [n, width].
  virtual void append(std::span<const std::string> ids, std::span<const float> vectors) = 0;
  /// Ends the file; `provenance` says where the vectors come from. DataError unless all rows were written.
  virtual void commit(const nlohmann::json& provenance) = 0;
};

/// By the ending of the name; ConfigError for another one.
std::unique_ptr<VectorWriter> make_vector_writer(const std::filesystem::path& path, const VectorFileHead& head);
/// Whether make_vector_writer() knows the ending.
bool is_vector_file_name(const std::filesystem::path& path);

}  // namespace coldframe
