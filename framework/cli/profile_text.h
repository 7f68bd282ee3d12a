#pragma once

#include <string>

#include "framework/data/dataset.h"
#include "framework/data/text_views.h"
#include "framework/simulation/population.h"

namespace coldframe {

/// The profile pool of a population as a user table with the columns of the real one: row p is profile p, columns that
/// the attribute law does not know are missing. With TextViews it makes one template serve real and synthetic
/// newcomers.
EntityTable profile_table(const PopulationObservables& observables, const EntityTable& real_users);

/// Renders a synthetic profile without history by the user template, which errors call `user_key`.
ProfileRenderer profile_renderer(const TextOptions& options, const EntityTable& real_users,
                                 const std::string& user_key = "text.user");

/// The population's card, one line per parameter.
std::string card_text(const Population& population);

}  // namespace coldframe
