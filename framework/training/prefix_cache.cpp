#include "framework/training/prefix_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/log.h"

namespace coldframe {
namespace {

/// A damaged file is as good as none: everything in it can be computed.
std::shared_ptr<PrefixFile> open_or_pass_over(const std::filesystem::path& path, const std::string& identity,
                                              std::size_t row_bytes) {
  if (path.empty()) return nullptr;
  try {
    return PrefixFile::open(path, identity, row_bytes);
  } catch (const Error& error) {
    log_warning("passed over {}", error.what());
    return nullptr;
  }
}

}  // namespace

void PrefixCacheOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "use",
                 .doc = "compute the layers below the lowest trainable one once per distinct text and keep what they "
                        "leave (needs strategy.frozen_dropout = false; other roundings, see docs/guide/running.md)"},
                use);
  visitor.visit({.name = "megabytes",
                 .doc = "most memory per rank, and largest file; what does not fit is computed when it is needed",
                 .unit = "MB",
                 .minimum = 1,
                 .effect = Effect::operation},
                megabytes);
  visitor.visit({.name = "folder",
                 .doc = "where to keep it for later runs and other variants; empty: in memory alone",
                 .effect = Effect::operation},
                folder);
}

PrefixCache::PrefixCache(std::string identity, std::size_t row_bytes, const PrefixCacheOptions& options)
    : identity_(std::move(identity)),
      row_bytes_(row_bytes),
      limit_bytes_(static_cast<std::size_t>(options.megabytes) * 1000000) {
  if (options.folder.empty()) return;
  path_ = std::filesystem::path(options.folder) / fmt::format("{:.32}.safetensors", sha256_hex(identity_));
  file_ = open_or_pass_over(path_, identity_, row_bytes_);
}

std::span<const std::byte> PrefixCache::rows_of(const Place& place) const {
  const PrefixChunk& chunk = place.held->chunk;
  const auto first = static_cast<std::size_t>(chunk.row_offsets[place.text]) * row_bytes_;
  const auto end = static_cast<std::size_t>(chunk.row_offsets[place.text + 1]) * row_bytes_;
  return {static_cast<const std::byte*>(chunk.rows.const_data_ptr()) + first, end - first};
}

bool PrefixCache::contains(const TextName& name) const {
  const std::scoped_lock lock(mutex_);
  return places_.contains(name) || (file_ != nullptr && file_->contains(name));
}

bool PrefixCache::read(const TextName& name, std::span<std::byte> out) {
  Place place;
  std::shared_ptr<PrefixFile> file;
  {
    const std::scoped_lock lock(mutex_);
    file = file_;
    const auto found = places_.find(name);
    if (found != places_.end()) {
      place = found->second;
      place.held->last_read = ++clock_;
    }
  }
  std::span<const std::byte> rows;
  if (place.held != nullptr) rows = rows_of(place);
  if (rows.empty() && file != nullptr) rows = file->rows(name);
  if (rows.empty()) return false;
  CF_ASSERT(rows.size() == out.size());
  std::memcpy(out.data(), rows.data(), out.size());
  const std::scoped_lock lock(mutex_);
  ++found_;
  return true;
}

void PrefixCache::add(PrefixChunk chunk) {
  CF_EXPECTS(chunk.rows.is_contiguous() && chunk.row_offsets.size() == chunk.names.size() + 1);
  if (chunk.rows.nbytes() > limit_bytes_) return;
  const std::scoped_lock lock(mutex_);
  evict_down_to(limit_bytes_ - chunk.rows.nbytes());
  auto held = std::make_shared<Held>(Held{std::move(chunk), ++clock_});
  for (std::size_t i = 0; i < held->chunk.names.size(); ++i) places_.try_emplace(held->chunk.names[i], Place{held, i});
  memory_bytes_ += held->chunk.rows.nbytes();
  chunks_.push_back(std::move(held));
}

void PrefixCache::evict_down_to(std::size_t bytes) {
  while (memory_bytes_ > bytes) {
    drop(std::ranges::min_element(chunks_, {}, [](const auto& held) { return held->last_read; }));
    ++evicted_;
  }
}

void PrefixCache::drop(std::list<std::shared_ptr<Held>>::iterator held) {
  for (const TextName& name : (*held)->chunk.names) {
    const auto found = places_.find(name);
    if (found != places_.end() && found->second.held == *held) places_.erase(found);
  }
  memory_bytes_ -= (*held)->chunk.rows.nbytes();
  chunks_.erase(held);
}

void PrefixCache::save() {
  if (path_.empty()) return;
  // The newest file: another process may have added to it since it was mapped.
  const std::shared_ptr<PrefixFile> newest = open_or_pass_over(path_, identity_, row_bytes_);
  std::vector<PrefixFile::Entry> entries;
  if (newest != nullptr) entries = newest->entries();
  std::size_t size = 0;
  for (const PrefixFile::Entry& entry : entries) size += entry.rows.size();
  const std::size_t already = entries.size();
  const std::scoped_lock lock(mutex_);
  for (const auto& [name, place] : places_) {
    const std::span<const std::byte> rows = rows_of(place);
    if ((newest != nullptr && !newest->rows(name).empty()) || size + rows.size() > limit_bytes_) continue;
    entries.push_back({name, rows});
    size += rows.size();
  }
  if (entries.size() == already) return;
  std::filesystem::create_directories(path_.parent_path());
  PrefixFile::write(path_, identity_, row_bytes_, std::move(entries));
}

void PrefixCache::share_file() {
  if (path_.empty()) return;
  const std::shared_ptr<PrefixFile> newest = open_or_pass_over(path_, identity_, row_bytes_);
  if (newest == nullptr) return;
  const std::scoped_lock lock(mutex_);
  file_ = newest;
  for (auto held = chunks_.begin(); held != chunks_.end();) {
    const auto current = held++;
    const std::vector<TextName>& names = (*current)->chunk.names;
    if (std::ranges::all_of(names, [&](const TextName& name) { return newest->contains(name); })) drop(current);
  }
}

PrefixCacheUse PrefixCache::use() const {
  const std::scoped_lock lock(mutex_);
  PrefixCacheUse use{places_.size(), memory_bytes_, 0, found_, computed_, evicted_};
  if (file_ == nullptr) return use;
  use.file_bytes = file_->bytes();
  use.texts = file_->texts();
  for (const auto& [name, place] : places_) use.texts += file_->contains(name) ? 0 : 1;
  return use;
}

void PrefixCache::count_computed(std::size_t texts) {
  const std::scoped_lock lock(mutex_);
  computed_ += texts;
}

}  // namespace coldframe
