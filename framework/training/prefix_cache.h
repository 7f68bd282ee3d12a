#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "framework/core/options.h"
#include "framework/training/prefix_file.h"

namespace coldframe {

/// `[prefix_cache]`: whether the output of the layers below the lowest trainable one is computed once per distinct
/// text.
struct PrefixCacheOptions final : Options {
  bool use = false;
  std::int64_t megabytes = 1024;
  std::string folder;  // empty: in memory alone

  void describe(OptionVisitor& visitor) override;
};

/// The texts of one pass through the lower layers: what is kept, and thrown out, together.
struct PrefixChunk {
  std::vector<TextName> names;            // [N]
  std::vector<std::int64_t> row_offsets;  // [N + 1]
  at::Tensor rows;                        // [T, D] contiguous
};

struct PrefixCacheUse {
  std::size_t texts = 0;  // here now, in memory and in the file
  std::size_t memory_bytes = 0;
  std::size_t file_bytes = 0;
  std::uint64_t found = 0;     // reads that were answered
  std::uint64_t computed = 0;  // texts that were not here when they were needed
  std::uint64_t evicted = 0;   // chunks
};

/// Rows of texts by the text's name: in memory up to a limit (the chunk that was not read for the longest time goes
/// first), and in a file that processes and later runs share. What is here changes no result: the rows of a text are a
/// function of the text, of the weights below the layer, and of the machine class, which `identity` names.
/// Thread-safe.
class PrefixCache {
 public:
  /// `row_bytes`: of one token.
  PrefixCache(std::string identity, std::size_t row_bytes, const PrefixCacheOptions& options);

  const std::string& identity() const { return identity_; }
  std::size_t row_bytes() const { return row_bytes_; }
  std::size_t limit_bytes() const { return limit_bytes_; }
  bool contains(const TextName& name) const;
  /// Copies the rows of a text into `out`; false when they are not here.
  bool read(const TextName& name, std::span<std::byte> out);
  /// A chunk larger than the limit is not kept.
  void add(PrefixChunk chunk);
  /// Writes file and memory as the new file when memory holds something that the file lacks and has room for; nothing
  /// without a folder. Another process may do the same at the same time: each file is whole, the later one stays.
  void save();
  /// Maps the file as it is now and frees what memory held twice.
  void share_file();
  PrefixCacheUse use() const;
  void count_computed(std::size_t texts);

 private:
  struct Held {
    PrefixChunk chunk;
    std::uint64_t last_read = 0;
  };
  struct Place {
    std::shared_ptr<Held> held;
    std::size_t text = 0;
  };
  std::span<const std::byte> rows_of(const Place& place) const;
  void evict_down_to(std::size_t bytes);
  void drop(std::list<std::shared_ptr<Held>>::iterator held);

  std::string identity_;
  std::size_t row_bytes_;
  std::size_t limit_bytes_;
  std::filesystem::path path_;  // empty: no file
  mutable std::mutex mutex_;
  std::shared_ptr<PrefixFile> file_;  // may be null
  std::unordered_map<TextName, Place, TextNameHash> places_;
  std::list<std::shared_ptr<Held>> chunks_;
  std::size_t memory_bytes_ = 0;
  std::uint64_t clock_ = 0;
  std::uint64_t found_ = 0;
  std::uint64_t computed_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace coldframe
