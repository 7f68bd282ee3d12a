#include "framework/simulation/file_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "framework/core/error.h"
#include "framework/data/cell_values.h"
#include "framework/data/delimited_reader.h"

namespace coldframe {
namespace {

constexpr double k_last_position = 1 << 24;  // beyond it floats skip whole numbers

std::optional<std::size_t> column(const Record& header, std::string_view name) {
  const auto at = std::ranges::find(header.fields, name);
  if (at == header.fields.end()) return std::nullopt;
  return static_cast<std::size_t>(at - header.fields.begin());
}

}  // namespace

/// Fills the lists of a FilePolicy row by row.
class FilePolicy::Reader {
 public:
  Reader(const std::filesystem::path& path, const Dataset& items, const PolicyFileUsers& users, FilePolicy& out)
      : path_(path), users_(users), out_(out) {
    for (std::uint32_t i = 0; i < items.items.size(); ++i) items_.emplace(items.items.ids[i], ItemId(i));
    for (std::size_t u = 0; u < users.asked.size(); ++u) asked_.emplace(users.asked[u].first, u);
  }

  void read() {
    DelimitedReader rows(path_);
    Record row;
    if (!rows.next(row)) throw DataError(fmt::format("{} is empty", path_.string()), "it holds no record");
    read_header(row);
    while (rows.next(row)) {
      if (!row.problem.empty()) fail(row, row.problem, "correct the row");
      if (row.fields.size() != width_) {
        fail(row, fmt::format("{} fields, the header has {}", row.fields.size(), width_), "correct the row");
      }
      read_row(row);
    }
    for (std::vector<Entry>& list : out_.lists_) check_list(list);
    require_everybody();
  }

 private:
  void read_header(const Record& header) {
    width_ = header.fields.size();
    user_ = column(header, "user");
    const auto item = column(header, "item"), score = column(header, "score"), position = column(header, "position");
    if (!item || score.has_value() == position.has_value()) {
      throw DataError(fmt::format("{}: its columns are {}", path_.string(), fmt::join(header.fields, ", ")),
                      "they must be item, either score or position, and user unless the rows hold for everybody",
                      "name them in the first line");
    }
    item_ = *item;
    by_position_ = position.has_value();
    number_ = by_position_ ? *position : *score;
    out_.for_everybody_ = !user_;
    out_.lists_.resize(user_ ? users_.asked.size() : 1);
  }

  void read_row(const Record& row) {
    const auto item = items_.find(row.fields[item_]);
    if (item == items_.end()) {
      fail(row, fmt::format("item '{}' is not in the data set", row.fields[item_]), "use the ids of data.path");
    }
    std::size_t list = 0;
    if (user_) {
      const std::string& user = row.fields[*user_];
      const auto asked = asked_.find(user);
      if (asked == asked_.end()) {
        if (users_.known(user)) return;
        fail(row, fmt::format("user '{}' is not known", user), fmt::format("write {}", users_.wording));
      }
      list = asked->second;
    }
    out_.lists_[list].push_back({item->second, read_number(row)});
  }

  float read_number(const Record& row) const {
    const std::string& cell = row.fields[number_];
    const std::optional<double> read = parse_number(cell);
    const char* name = by_position_ ? "position" : "score";
    if (!read || !std::isfinite(static_cast<float>(*read))) {
      fail(row, fmt::format("{} = '{}' is no finite number", name, cell), "leave items out that must not be shown");
    }
    if (!by_position_) return static_cast<float>(*read);
    if (*read != std::floor(*read) || *read < 0 || *read > k_last_position) {
      fail(row, fmt::format("position = {} is no place on a page", cell), "count from 0 or 1");
    }
    return -static_cast<float>(*read);
  }

  void check_list(std::vector<Entry>& list) const {
    std::ranges::sort(list, {}, [](const Entry& e) { return e.item; });
    const auto twice = std::ranges::adjacent_find(list, {}, [](const Entry& e) { return e.item; });
    if (twice != list.end()) refuse_list(list, "an item twice");
    if (!by_position_) return;
    std::vector<float> positions;
    for (const Entry& entry : list) positions.push_back(entry.score);
    std::ranges::sort(positions);
    if (std::ranges::adjacent_find(positions) != positions.end()) refuse_list(list, "a position twice");
  }

  [[noreturn]] void refuse_list(const std::vector<Entry>& list, std::string_view what) const {
    const std::string whose =
        user_ ? fmt::format("user {}", users_.asked[static_cast<std::size_t>(&list - out_.lists_.data())].first)
              : std::string("everybody");
    throw DataError(fmt::format("{} gives {} for {}", path_.string(), what, whose), "one row was expected",
                    "remove the others");
  }

  void require_everybody() {
    std::vector<std::string> without;
    for (std::size_t l = 0; l < out_.lists_.size(); ++l) {
      if (out_.lists_[l].empty()) without.push_back(user_ ? users_.asked[l].first : std::string("everybody"));
      if (user_) out_.list_of_.emplace(users_.asked[l].second, l);
    }
    if (without.empty()) return;
    throw DataError(fmt::format("{} has no row for {}{}", path_.string(), without.front(),
                                without.size() == 1 ? "" : fmt::format(" and {} others", without.size() - 1)),
                    "it cannot say what they would see", "add them, or ask about fewer users");
  }

  [[noreturn]] void fail(const Record& row, std::string_view why, std::string_view suggestion) const {
    throw DataError(fmt::format("{}:{}", path_.string(), row.line), why, suggestion);
  }

  const std::filesystem::path& path_;
  const PolicyFileUsers& users_;
  FilePolicy& out_;
  std::unordered_map<std::string, ItemId> items_;
  std::unordered_map<std::string, std::size_t> asked_;
  std::optional<std::size_t> user_;
  std::size_t item_ = 0, number_ = 0, width_ = 0;
  bool by_position_ = false;
};

FilePolicy::FilePolicy(std::string name, const std::filesystem::path& path, const Dataset& items,
                       const PolicyFileUsers& users, TieBreak ties)
    : ScoredPolicy(std::move(ties)), name_(std::move(name)), items_(items.items.size()) {
  Reader(path, items, users, *this).read();
}

void FilePolicy::score(std::span<const PolicyRequest> requests, std::span<float> scores) const {
  std::ranges::fill(scores.first(requests.size() * items_), -std::numeric_limits<float>::infinity());
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::size_t list = for_everybody_ ? 0 : list_of_.at(requests[r].user);
    for (const Entry& entry : lists_[list]) scores[r * items_ + entry.item.value()] = entry.score;
  }
}

std::vector<std::vector<RankedItem>> FilePolicy::best(std::span<const PolicyRequest> requests,
                                                      const TieBreak& ties) const {
  std::vector<std::vector<RankedItem>> best;
  for (const PolicyRequest& request : requests) {
    RunningTop top(top_request(request), ties, items_);
    for (const Entry& entry : lists_[for_everybody_ ? 0 : list_of_.at(request.user)]) {
      if (!(entry.score < top.threshold())) top.offer(entry.item, entry.score);
    }
    best.push_back(top.finish());
    // Pages that are not filled are told apart by what all items score.
    if (best.back().size() < std::min(request.slate_size, request.candidates.size())) {
      return ScoredPolicy::best(requests, ties);
    }
  }
  return best;
}

}  // namespace coldframe
