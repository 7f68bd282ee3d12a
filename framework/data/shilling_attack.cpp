#include "framework/data/shilling_attack.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/core/philox.h"
#include "framework/data/keyed_permutation.h"
#include "framework/data/leakage.h"

namespace coldframe {
namespace {

// Counters beyond those that permutations of the same key use (keyed_permutation.cpp); frozen.
constexpr std::uint32_t k_session = 0xFFFFFu;
constexpr std::uint32_t k_likeness_page = 0, k_time_page = 1, k_rating_page = 2, k_order_page = 3;
constexpr std::uint64_t k_target_stream = std::uint64_t{1} << 63;

struct Moments {
  double count = 0, sum = 0, squares = 0;
  void add(double value) {
    count += 1;
    sum += value;
    squares += value * value;
  }
  double mean() const { return sum / count; }
  double deviation() const { return std::sqrt(std::max(0.0, squares / count - mean() * mean())); }
};

/// What an attacker knows of the log of role T.
struct KnownLog {
  std::vector<Moments> by_item;  // [I] of ratings; implicit feedback: counts alone
  Moments all;
  std::vector<float> levels;                // ratings that occur, ascending
  std::int64_t first = 0, last = 0;         // moments
  std::vector<std::vector<UserId>> likers;  // [I]
};

KnownLog read_log(const Dataset& dataset, const Roles& roles, const LikeOptions& options) {
  const Interactions& all = dataset.interactions;
  KnownLog log;
  log.by_item.resize(dataset.items.size());
  log.likers.resize(dataset.items.size());
  std::set<float> levels;
  const std::vector<std::size_t> rows = training_rows(dataset, roles);
  if (rows.empty()) throw DataError("role T has no interactions", "there is no log to poison", "add data");
  log.first = std::numeric_limits<std::int64_t>::max(), log.last = std::numeric_limits<std::int64_t>::min();
  for (const std::size_t row : rows) {
    const double rating = all.implicit() ? 1.0 : static_cast<double>(all.rating[row]);
    log.by_item[all.item[row].value()].add(rating);
    log.all.add(rating);
    if (!all.implicit()) levels.insert(all.rating[row]);
    if (!all.timed()) continue;
    log.first = std::min(log.first, all.timestamp[row]);
    log.last = std::max(log.last, all.timestamp[row]);
  }
  log.levels.assign(levels.begin(), levels.end());
  const Likes likes(dataset, options);
  for (const UserId user : roles.users(Role::train)) {
    for (const ItemId item : likes.of(user)) log.likers[item.value()].push_back(user);
  }
  return log;
}

class AttackPlanner {
 public:
  AttackPlanner(const Dataset& dataset, const Roles& roles, const PoisoningOptions& options, const LikeOptions& likes)
      : dataset_(dataset),
        users_(roles.users(Role::train)),
        options_(options),
        log_(read_log(dataset, roles, likes)),
        random_(static_cast<std::uint64_t>(options.seed), Purpose::poisoning) {}

  ShillingAttack plan() const {
    ShillingAttack attack;
    attack.targets = options_.targets.empty() ? drawn_targets() : named_targets();
    const std::vector<ItemId> selected = selected_items(attack.targets);
    require_room(attack.targets.size() + selected.size());
    const auto count = static_cast<std::size_t>(std::llround(options_.size * static_cast<double>(users_.size())));
    if (count == 0) {
      throw ConfigError(fmt::format("poisoning.size = {}", options_.size),
                        fmt::format("a share of {} users that makes no profile", users_.size()), "raise it");
    }
    for (std::size_t n = 0; n < count; ++n) attack.profiles.push_back(profile(n, attack.targets, selected));
    return attack;
  }

 private:
  std::uint32_t word(std::size_t profile, std::uint32_t page, std::uint32_t slot, std::size_t which = 0) const {
    return random_.block(UserKey(profile), k_session, page, slot)[which];
  }

