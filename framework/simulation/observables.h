#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

/// True attributes of a newcomer: one level per field of the attribute law, and the value as it is written in texts
/// ("34", "engineer"; empty when missing).
struct Attributes {
  std::vector<std::uint16_t> levels;
  std::vector<std::string> values;
  friend bool operator==(const Attributes&, const Attributes&) = default;
};

/// An entry of the finite pool of profiles: everything that is known about a newcomer without history.
struct Profile {
  Attributes attributes;
  std::string text;
  std::uint64_t text_hash = 0;
};

/// Three clocks and a time stamp. A period is the unit within which policies are frozen; sessions count over a user's
/// life; pages count within a session.
struct UserTime {
  std::uint32_t period = 0;
  std::uint32_t session = 0;
  std::uint32_t page = 0;
  std::int64_t timestamp = 0;  // unix seconds
  friend bool operator==(const UserTime&, const UserTime&) = default;
};

/// A newcomer as the platform sees it.
struct Newcomer {
  std::uint64_t number = 0;   // in the population
  UserKey key;                // names the newcomer in random-number counters
  std::uint32_t profile = 0;  // row of the profile pool
  std::uint32_t period = 0;
  std::int64_t arrival = 0;  // unix seconds
};

/// What a session began with, as it was typed. `row` is the text's place among all queries of a simulation or a log:
/// the key for cached query vectors.
struct Query {
  std::uint32_t row = 0;
  std::string text;
};

/// One page that was shown.
struct ShownSlate {
  UserTime time;
  std::pmr::vector<ItemId> items;         // display order
  std::pmr::vector<std::uint8_t> clicks;  // one per item
  const Query* query = nullptr;           // that the session began with; nullptr: the user browsed
};

/// What a newcomer may say when asked about an item.
enum class AnswerKind : std::uint8_t { like, dislike, unknown };

struct Answer {
  ItemId item;
  AnswerKind kind = AnswerKind::unknown;
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// What a platform knows about a user when it has to fill a page.
struct History {
  std::vector<ItemId> likes;      // oldest first: likes given at the start, liked answers, then clicked items
  std::size_t given_likes = 0;    // the first ones of `likes`, which neither a question nor a slate brought about
  std::vector<Answer> answers;    // to questions before the first page, oldest first
  std::vector<ShownSlate> shown;  // oldest first
};

}  // namespace coldframe
