#include "framework/core/provenance.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "framework/core/hash.h"

namespace coldframe {
namespace {

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

/// The GNU build id in one segment of notes, or "".
std::string build_id_in(const unsigned char* notes, std::size_t size) {
  const auto padded = [](std::size_t length) { return (length + 3) / 4 * 4; };
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note{};
    std::memcpy(&note, notes, sizeof note);
    const std::size_t length = sizeof note + padded(note.n_namesz) + padded(note.n_descsz);
    if (length > size) break;
    const unsigned char* name = notes + sizeof note;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      return hex(name + padded(note.n_namesz), note.n_descsz);
    }
    notes += length;
    size -= length;
  }
  return {};
}

/// The loader visits the program first, under an empty name.
int append_build_id(dl_phdr_info* module, std::size_t, void* text) {
  const std::string_view name = module->dlpi_name;
  const bool counts = name.empty() || name.find("libtorch") != name.npos || name.find("libc10") != name.npos;
  if (!counts) return 0;
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* notes = reinterpret_cast<const unsigned char*>(module->dlpi_addr + segment.p_vaddr);
    const std::string id = build_id_in(notes, segment.p_memsz);
    if (!id.empty()) *static_cast<std::string*>(text) += id + "\n";
  }
  return 0;
}

std::string build_id() {
  std::string ids;
  dl_iterate_phdr(append_build_id, &ids);
  return ids.empty() ? "unknown" : sha256_hex(ids);
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (line.starts_with("model name") && colon != line.npos && colon + 2 < line.size()) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string instruction_set() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return __builtin_cpu_supports("avx512bf16") ? "avx512_bf16" : "avx512";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
#endif
  return "baseline";
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace

Provenance collect_provenance(const Clock& clock, std::string revision) {
  return {.version = COLDFRAME_VERSION,
          .revision = revision.empty() ? "unknown" : std::move(revision),
          .compiler = COLDFRAME_COMPILER,
          .flags = COLDFRAME_FLAGS,
          .build_type = COLDFRAME_BUILD_TYPE,
          .build_id = build_id(),
          .cpu_model = cpu_model(),
          .instruction_set = instruction_set(),
          .host = host_name(),
          .date = iso8601(clock.unix_seconds())};
}

nlohmann::json to_json(const Provenance& provenance) {
  return {{"version", provenance.version},
          {"revision", provenance.revision},
          {"compiler", provenance.compiler},
          {"flags", provenance.flags},
          {"build_type", provenance.build_type},
          {"build_id", provenance.build_id},
          {"cpu_model", provenance.cpu_model},
          {"instruction_set", provenance.instruction_set},
          {"host", provenance.host},
          {"date", provenance.date}};
}

}  // namespace coldframe
