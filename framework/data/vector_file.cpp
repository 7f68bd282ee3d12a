#include "framework/data/vector_file.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_format_version = 1;

/// What both formats check.
class RowCount {
 public:
  RowCount(std::filesystem::path path, const VectorFileHead& head) : path_(std::move(path)), head_(head) {}

  void add(std::size_t ids, std::span<const float> vectors) {
    CF_EXPECTS(vectors.size() == ids * head_.width);
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      if (!std::isfinite(vectors[i])) {
        throw NumericError(fmt::format("the vector of text {} holds {}", written_ + i / head_.width + 1, vectors[i]),
                           fmt::format("while writing {}", path_.string()), "check the weights of the encoder");
      }
    }
    written_ += ids;
  }
  void expect_all() const {
    if (written_ == head_.rows) return;
    throw DataError(fmt::format("{} texts were announced for {} and {} came", head_.rows, path_.string(), written_),
                    "the input changed while it was read", "run it again");
  }

 private:
  std::filesystem::path path_;
  VectorFileHead head_;
  std::size_t written_ = 0;
};

class Hdf5Vectors final : public VectorWriter {
 public:
  Hdf5Vectors(const std::filesystem::path& path, const VectorFileHead& head)
      : head_(head),
        rows_(path, head),
        target_(path),
        file_(Hdf5File::create_on_disk(target_.temporary(), head.rows * (head.width * sizeof(float) + 32) + k_margin)) {
    file_.append<std::uint64_t>("/ids/offsets", std::vector<std::uint64_t>{0});
    file_.append<std::uint8_t>("/ids/bytes", {});
    file_.append<float>("/vectors", {}, head.width);
  }

  void append(std::span<const std::string> ids, std::span<const float> vectors) override {
    rows_.add(ids.size(), vectors);
    std::vector<std::uint64_t> offsets;
    std::vector<std::uint8_t> bytes;
    for (const std::string& id : ids) {
      bytes.insert(bytes.end(), id.begin(), id.end());
      offsets.push_back(id_bytes_ += id.size());
    }
    file_.append<std::uint64_t>("/ids/offsets", offsets);
    file_.append<std::uint8_t>("/ids/bytes", bytes);
    file_.append<float>("/vectors", vectors, head_.width);
  }

  void commit(const nlohmann::json& provenance) override {
    rows_.expect_all();
    file_.write_attribute("/", "format", std::string_view("coldframe vectors"));
    file_.write_attribute("/", "format_version", k_format_version);
    file_.write_attribute("/", "provenance", std::string_view(provenance.dump()));
    file_.close();
    target_.commit();
  }

 private:
  static constexpr std::uint64_t k_margin = 1 << 20;  // chunk tables and attributes

  VectorFileHead head_;
  RowCount rows_;
  AtomicFile target_;
  Hdf5File file_;
  std::uint64_t id_bytes_ = 0;
};

/// NumPy's format 1.0 (NEP 1): magic, version, length of the header, the header as a Python literal, then the values.
class NumpyVectors final : public VectorWriter {
 public:
  NumpyVectors(const std::filesystem::path& path, const VectorFileHead& head) : rows_(path, head), target_(path) {
    constexpr std::size_t fixed = 10, alignment = 64;
    std::string header =
        fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", head.rows, head.width);
    header.append(alignment - (fixed + header.size() + 1) % alignment, ' ');
    header += '\n';
    std::string start("\x93NUMPY\x01\x00", 8);
    start += static_cast<char>(header.size() & 0xFF);
    start += static_cast<char>(header.size() >> 8);
    target_.write(start + header);
  }

  void append(std::span<const std::string> ids, std::span<const float> vectors) override {
    rows_.add(ids.size(), vectors);
    target_.write(std::as_bytes(vectors));
  }

  void commit(const nlohmann::json&) override {
    rows_.expect_all();
    target_.commit();
  }

 private:
  RowCount rows_;
  AtomicFile target_;
};

}  // namespace

bool is_vector_file_name(const std::filesystem::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".h5" || ending == ".hdf5" || ending == ".npy";
}

std::unique_ptr<VectorWriter> make_vector_writer(const std::filesystem::path& path, const VectorFileHead& head) {
  if (!is_vector_file_name(path)) {
    throw ConfigError(fmt::format("output = {}", path.string()), "vectors are written as HDF5 or NumPy",
                      "end the name in .h5 or .npy");
  }
  if (path.extension() == ".npy") return std::make_unique<NumpyVectors>(path, head);
  return std::make_unique<Hdf5Vectors>(path, head);
}

}  // namespace coldframe
