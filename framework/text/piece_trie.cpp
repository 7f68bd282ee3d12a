#include "framework/text/piece_trie.h"

#include <algorithm>
#include <cstring>

namespace coldframe {
namespace {

using Entry = std::pair<std::string_view, std::int32_t>;

/// Entries [begin, end) share their first `depth` bytes, which lead to `node`.
struct Range {
  std::uint32_t node;
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
};

}  // namespace

PieceTrie::PieceTrie(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.first.empty(); });
  std::ranges::stable_sort(entries, {}, &Entry::first);
  nodes_.resize(1);
  bytes_.resize(1);
  std::vector<Range> level = {{0, 0, entries.size(), 0}};
  while (!level.empty()) {
    std::vector<Range> next;
    for (auto [node, begin, end, depth] : level) {
      if (begin < end && entries[begin].first.size() == depth) {
        nodes_[node].value = entries[begin].second;
        while (begin < end && entries[begin].first.size() == depth) ++begin;
      }
      nodes_[node].first_child = static_cast<std::uint32_t>(nodes_.size());
      while (begin < end) {
        const char byte = entries[begin].first[depth];
        std::size_t stop = begin;
        while (stop < end && entries[stop].first[depth] == byte) ++stop;
        next.push_back({static_cast<std::uint32_t>(nodes_.size()), begin, stop, depth + 1});
        nodes_.emplace_back();
        bytes_.push_back(byte);
        ++nodes_[node].children;
        begin = stop;
      }
    }
    level = std::move(next);
  }
}

std::uint32_t PieceTrie::child(std::uint32_t node, char byte) const {
  const Node& parent = nodes_[node];
  if (parent.children == 0) return 0;
  const char* first = bytes_.data() + parent.first_child;
  const void* found = std::memchr(first, static_cast<unsigned char>(byte), parent.children);
  return found == nullptr ? 0
                          : parent.first_child + static_cast<std::uint32_t>(static_cast<const char*>(found) - first);
}

std::optional<PieceTrie::Match> PieceTrie::longest_prefix(std::string_view text) const {
  std::optional<Match> best;
  if (nodes_.empty()) return best;
  std::uint32_t node = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    node = child(node, text[i]);
    if (node == 0) break;
    if (nodes_[node].value >= 0) best = Match{i + 1, nodes_[node].value};
  }
  return best;
}

std::optional<std::int32_t> PieceTrie::find(std::string_view text) const {
  const std::optional<Match> match = longest_prefix(text);
  if (!match || match->length != text.size()) return std::nullopt;
  return match->value;
}

}  // namespace coldframe
