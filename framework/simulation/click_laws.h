#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/simulation/judged_log.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

/// A law of clicks on logged pages: a fitted user model, or a table of click rates that knows nothing of utilities.
/// S positions. Thread-safety: const.
class ClickLaw {
 public:
  virtual ~ClickLaw() = default;
  /// log P(clicks of the page); -infinity for what cannot happen.
  virtual double log_likelihood(const JudgedPage& page) const = 0;
  /// P(click at k) for each position [S].
  virtual void expected(const JudgedPage& page, std::span<double> p) const = 0;
  /// P(what happened at k | clicks above k) for each position [S]; false when it would take too long to add up.
  virtual bool given_above(const JudgedPage& page, std::span<double> p) const = 0;
  /// Other clicks [S] on the same page.
  virtual void redraw(const SimulationRandom& random, const JudgedPage& page, std::span<std::uint8_t> clicks) const = 0;
};

/// A user model. P(c_k | c_1..c_{k-1}) is a quotient of probabilities of beginnings: those of shorter pages where
/// places below change nothing (PageParts::independent, top_down), else sums over all outcomes, from few clicks to
/// many until they add up to 1, at most `most_outcomes` a page.
std::unique_ptr<ClickLaw> user_model_law(std::unique_ptr<const UserModel> model, std::size_t most_outcomes = 20'000);

enum class ClickRateKind { one, by_position, by_item };

/// The click rates (clicks + a p) / (impressions + a) of `pages` that every user model has to beat: one for all, by
/// position, by item; p is the rate of all. a = 1, for items the one of 1, 3, 10, 30 and 100 under which every
/// impression is best predicted by the others. Clicks are taken for independent.
std::unique_ptr<ClickLaw> click_rate_law(ClickRateKind kind, std::span<const JudgedPage> pages);

}  // namespace coldframe
