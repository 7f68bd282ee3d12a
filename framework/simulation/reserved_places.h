#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/policy.h"

namespace coldframe {

/// Whom places of a page are kept for.
enum class ReservedFor {
  exploration,  // items that the policy would not show on the other places, drawn uniformly
  new_items     // the policy's best items among those that nobody of role T liked, and no such item elsewhere
};

/// Keeps a fixed share of the places of every page; a policy that always does the same fills the others, in its order.
/// Of n places round(share n), at least 1, are kept, spread evenly, the last place of a page among them: place p (from
/// 0) is kept iff floor((p + 1) k / n) > floor(p k / n).
///
/// Exploration, C candidates, k places kept: a page has the probability prod_{e<k} 1 / (C - (n - k) - e) when its other
/// places show what the policy shows there, else 0; an item at a kept place has 1 / (C - (n - k)) whatever stands above
/// it. So every candidate has a chance, which a log needs, while most of the page stays as the policy would have it.
/// New items: deterministic. Where there are too few new items, or too few others, the page is filled with the rest.
class ReservedPlaces final : public Policy {
 public:
  /// Throws ConfigError for a share outside (0, 1], for an `inner` that draws its pages, and for new items where there
  /// are none.
  ReservedPlaces(std::string name, std::shared_ptr<const Policy> inner, ReservedFor what, double share,
                 std::uint64_t seed, const Catalogue& catalogue);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override {
    return what_ == ReservedFor::exploration ? PolicyKind::stochastic : PolicyKind::deterministic;
  }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;
  void weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

  /// How many of n places are kept.
  std::size_t kept(std::size_t places) const;
  /// Whether place p of n is, of k that are.
  static bool is_kept(std::size_t place, std::size_t places, std::size_t kept) {
    return (place + 1) * kept / places > place * kept / places;
  }

 private:
  struct Shape {
    std::size_t places = 0;  // of the page
    std::size_t kept = 0;
  };
  Shape shape(const PolicyRequest& request) const;
  /// What the policy shows on the places that are left to it.
  std::vector<Slate> others(std::span<const PolicyRequest> requests) const;
  void explore(std::span<const PolicyRequest> requests, std::span<Slate> slates) const;
  void show_new_items(std::span<const PolicyRequest> requests, std::span<Slate> slates) const;
  void weigh_one(const PolicyRequest& request, std::span<const ItemId> others, Slate& slate) const;

  std::string name_;
  std::shared_ptr<const Policy> inner_;
  ReservedFor what_;
  double share_;
  const Catalogue* catalogue_;
  RandomPolicy uniform_;
};

}  // namespace coldframe
