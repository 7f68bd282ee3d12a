#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/philox.h"
#include "framework/data/dataset.h"
#include "framework/simulation/observables.h"

namespace coldframe {

enum class AttributeScale { category, banded };

/// One attribute and its law given its parent.
struct AttributeField {
  std::string name;
  AttributeScale scale = AttributeScale::category;
  std::vector<std::string> levels;  // categories, or bands as "25-34"; the last may be k_unknown_level
  std::vector<std::int64_t> edges;  // banded: level l holds the whole numbers of [edges[l], edges[l + 1])
  std::vector<double> margin;       // share of each level
  std::int32_t parent = -1;         // an earlier field, -1 for the root
  std::vector<double> conditional;  // [parent levels, levels], rows sum to 1; empty for the root
};

inline constexpr std::string_view k_unknown_level = "(unknown)";
inline constexpr std::string_view k_other_level = "other";

struct AttributeLawOptions {
  std::vector<std::string> names;
  std::int64_t bands = 5;                // of a number, with equal shares of the users
  std::int64_t minimum_level_count = 5;  // rarer categories are merged into "other"
  double smoothing = 10.0;               // pseudo-users by which a conditional law is drawn to the margin
};

/// Law of newcomers' attributes: a tree in which every attribute depends on the earlier one with which it shares most
/// information, fitted on bands and smoothed towards independence. Nothing finer than a pair of levels is kept and
/// exact numbers are drawn uniformly inside a band, so no person of W is copied.
class AttributeLaw {
 public:
  AttributeLaw() = default;
  explicit AttributeLaw(std::vector<AttributeField> fields);
  /// Throws ConfigError for a column that does not exist or has no levels (text, several values).
  static AttributeLaw fit(const Dataset& data, std::span<const UserId> users, const AttributeLawOptions& options);

  const std::vector<AttributeField>& fields() const { return fields_; }
  /// Attributes from keyed draws named by `user`.
  Attributes draw(const KeyedRandom& random, UserKey user) const;
  std::vector<std::uint16_t> levels_of(const Dataset& data, UserId user) const;

  std::size_t encoded_size() const;  // P = number of levels of all fields
  /// One-hot levels minus their shares: mean 0 over the law.
  std::vector<double> encode(std::span<const std::uint16_t> levels) const;
  /// Field by name, -1 when there is none.
  std::int32_t find(std::string_view name) const;

 private:
  std::vector<AttributeField> fields_;
};

}  // namespace coldframe
