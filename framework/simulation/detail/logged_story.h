#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/policy.h"

namespace coldframe::detail {

/// One page of a log. Columns are parallel to items.
struct LoggedPage {
  UserTime time;
  std::vector<ItemId> items;
  std::vector<std::uint8_t> clicks;
  std::vector<double> log_propensity;
  std::vector<double> log_marginal;  // empty: unknown
  std::vector<std::size_t> own;      // places that were not sold, which the logging policy filled; ascending
  const Query* query = nullptr;      // that the session began with

  /// What a column holds at those places.
  template <class T>
  std::vector<T> at_own(const std::vector<T>& column) const {
    std::vector<T> values;
    for (const std::size_t place : own) values.push_back(column[place]);
    return values;
  }
};

struct LoggedUser {
  UserId user;
  UserKey key;
  std::vector<LoggedPage> pages;  // in order
};

/// The life of a logged user, page by page: UserStory with the clicks of the log. Borrows everything.
class LoggedStory {
 public:
  LoggedStory(const LoggedUser& user, const Dataset& data, const Likes& likes, const Catalogue& catalogue,
              bool clicked_stay);

  bool over() const { return at_ == user_->pages.size(); }
  const LoggedPage& page() const { return user_->pages[at_]; }
  /// The page at hand as the logging policy was asked for it, without the places that were sold; valid until
  /// turn_page() and while this object stays where it is. Throws DataError when the page holds what was no candidate.
  PolicyRequest request() const;
  void turn_page();

 private:
  void begin_page();
  void add_like(ItemId item);

  const LoggedUser* user_;
  const Dataset* data_;
  const Catalogue* catalogue_;
  bool clicked_stay_;
  std::span<const ItemId> likes_;
  std::span<const std::int64_t> like_times_;
  std::size_t next_like_ = 0;
  std::size_t at_ = 0;
  History history_;
  std::vector<std::uint8_t> known_;  // [I] liked so far
  std::vector<ItemId> candidates_;
};

}  // namespace coldframe::detail