  std::vector<ItemId> named_targets() const {
    std::set<ItemId> targets;
    for (const std::string& id : options_.targets) {
      const auto found = std::ranges::find(dataset_.items.ids, id);
      if (found == dataset_.items.ids.end()) {
        throw ConfigError(
            fmt::format("poisoning.targets names {}", id), "no item has this id",
            suggest_name(id, std::span(dataset_.items.ids).first(std::min<std::size_t>(8, dataset_.items.size()))));
      }
      targets.insert(ItemId(static_cast<std::uint32_t>(found - dataset_.items.ids.begin())));
    }
    return {targets.begin(), targets.end()};
  }

  /// Items by descending count; equal counts in the order of a keyed hash of their ids.
  std::vector<ItemId> by_count(const std::vector<double>& counts) const {
    std::vector<ItemId> order;
    for (std::uint32_t i = 0; i < counts.size(); ++i) order.emplace_back(i);
    const auto hash = [&](ItemId item) {
      return random_.block(UserKey(dataset_.item_key(item)), k_session, k_order_page);
    };
    std::ranges::sort(order, [&](ItemId a, ItemId b) {
      if (counts[a.value()] != counts[b.value()]) return counts[a.value()] > counts[b.value()];
      const PhiloxBlock first = hash(a), second = hash(b);
      return first != second ? first < second : a < b;
    });
    return order;
  }

  /// Among the less liked half of the items that somebody of role T likes.
  std::vector<ItemId> drawn_targets() const {
    std::vector<double> counts;
    for (const auto& likers : log_.likers) counts.push_back(static_cast<double>(likers.size()));
    std::vector<ItemId> order = by_count(counts);
    std::erase_if(order, [&](ItemId item) { return counts[item.value()] == 0; });
    const std::vector<ItemId> tail(order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2), order.end());
    const auto wanted = static_cast<std::size_t>(options_.target_count);
    if (tail.size() < wanted) {
      throw DataError(fmt::format("poisoning.target_count = {}", wanted),
                      fmt::format("the less liked half of the items liked in role T holds {}", tail.size()),
                      "lower it");
    }
    const KeyedPermutation places(random_.key(), k_target_stream, static_cast<std::uint32_t>(tail.size()));
    std::set<ItemId> targets;
    for (std::uint32_t n = 0; n < wanted; ++n) targets.insert(tail[places(n)]);
    return {targets.begin(), targets.end()};
  }

  std::vector<ItemId> selected_items(const std::vector<ItemId>& targets) const {
    std::vector<double> weight(dataset_.items.size(), 0.0);
    if (options_.attack == "bandwagon") {
      for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = log_.by_item[i].count;
    } else if (options_.attack == "segment") {
      for (const ItemId target : targets) add_similarity(target, weight);
    } else {
      return {};
    }
    for (const ItemId target : targets) weight[target.value()] = 0;
    std::vector<ItemId> order = by_count(weight);
    const auto positive = std::ranges::count_if(weight, [](double w) { return w > 0; });
    if (positive == 0) {
      throw DataError(fmt::format("poisoning.attack = {}", options_.attack),
                      options_.attack == "segment" ? "nobody of role T who likes a target likes anything else"
                                                   : "role T rates nothing but the targets",
                      "take other targets, or another attack");
    }
    order.resize(std::min(static_cast<std::size_t>(positive), static_cast<std::size_t>(options_.selected)));
    return order;
  }

  /// weight_i += |L_i and L_t| / sqrt(|L_i| |L_t|), L the likers.
  void add_similarity(ItemId target, std::vector<double>& weight) const {
    const std::vector<UserId>& of_target = log_.likers[target.value()];  // ascending, as roles list them
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const std::vector<UserId>& likers = log_.likers[i];
      const auto both =
          std::ranges::count_if(likers, [&](UserId user) { return std::ranges::binary_search(of_target, user); });
      if (both == 0) continue;
      weight[i] += static_cast<double>(both) /
                   std::sqrt(static_cast<double>(likers.size()) * static_cast<double>(of_target.size()));
    }
  }

  void require_room(std::size_t chosen) const {
    const auto fillers = static_cast<std::size_t>(options_.fillers);
    if (chosen + fillers <= dataset_.items.size()) return;
    throw ConfigError(fmt::format("poisoning.fillers = {}", fillers),
                      fmt::format("with {} targets and selected items more than the {} of the catalogue", chosen,
                                  dataset_.items.size()),
                      "lower it");
  }

