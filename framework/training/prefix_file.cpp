#include "framework/training/prefix_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/log.h"
#include "framework/core/safetensors.h"

namespace coldframe {
namespace {

constexpr const char* k_format = "coldframe.prefix 1";
constexpr const char* k_part = "rows.";
constexpr std::size_t k_part_bytes = std::size_t{1} << 23;

TextName digest_of(std::span<const std::byte> bytes) {
  RowDigest digest;
  digest.add_row({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return digest.words();
}

template <class Element>
std::vector<Element> read_column(const SafetensorsFile& file, std::string_view name, std::size_t elements) {
  const TensorEntry& entry = file.require(name);
  if (entry.size != elements * sizeof(Element)) {
    throw DataError(fmt::format("{} in {} has {} bytes", name, file.path().string(), entry.size),
                    fmt::format("{} texts need {}", elements, elements * sizeof(Element)), "remove the file");
  }
  std::vector<Element> values(elements);
  file.read(entry, std::as_writable_bytes(std::span(values)));
  return values;
}

/// Texts [begin, end) of a file, whose rows stand in one tensor.
struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t bytes = 0;
};

std::string part_name(std::size_t part) { return fmt::format("{}{:05}", k_part, part); }

/// Where the rows of all parts lie, which follow each other.
std::pair<std::size_t, std::size_t> extent_of_rows(const SafetensorsFile& file) {
  std::size_t begin = 0, end = 0;
  for (const TensorEntry& entry : file.tensors()) {
    if (!entry.name.starts_with(k_part)) continue;
    if (begin == 0) begin = end = entry.begin;
    if (entry.begin != end) throw DataError(fmt::format("{} in {} is out of order", entry.name, file.path().string()));
    end += entry.size;
  }
  return {begin, end};
}

std::string value_or_empty(const std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

}  // namespace

TextName text_name(std::span<const std::int64_t> token_ids) { return digest_of(std::as_bytes(token_ids)); }

std::shared_ptr<PrefixFile> PrefixFile::open(const std::filesystem::path& path, const std::string& identity,
                                             std::size_t row_bytes) {
  // Another process may put a new file in its place between a look at the header and the mapping: then both again.
  for (;;) {
    struct stat before {};
    if (::stat(path.c_str(), &before) != 0) return nullptr;
    std::shared_ptr<PrefixFile> file = read(path, identity, row_bytes);
    if (file == nullptr) return nullptr;
    if (file->inode_ != before.st_ino) continue;
    if (file->size_ < file->end_)
      throw DataError(fmt::format("{} became shorter", path.string()), "another program changed it");
    return file;
  }
}

std::shared_ptr<PrefixFile> PrefixFile::read(const std::filesystem::path& path, const std::string& identity,
                                             std::size_t row_bytes) {
  const SafetensorsFile container(path);
  if (value_or_empty(container.metadata(), "format") != k_format) return nullptr;
  if (value_or_empty(container.metadata(), "identity") != identity) return nullptr;
  const auto texts = static_cast<std::size_t>(container.require("lengths").element_count());
  const auto names = read_column<TextName>(container, "names", texts);
  const auto lengths = read_column<std::int64_t>(container, "lengths", texts);
  const auto checksums = read_column<TextName>(container, "checksums", texts);

  std::shared_ptr<PrefixFile> file(new PrefixFile);
  auto [offset, end] = extent_of_rows(container);
  for (std::size_t i = 0; i < texts; ++i) {
    const bool fits = lengths[i] > 0 && static_cast<std::size_t>(lengths[i]) <= (end - offset) / row_bytes;
    if (!fits) {
      throw DataError(fmt::format("text {} in {} has {} tokens", i, path.string(), lengths[i]),
                      "the rows end before that", "remove the file");
    }
    const std::size_t size = static_cast<std::size_t>(lengths[i]) * row_bytes;
    file->places_.emplace(names[i], Place{offset, size, checksums[i], i});
    offset += size;
  }
  file->trust_ = std::make_unique<std::atomic<Trust>[]>(texts);
  file->end_ = end;
  file->map(path);
  return file;
}

void PrefixFile::map(const std::filesystem::path& path) {
  path_ = path;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    throw IoError(fmt::format("cannot read {}", path.string()), std::strerror(error));
  }
  void* mapped = mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0);
  const int error = errno;
  ::close(descriptor);
  if (mapped == MAP_FAILED) throw IoError(fmt::format("cannot map {}", path.string()), std::strerror(error));
  begin_ = static_cast<const std::byte*>(mapped);
  size_ = static_cast<std::size_t>(status.st_size);
  inode_ = status.st_ino;
}

PrefixFile::~PrefixFile() {
  if (begin_ != nullptr) munmap(const_cast<std::byte*>(begin_), size_);
}

bool PrefixFile::sound(const Place& place) {
  std::atomic<Trust>& trust = trust_[place.number];
  if (trust.load() == Trust::unread) {
    const bool same = digest_of({begin_ + place.offset, place.size}) == place.checksum;
    if (!same) log_warning("text {} in {} is damaged and will be computed again", place.number, path_.string());
    trust.store(same ? Trust::sound : Trust::damaged);
  }
  return trust.load() == Trust::sound;
}

std::span<const std::byte> PrefixFile::rows(const TextName& name) {
  const auto found = places_.find(name);
  if (found == places_.end() || !sound(found->second)) return {};
  return {begin_ + found->second.offset, found->second.size};
}

std::vector<PrefixFile::Entry> PrefixFile::entries() {
  std::vector<Entry> sound_ones;
  for (const auto& [name, place] : places_) {
    if (sound(place)) sound_ones.push_back({name, {begin_ + place.offset, place.size}});
  }
  return sound_ones;
}

void PrefixFile::write(const std::filesystem::path& path, const std::string& identity, std::size_t row_bytes,
                       std::vector<Entry> entries) {
  std::ranges::sort(entries, {}, &Entry::name);
  std::vector<TextName> names, checksums;
  std::vector<std::int64_t> lengths;
  std::vector<Part> parts;
  for (const Entry& entry : entries) {
    names.push_back(entry.name);
    lengths.push_back(static_cast<std::int64_t>(entry.rows.size() / row_bytes));
    checksums.push_back(digest_of(entry.rows));
    if (parts.empty() || parts.back().bytes + entry.rows.size() > k_part_bytes) parts.push_back({names.size() - 1});
    parts.back().end = names.size();
    parts.back().bytes += entry.rows.size();
  }
  const auto texts = static_cast<std::int64_t>(entries.size());
  std::vector<TensorDeclaration> tensors = {{"names", TensorType::u64, {texts, 2}},
                                            {"lengths", TensorType::i64, {texts}},
                                            {"checksums", TensorType::u64, {texts, 2}}};
  for (std::size_t p = 0; p < parts.size(); ++p) {
    tensors.push_back({part_name(p), TensorType::u8, {static_cast<std::int64_t>(parts[p].bytes)}});
  }
  SafetensorsWriter writer(path, std::move(tensors), {{"format", k_format}, {"identity", identity}});
  writer.write("names", std::as_bytes(std::span(names)));
  writer.write("lengths", std::as_bytes(std::span(lengths)));
  writer.write("checksums", std::as_bytes(std::span(checksums)));
  std::vector<std::byte> bytes;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    bytes.clear();
    for (std::size_t i = parts[p].begin; i < parts[p].end; ++i) {
      bytes.insert(bytes.end(), entries[i].rows.begin(), entries[i].rows.end());
    }
    writer.write(part_name(p), bytes);
  }
  writer.commit();
}

}  // namespace coldframe
