#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"
#include "framework/data/likes.h"
#include "framework/evaluation/logged_pages.h"
#include "framework/evaluation/page_reward_model.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/policy.h"

namespace coldframe {

/// The key of a logged user in random-number counters: the number of a newcomer "sim-12", else the hash of the id.
UserKey logged_user_key(const Dataset& log, UserId user);

/// What sessions of a log began with: the texts that requests name by their rows.
std::vector<Query> logged_queries(const ImpressionLog& log);

struct LogReplayOptions {
  std::function<bool(UserId)> leave_out;  // users whose pages are not looked at; empty: none
  int threads = 0;                        // 0: all cores
};

/// The pages of a log as the policy that chose them met them: each user with the likes of before, clicks of earlier
/// pages, and the candidates of the moment (available, and not clicked before unless clicked items stay). A simulated
/// user "sim-12" has the random-number key of newcomer 12, so that a policy shows what it would in the simulation.
/// Where places were sold, policies are asked about the others, as for a page of so many places, and clicks are those
/// on them; the ads of the log stand for what the same rule would place beside another policy's items. What users
/// clicked and saw of ads is in their history. Ownership: borrows data, log and catalogue.
class LogReplay {
 public:
  /// Throws DataError for pages with missing or repeated positions, items twice on a page or items that were no
  /// candidates, naming user, session and page.
  LogReplay(const Dataset& data, const Likes& likes, const ImpressionLog& log, const Catalogue& catalogue,
            LogReplayOptions options = {});
  ~LogReplay();

  std::size_t pages() const;
  std::size_t users() const;
  std::size_t users_left_out() const;
  bool sold_places() const;

  /// What estimators need of a policy: its probabilities of what was shown, and the reward model's opinion of the pages
  /// shown and of one page that the policy draws. Requests have the user's row as profile_row, and no profile. Calls
  /// `done(pages so far)` now and then, from any thread.
  LoggedPages weigh(const Policy& policy, const std::function<void(std::size_t)>& done = {}) const;
  /// The same for the logging policy itself: all weights are 1.
  LoggedPages own() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace coldframe
