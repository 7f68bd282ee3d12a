#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace coldframe {

/// An integer that cannot be mixed up with another kind of integer.
template <class Tag, class Value>
class TypedId {
 public:
  using value_type = Value;
  constexpr TypedId() = default;
  constexpr explicit TypedId(Value value) : value_(value) {}
  constexpr Value value() const { return value_; }
  friend constexpr auto operator<=>(TypedId, TypedId) = default;

 private:
  Value value_ = 0;
};

/// Row of a user or an item in its dataset store (dense, 0-based).
using UserId = TypedId<struct UserTag, std::uint32_t>;
using ItemId = TypedId<struct ItemTag, std::uint32_t>;

/// What names a user in random-number counters: for real users a stable hash of the external id (so that the order
/// of rows in a file changes nothing), for simulated users their number in the population.
using UserKey = TypedId<struct UserKeyTag, std::uint64_t>;

}  // namespace coldframe

template <class Tag, class Value>
struct std::hash<coldframe::TypedId<Tag, Value>> {
  std::size_t operator()(coldframe::TypedId<Tag, Value> id) const { return std::hash<Value>{}(id.value()); }
};
