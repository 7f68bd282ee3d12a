#include "framework/training/metrics_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"

namespace coldframe {
namespace {

std::string checksum(std::string_view text) { return fmt::format("{:08x}", static_cast<std::uint32_t>(stable_hash(text))); }

std::string to_line(const MetricsRecord& record) {
  nlohmann::ordered_json object{{"step", record.step}, {"kind", record.kind}};
  for (const auto& [key, value] : record.values) object[key] = value;
  const std::string text = object.dump();
  return fmt::format("{}\t{}\n", text, checksum(text));
}

std::optional<MetricsRecord> from_line(const std::string& line) {
  const std::size_t tab = line.rfind('\t');
  if (tab == std::string::npos || line.substr(tab + 1) != checksum(std::string_view(line).substr(0, tab))) return std::nullopt;
  const auto object = nlohmann::ordered_json::parse(line.substr(0, tab), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("step") || !object.contains("kind")) return std::nullopt;
  MetricsRecord record{object["step"].get<std::int64_t>(), object["kind"].get<std::string>(), {}};
  for (const auto& [key, value] : object.items()) {
    if (key != "step" && key != "kind" && value.is_number()) record.values.emplace_back(key, value.get<double>());
  }
  return record;
}

}  // namespace

std::vector<MetricsRecord> read_metrics(const std::filesystem::path& path, std::size_t* damaged_line) {
  std::vector<MetricsRecord> records;
  if (damaged_line != nullptr) *damaged_line = 0;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::optional<MetricsRecord> record = from_line(line);
    if (!record) {
      if (damaged_line != nullptr) *damaged_line = records.size() + 1;
      break;
    }
    records.push_back(std::move(*record));
  }
  return records;
}

MetricsLog::MetricsLog(std::filesystem::path path, std::int64_t keep_up_to) : path_(std::move(path)) {
  std::string kept;
  for (const MetricsRecord& record : read_metrics(path_)) {
    if (record.step <= keep_up_to) kept += to_line(record);
  }
  write_file_atomically(path_, kept);
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor_ < 0) throw IoError(fmt::format("cannot append to {}", path_.string()), std::strerror(errno));
}

MetricsLog::~MetricsLog() { ::close(descriptor_); }

void MetricsLog::append(const MetricsRecord& record) {
  const std::string line = to_line(record);
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw IoError(fmt::format("cannot append to {}", path_.string()), std::strerror(errno), "free some space");
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

void MetricsLog::flush() { ::fdatasync(descriptor_); }

}  // namespace coldframe
