#include "framework/data/data_options.h"

namespace coldframe {

void DataOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "path", .doc = "data set written by coldframe import", .effect = Effect::operation}, path);
  visitor.visit({.name = "role_seed", .doc = "deals users to the roles T, V, W and H", .minimum = 0}, roles.seed);
  visitor.visit({.name = "fold", .doc = "which fifth of the users is H", .minimum = 0, .maximum = 4}, roles.fold);
  visitor.visit({.name = "like_threshold", .doc = "a rating at or above it is a like"}, likes.threshold);
  visitor.visit({.name = "new_item_share",
                 .doc = "share of items that are new: their interactions are dropped from roles T and V",
                 .minimum = 0,
                 .maximum = 0.9},
                new_item_share);
}

}  // namespace coldframe
