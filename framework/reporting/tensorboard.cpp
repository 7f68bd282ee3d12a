#include "framework/reporting/tensorboard.h"

#include <bit>
#include <cmath>
#include <string>

#include "framework/core/atomic_file.h"
#include "framework/reporting/crc32c.h"

namespace coldframe {
namespace {

void put_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
}

/// Protobuf's base-128 integer, low groups first.
void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7) out.push_back(static_cast<char>((value & 0x7FU) | 0x80U));
  out.push_back(static_cast<char>(value));
}

enum class Wire : unsigned { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void put_tag(std::string& out, unsigned field, Wire wire) { put_varint(out, field << 3 | static_cast<unsigned>(wire)); }

void put_bytes(std::string& out, unsigned field, std::string_view bytes) {
  put_tag(out, field, Wire::bytes);
  put_varint(out, bytes.size());
  out += bytes;
}

std::string event(double wall_time, std::int64_t step) {
  std::string out;
  put_tag(out, 1, Wire::fixed64);
  put_little_endian(out, std::bit_cast<std::uint64_t>(wall_time), 8);
  put_tag(out, 2, Wire::varint);
  put_varint(out, static_cast<std::uint64_t>(step));
  return out;
}

std::string scalar(std::string_view tag, double value) {
  std::string out;
  put_bytes(out, 1, tag);
  put_tag(out, 2, Wire::fixed32);
  put_little_endian(out, std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4);
  return out;
}

void put_record(std::string& file, std::string_view message) {
  std::string length;
  put_little_endian(length, message.size(), 8);
  file += length;
  put_little_endian(file, masked_crc32c(length), 4);
  file += message;
  put_little_endian(file, masked_crc32c(message), 4);
}

}  // namespace

void write_tensorboard(const std::filesystem::path& path, const MetricsTable& metrics, double start_seconds) {
  std::string file;
  double now = start_seconds;
  std::string version = event(now, 0);
  put_bytes(version, 3, "brain.Event:2");
  put_record(file, version);
  for (std::size_t row = 0; row < metrics.steps.size(); ++row) {
    std::string summary;
    for (const auto& [name, values] : metrics.columns) {
      if (std::isnan(values[row])) continue;
      if (name == "time.seconds") now += values[row];
      put_bytes(summary, 1, scalar(metrics.kinds[row] + "/" + name, values[row]));
    }
    std::string message = event(now, metrics.steps[row]);
    put_bytes(message, 5, summary);
    put_record(file, message);
  }
  write_file_atomically(path, file);
}

}  // namespace coldframe
