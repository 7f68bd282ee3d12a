#pragma once

#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/data/likes.h"
#include "framework/data/roles.h"

namespace coldframe {

/// The `[data]` section: which data set, who is what, what counts as a like.
struct DataOptions final : Options {
  std::string path;           // dataset store written by `coldframe import`
  RoleOptions roles;          // keys role_seed and fold
  LikeOptions likes;          // key like_threshold
  double new_item_share = 0;  // items of which nobody who learns knows a like (new_items.h)

  void describe(OptionVisitor& visitor) override;
};

}  // namespace coldframe
