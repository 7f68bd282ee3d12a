#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/roles.h"

namespace coldframe {

/// Rows of `dataset.interactions` that training may see: those of role T.
std::vector<std::size_t> training_rows(const Dataset& dataset, const Roles& roles);

/// What check_leakage() found. Counts under "must be zero" make it fail; the rest describes the split.
struct LeakageReport {
  // Must be zero.
  std::size_t users_in_two_roles = 0;
  std::size_t users_in_no_role = 0;
  std::size_t foreign_rows = 0;      // training rows of users outside T
  std::size_t copied_histories = 0;  // users of V, W, H whose whole history equals that of a user of T
  // Description.
  std::array<std::size_t, 4> users{};
  std::array<std::size_t, 4> interactions{};
  std::size_t items = 0;
  std::size_t items_trained = 0;             // items with a training row
  std::size_t items_held_out_untrained = 0;  // items of H that training never saw

  bool clean() const;
  std::string text() const;
};

/// Checks that newcomers are strictly new: the roles are disjoint and cover everybody, and no row that training sees
/// belongs to V, W or H.
LeakageReport check_leakage(const Dataset& dataset, const Roles& roles, std::span<const std::size_t> training_rows);

}  // namespace coldframe
