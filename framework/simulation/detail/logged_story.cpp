#include "framework/simulation/detail/logged_story.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe::detail {

LoggedStory::LoggedStory(const LoggedUser& user, const Dataset& data, const Likes& likes, const Catalogue& catalogue,
                         bool clicked_stay)
    : user_(&user),
      data_(&data),
      catalogue_(&catalogue),
      clicked_stay_(clicked_stay),
      likes_(likes.of(user.user)),
      like_times_(likes.times_of(user.user)),
      known_(catalogue.size(), 0) {
  if (!over()) begin_page();
}

PolicyRequest LoggedStory::request() const {
  PolicyRequest request;
  request.user = user_->key;
  request.profile_row = user_->user.value();
  request.history = &history_;
  request.query = page().query;
  request.time = page().time;
  request.candidates = candidates_;
  request.slate_size = page().own.size();
  return request;
}

void LoggedStory::turn_page() {
  const LoggedPage& done = page();
  for (std::size_t k = 0; k < done.items.size(); ++k) {
    if (done.clicks[k] != 0) add_like(done.items[k]);
  }
  history_.shown.push_back(
      {done.time, {done.items.begin(), done.items.end()}, {done.clicks.begin(), done.clicks.end()}, done.query});
  ++at_;
  if (!over()) begin_page();
}

void LoggedStory::add_like(ItemId item) {
  history_.likes.push_back(item);
  known_[item.value()] = 1;
}

/// Likes that the log did not bring about come first: before the first page, or between two.
void LoggedStory::begin_page() {
  for (; next_like_ < like_times_.size() && like_times_[next_like_] < page().time.timestamp; ++next_like_) {
    if (known_[likes_[next_like_].value()] == 0) add_like(likes_[next_like_]);
  }
  if (at_ == 0) history_.given_likes = history_.likes.size();
  candidates_.clear();
  for (std::uint32_t i = 0; i < known_.size(); ++i) {
    const bool taken = !clicked_stay_ && known_[i] != 0;
    if (!taken && catalogue_->available(ItemId(i), page().time.timestamp)) candidates_.emplace_back(i);
  }
  for (const ItemId item : page().items) {
    if (std::ranges::binary_search(candidates_, item)) continue;
    const bool clicked = !clicked_stay_ && known_[item.value()] != 0;
    throw DataError(
        fmt::format("the log shows item {} to user {} in session {}, page {}", data_->items.ids[item.value()],
                    data_->users.ids[user_->user.value()], page().time.session, page().time.page),
        clicked ? "it was liked before, and the log says that such items leave" : "it was not available then",
        clicked ? "say that clicked items stay" : "correct its availability");
  }
}

}  // namespace coldframe::detail
