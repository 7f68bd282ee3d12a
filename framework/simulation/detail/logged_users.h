#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "framework/data/impression_log.h"
#include "framework/simulation/detail/logged_story.h"

namespace coldframe::detail {

/// The pages of a log by user.
struct LoggedUsers {
  std::vector<LoggedUser> users;
  std::size_t pages = 0;
  std::size_t left_out = 0;  // users whose pages were not looked at
};

/// Puts the rows of a log together to pages. Throws DataError for pages with missing or repeated positions, items twice
/// on a page or two queries, naming user, session and page. Borrows `queries` (logged_queries()).
LoggedUsers read_logged_users(const Dataset& data, const ImpressionLog& log, std::span<const Query> queries,
                              const std::function<bool(UserId)>& leave_out);

}  // namespace coldframe::detail
