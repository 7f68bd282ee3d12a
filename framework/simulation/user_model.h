#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/simulation/page_parts.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {

class ConfigError;
class PageBelief;
struct SimulationOptions;

/// How utilities become choices. utility v_i = log(I p(i|u)) is 0 for an item of average appeal; the choice logit of an
/// item is scale * v_i, and no_click is the logit it competes with (one meaning everywhere, also for the cascade).
struct ChoiceScale {
  double scale = 1.0;
  double no_click = 0.0;
};

/// A slate shown to a user. utilities and item_slots are given per position, in display order.
struct ShownPage {
  UserKey user;
  std::uint32_t session = 0;
  std::uint32_t page = 0;
  std::span<const double> utilities;
  std::span<const std::uint32_t> item_slots;
};

/// The random numbers that decide what a user does with a page, named for people who follow a single user: those of the
/// page as a whole, and columns with one number per position [S].
struct PageDraws {
  struct Number {
    std::string name;
    double value = 0;
  };
  struct Column {
    std::string name;  // at most 9 characters fit a table
    std::vector<double> values;
  };
  std::vector<Number> page;
  std::vector<Column> positions;
};

enum class SlateOptimality { exact, greedy };

/// Candidates in display order (as indices), and whether no slate can be better.
struct BestSlate {
  std::vector<std::size_t> order;
  SlateOptimality optimality = SlateOptimality::exact;
};

/// How a user reacts to a slate: sampler, exact likelihood and closed-form expectation of one law. The reward is the
/// number of clicks. S = slate length. Thread-safety: const.
class UserModel {
 public:
  virtual ~UserModel() = default;
  virtual std::string_view name() const = 0;

  /// Clicks per position [S]; a pure function of the arguments.
  virtual void sample(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks) const = 0;

  /// The numbers that sample() looks at, for traces of single users; a model that does not say shows none.
  virtual PageDraws draws(const SimulationRandom& random, const ShownPage& page) const;

  /// log P(clicks | slate); -infinity for what cannot happen.
  virtual double log_likelihood(std::span<const double> utilities, std::span<const std::uint8_t> clicks) const = 0;

  /// P(click at k) for each position [S].
  virtual void expected_clicks(std::span<const double> utilities, std::span<double> expected) const = 0;

  /// sample() and expected_clicks() [S] at once, for a law in which they share work; returns the expected number of
  /// clicks. The same bits as one after the other.
  virtual double react(const SimulationRandom& random, const ShownPage& page, std::span<std::uint8_t> clicks,
                       std::span<double> expected) const;

  /// The slate of n candidates with the highest expected number of clicks. tie_orders decides among equal utilities
  /// (smaller first).
  virtual BestSlate best_slate(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders,
                               std::size_t n) const = 0;

  /// What makes the best page with ads quick to find (ad_layout.h).
  virtual PageParts parts() const { return {}; }

  /// The same law for many possible users at once [M]: what posteriors and slate search over draws are made of.
  virtual std::unique_ptr<PageBelief> belief(std::size_t draws) const = 0;
};

/// A page that is built item by item, from the top, for M possible users in parallel. Expected clicks of a slate are
/// the sum of the gains of its items; gains never grow when a page gets longer.
/// Thread-safety: none; a belief belongs to one thread.
class PageBelief {
 public:
  virtual ~PageBelief() = default;
  /// Attraction of an item for every draw from its utilities [M]; computed once per item, used in the calls below.
  virtual void attractions(std::span<const float> utilities, std::span<float> attraction) const = 0;
  /// Starts an empty page.
  virtual void clear() = 0;
  /// Weighted mean of the additional expected clicks when the item is shown next.
  virtual double gain(std::span<const float> attraction, std::span<const float> weights) const = 0;
  virtual void append(std::span<const float> attraction) = 0;
  /// Adds log P(clicks | slate) of every draw; attractions[k] belongs to position k.
  virtual void add_log_likelihood(std::span<const std::span<const float>> attractions,
                                  std::span<const std::uint8_t> clicks, std::span<double> log_weights) const = 0;
};

/// The n items of highest utility, highest first; tie_orders decides among equals. The best slate of every law whose
/// reward grows with each attraction and does not grow when a better item moves down.
BestSlate most_useful(std::span<const double> utilities, std::span<const std::uint64_t> tie_orders, std::size_t n);

/// Expected number of clicks of a slate.
double expected_reward(const UserModel& model, std::span<const double> utilities);

/// P(at least one click).
double click_rate(const UserModel& model, std::span<const double> utilities);

/// The user model that `[simulation] user_model` names; ConfigError for other names.
std::unique_ptr<UserModel> make_user_model(const SimulationOptions& options, const ChoiceScale& scale);

ConfigError unknown_user_model(std::string_view name);

}  // namespace coldframe
