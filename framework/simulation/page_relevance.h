#pragma once

#include <span>

#include "framework/simulation/user_model.h"

namespace coldframe {

/// How near a page comes to the most relevant one, after NDCG (Jarvelin and Kekalainen, "Cumulated gain-based
/// evaluation of IR techniques", TOIS 20, 2002): sum_k g_k / log2(k + 1), k = 1, 2, ..., over the same for the
/// candidates of largest gain, g the chance of a click on an item that is shown alone. Utilities of the items shown in
/// display order, and of all candidates. 1 for the best page in order of relevance; where nothing attracts at all, too.
double page_relevance(const UserModel& model, std::span<const double> shown, std::span<const double> candidates);

}  // namespace coldframe