  ShillingProfile profile(std::size_t number, const std::vector<ItemId>& targets,
                          const std::vector<ItemId>& selected) const {
    ShillingProfile made;
    made.likeness = users_[uniform_below(word(number, k_likeness_page, 0), static_cast<std::uint32_t>(users_.size()))];
    made.items = targets;
    made.items.insert(made.items.end(), selected.begin(), selected.end());
    const std::size_t pushed = made.items.size();
    const std::set<ItemId> taken(made.items.begin(), made.items.end());
    const KeyedPermutation order(random_.key(), number, static_cast<std::uint32_t>(dataset_.items.size()));
    const std::size_t wanted = pushed + static_cast<std::size_t>(options_.fillers);
    for (std::uint32_t place = 0; made.items.size() < wanted; ++place) {
      const ItemId item(order(place));
      if (!taken.contains(item)) made.items.push_back(item);
    }
    if (dataset_.interactions.timed()) {
      const double span = static_cast<double>(log_.last - log_.first);
      made.time = log_.first + static_cast<std::int64_t>(span * uniform_double(word(number, k_time_page, 0)));
    }
    if (dataset_.interactions.implicit()) return made;
    for (std::size_t i = 0; i < made.items.size(); ++i) {
      made.ratings.push_back(i < pushed ? log_.levels.back() : filler_rating(number, made.items[i]));
    }
    return made;
  }

  float filler_rating(std::size_t number, ItemId item) const {
    if (options_.attack == "segment") return log_.levels.front();
    const Moments& own = log_.by_item[item.value()];
    const Moments& law = options_.attack == "average" && own.count > 0 ? own : log_.all;
    const double normal =
        standard_normals(word(number, k_rating_page, item.value()), word(number, k_rating_page, item.value(), 1))[0];
    const double drawn = law.mean() + law.deviation() * normal;
    return *std::ranges::min_element(log_.levels, {},
                                     [&](float level) { return std::abs(static_cast<double>(level) - drawn); });
  }

  const Dataset& dataset_;
  const std::vector<UserId>& users_;
  const PoisoningOptions& options_;
  KnownLog log_;
  KeyedRandom random_;
};

/// Appends what row `from` of a column holds.
void copy_cell(AttributeColumn& column, std::size_t from) {
  if (column.kind == AttributeKind::number) {
    column.numbers.push_back(column.numbers[from]);
  } else if (column.kind == AttributeKind::multi) {
    column.values.push_back(std::vector<std::string>(column.values[from]));
  } else {
    column.texts.push_back(std::string(column.texts[from]));
  }
}

/// "shill", or longer where ids of the table begin so.
std::string free_prefix(const EntityTable& users) {
  std::string prefix = "shill";
  while (std::ranges::any_of(users.ids, [&](const std::string& id) { return id.starts_with(prefix); })) prefix += 'x';
  return prefix;
}

}  // namespace

ShillingAttack plan_attack(const Dataset& dataset, const Roles& roles, const PoisoningOptions& options,
                           const LikeOptions& likes) {
  return AttackPlanner(dataset, roles, options, likes).plan();
}

void add_profiles(Dataset& dataset, Roles& roles, const ShillingAttack& attack) {
  if (attack.profiles.empty()) return;
  const std::string prefix = free_prefix(dataset.users);
  for (std::size_t n = 0; n < attack.profiles.size(); ++n) {
    const ShillingProfile& profile = attack.profiles[n];
    const UserId user(static_cast<std::uint32_t>(dataset.users.size()));
    dataset.users.ids.push_back(fmt::format("{}-{}", prefix, n));
    for (AttributeColumn& column : dataset.users.columns) copy_cell(column, profile.likeness.value());
    for (std::size_t i = 0; i < profile.items.size(); ++i) {
      dataset.interactions.user.push_back(user);
      dataset.interactions.item.push_back(profile.items[i]);
      if (!profile.ratings.empty()) dataset.interactions.rating.push_back(profile.ratings[i]);
      if (dataset.interactions.timed()) dataset.interactions.timestamp.push_back(profile.time);
    }
    roles.enrol(user);
  }
  sort_interactions(dataset);
  check_dataset(dataset);
}

}  // namespace coldframe
