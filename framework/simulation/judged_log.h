#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"
#include "framework/data/likes.h"
#include "framework/simulation/choice_fit.h"
#include "framework/simulation/newcomers.h"

namespace coldframe {

/// A page of a log about which laws of choice are asked.
struct JudgedPage {
  UserKey user;
  std::uint32_t number = 0;   // of the page within the user
  std::uint32_t session = 0;  // of the session within the user
  std::vector<ItemId> items;  // [S] in display order
  ObservedPage seen;          // [S]
};

/// What a platform knew about a logged user before the first page.
struct JudgedUser {
  UserId id;
  UserKey key;
  std::vector<ItemId> likes_before;  // the first page, oldest first
  std::size_t first_page = 0;        // in JudgedLog::pages
  std::size_t pages = 0;
};

/// The pages of a log on which nobody searched, by user; utilities are to be filled in.
struct JudgedLog {
  std::vector<JudgedUser> users;
  std::vector<JudgedPage> pages;
  std::size_t users_left_out = 0;
  std::size_t search_pages = 0;  // left out: what was asked for moves utilities
};

/// Throws DataError for pages that cannot be (read_logged_users).
JudgedLog read_judged_log(const Dataset& data, const Likes& likes, const ImpressionLog& log,
                          const std::function<bool(UserId)>& leave_out);

/// Utilities of all pages of a log, parallel to them: one [S] per page.
using PageUtilities = std::vector<std::vector<double>>;

std::vector<JudgedPage> with_utilities(std::vector<JudgedPage> pages, const PageUtilities& utilities);

/// The same for everybody: log(I (n_i + 1) / (sum n + I)), n [I] likes.
PageUtilities popularity_utilities(const JudgedLog& log, const std::vector<std::uint32_t>& likes);

struct WorldUtilityOptions {
  std::size_t draws = 1024;             // of the latent state
  std::uint64_t seed = 1;               // of the draws
  std::vector<ItemId> stands_for = {};  // [I] an item is taken for this one; empty: for itself
};

/// What a world expects of a user with these attributes and these likes before the first page: log(I E[p(i|u)]), the
/// mean over the posterior of the latent state. Clicks are not looked at, since they are what is to be explained; so
/// people differ more than these utilities do. `data` holds the log's users.
PageUtilities world_utilities(const JudgedLog& log, const Dataset& data, const Newcomers& newcomers,
                              const WorldUtilityOptions& options = {});

/// The first attribute of the law that the users of a data set do not have; empty when they have all.
std::string missing_attribute(const AttributeLaw& law, const Dataset& data);

/// [I] What items are taken for when each exchanges its name with one as popular (renamed_twins): a wrong world.
std::vector<ItemId> renamed_as(const Population& population);

}  // namespace coldframe
