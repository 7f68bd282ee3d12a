#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "framework/simulation/detail/available_items.h"
#include "framework/simulation/replay.h"

namespace coldframe {

/// A newcomer as drawn once, before any policy acts.
struct Arrival {
  Newcomer who;
  Latents latents;
  std::vector<ItemId> given_likes;
};

/// What the stories of a block share while they are told. Thread-safety: none.
struct StoryMemory {
  explicit StoryMemory(const Catalogue& catalogue) : available(catalogue) {}
  detail::AvailableItems available;
  std::pmr::monotonic_buffer_resource pages;  // of histories; released when their stories are gone
};

/// What pages leave behind, one after the other in the same memory.
struct LivedStep {
  PageRow row;
  std::size_t step = 0;  // session * pages + page of the page shown
  std::vector<double> utilities, expected;
  double relevance = 0;  // page_relevance(), where places are sold
  std::vector<std::uint32_t> slots;
};

/// The life of one newcomer under one policy: fills requests, reacts to slates, moves the clocks. Borrows everything.
class UserStory {
 public:
  UserStory(const ReplayWorld& world, const SimulationOptions& options, const Arrival& arrival, StoryMemory& memory);

  /// Draws newcomers [begin, end); the likes known at the start follow p(i|u) without replacement (Gumbel order).
  static std::vector<Arrival> arrive(const ReplayWorld& world, const SimulationOptions& options,
                                     const SimulationRandom& births, std::uint64_t begin, std::uint64_t end);

  /// Answers the questions of an interview before the first page; liked items leave like given ones.
  std::span<const Answer> answer(const Interview& interview);

  bool over() const { return over_; }
  /// As they are now: those of birth while nothing changes users and they browse.
  const Latents& latents() const { return now_ ? *now_ : arrival_->latents; }
  /// The next page to fill; valid until show() and while this object stays where it is.
  PolicyRequest request() const;
  /// Shows the slate, which moves into the row of `lived`, draws clicks, and moves on.
  void show(const SimulationRandom& random, Slate& slate, KeepLog keep, LivedStep& lived);

 private:
  static std::vector<ItemId> draw_given_likes(const ReplayWorld& world, const SimulationRandom& births,
                                              const Newcomer& who, const Latents& latents, std::size_t wanted);
  void find_candidates();
  void take_away(std::span<const ItemId> items);
  void check(const Slate& slate) const;
  void describe(Slate& slate, PageRow& row) const;
  double relevance(std::span<const double> shown) const;
  void begin_session();
  void move_on(const SimulationRandom& random, double page_seconds);
  void come_back_later(const SimulationRandom& random, const StepOdds& odds);
  void renew_latents();

  const ReplayWorld* world_;
  const SimulationOptions* options_;
  const Arrival* arrival_;
  StoryMemory* memory_;
  bool leave_;  // what was clicked leaves the candidates
  History history_;
  UserTime time_;
  std::shared_ptr<const detail::AvailableItems::Stretch> available_;
  std::vector<ItemId> taken_;               // by this user, ascending
  std::vector<ItemId> left_;                // of what is available, once something was taken
  std::span<const ItemId> candidates_;      // now: all that is available, or what is left of it
  const UserDynamics* dynamics_ = nullptr;  // nullptr: still
  UserCondition condition_;
  std::optional<SearchSession> search_;  // when the session began with a query
  std::optional<Latents> now_;
  bool over_ = false;
};

}  // namespace coldframe
