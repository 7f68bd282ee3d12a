#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace coldframe {

/// A set of byte strings with a number each, which finds the longest one that starts a text in one pass over it.
/// Nodes lie in breadth-first order, so the children of a node are neighbours and their bytes can be searched at once.
class PieceTrie {
 public:
  struct Match {
    std::size_t length = 0;  // bytes
    std::int32_t value = 0;
  };

  PieceTrie() = default;
  /// Empty strings are left out; of equal strings the first counts.
  explicit PieceTrie(std::vector<std::pair<std::string_view, std::int32_t>> entries);

  std::optional<Match> longest_prefix(std::string_view text) const;
  std::optional<std::int32_t> find(std::string_view text) const;

 private:
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
    std::int32_t value = -1;  // -1: no string ends here
  };
  /// Index of the child of `node` under `byte`, 0 (the root) when there is none.
  std::uint32_t child(std::uint32_t node, char byte) const;

  std::vector<Node> nodes_;
  std::vector<char> bytes_;  // bytes_[n] leads from its parent to node n
};

}  // namespace coldframe
