#include "framework/simulation/reserved_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr double k_never = -std::numeric_limits<double>::infinity();

/// What a policy shows where it is asked for any item at all.
std::vector<Slate> shown_by(const Policy& policy, std::span<const PolicyRequest> requests) {
  std::vector<PolicyRequest> asked;
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    if (requests[r].slate_size == 0 || requests[r].candidates.empty()) continue;
    asked.push_back(requests[r]);
    rows.push_back(r);
  }
  std::vector<Slate> found(asked.size()), slates(requests.size());
  policy.rank(asked, found);
  for (std::size_t a = 0; a < rows.size(); ++a) slates[rows[a]] = std::move(found[a]);
  return slates;
}

bool holds(std::span<const ItemId> items, ItemId item) { return std::ranges::find(items, item) != items.end(); }

/// The page of these items: kept places take from `kept`, the others from `others`, and whoever has items left fills
/// what the other cannot.
std::vector<ItemId> woven(std::span<const ItemId> kept, std::span<const ItemId> others, std::size_t kept_places) {
  const std::size_t places = kept.size() + others.size();
  std::vector<ItemId> page;
  page.reserve(places);
  for (std::size_t p = 0, k = 0, o = 0; p < places; ++p) {
    const bool wanted = ReservedPlaces::is_kept(p, places, kept_places);
    page.push_back((wanted && k < kept.size()) || o == others.size() ? kept[k++] : others[o++]);
  }
  return page;
}

}  // namespace

ReservedPlaces::ReservedPlaces(std::string name, std::shared_ptr<const Policy> inner, ReservedFor what, double share,
                               std::uint64_t seed, const Catalogue& catalogue)
    : name_(std::move(name)),
      inner_(std::move(inner)),
      what_(what),
      share_(share),
      catalogue_(&catalogue),
      uniform_("uniform", derived_seed(seed, "reserved places"), catalogue) {
  if (!(share > 0.0 && share <= 1.0)) {
    throw ConfigError(fmt::format("policy '{}' keeps a share of {} places", name_, share),
                      "must be above 0 and at most 1", "try 0.1");
  }
  if (inner_->kind() == PolicyKind::stochastic) {
    throw ConfigError(fmt::format("policy '{}' keeps places of pages that {} draws", name_, inner_->name()),
                      "it needs a policy that always shows the same", "use epsilon: around it");
  }
  if (what == ReservedFor::new_items && !catalogue.any_new()) {
    throw ConfigError(fmt::format("policy '{}' keeps places for new items", name_), "there are none",
                      "set data.new_item_share above 0");
  }
}

std::size_t ReservedPlaces::kept(std::size_t places) const {
  if (places == 0) return 0;
  const auto rounded = static_cast<std::size_t>(std::lround(share_ * static_cast<double>(places)));
  return std::clamp<std::size_t>(rounded, 1, places);
}

ReservedPlaces::Shape ReservedPlaces::shape(const PolicyRequest& request) const {
  const std::size_t places = std::min(request.slate_size, request.candidates.size());
  return {places, kept(places)};
}

void ReservedPlaces::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  if (what_ == ReservedFor::exploration) return explore(requests, slates);
  show_new_items(requests, slates);
}

std::vector<Slate> ReservedPlaces::others(std::span<const PolicyRequest> requests) const {
  std::vector<PolicyRequest> asked(requests.begin(), requests.end());
  for (PolicyRequest& request : asked) {
    const auto [places, kept] = shape(request);
    request.slate_size = places - kept;
  }
  return shown_by(*inner_, asked);
}

void ReservedPlaces::explore(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  const std::vector<Slate> certain = others(requests);
  std::vector<ItemId> rest;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::vector<ItemId>& shown = certain[r].items;
    rest.clear();
    std::ranges::copy_if(requests[r].candidates, std::back_inserter(rest),
                         [&](ItemId item) { return !holds(shown, item); });
    PolicyRequest drawing = requests[r];
    const std::size_t kept = shape(requests[r]).kept;
    drawing.candidates = rest;
    drawing.slate_size = kept;
    Slate drawn;
    uniform_.rank({&drawing, 1}, {&drawn, 1});
    slates[r] = Slate{};
    slates[r].items = woven(drawn.items, shown, kept);
    weigh_one(requests[r], shown, slates[r]);
  }
}

void ReservedPlaces::show_new_items(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  const auto is_new = [this](ItemId item) { return catalogue_->is_new(item); };
  std::vector<std::vector<ItemId>> groups(2 * requests.size());  // new items of every request, then the others
  std::vector<PolicyRequest> asked;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    for (const ItemId item : requests[r].candidates) groups[2 * r + (is_new(item) ? 0 : 1)].push_back(item);
    const auto [places, kept] = shape(requests[r]);
    const std::size_t fresh = groups[2 * r].size(), known = groups[2 * r + 1].size();
    const std::size_t shown_new = std::clamp(kept, places - std::min(places, known), fresh);
    for (std::size_t g = 0; g < 2; ++g) {
      PolicyRequest& request = asked.emplace_back(requests[r]);
      request.candidates = groups[2 * r + g];
      request.slate_size = g == 0 ? shown_new : places - shown_new;
    }
  }
  const std::vector<Slate> found = shown_by(*inner_, asked);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::vector<ItemId>&fresh = found[2 * r].items, &known = found[2 * r + 1].items;
    slates[r] = certain_slate(woven(fresh, known, shape(requests[r]).kept));
  }
}

void ReservedPlaces::weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  if (what_ == ReservedFor::new_items) return Policy::weigh(requests, slates);
  const std::vector<Slate> certain = others(requests);
  for (std::size_t r = 0; r < requests.size(); ++r) weigh_one(requests[r], certain[r].items, slates[r]);
}

/// Exploration alone; others: what the places that are not kept have to show.
void ReservedPlaces::weigh_one(const PolicyRequest& request, std::span<const ItemId> others, Slate& slate) const {
  const std::size_t kept = shape(request).kept, drawn_from = request.candidates.size() - others.size();
  slate.position_log_propensity.clear();
  slate.position_log_marginal.clear();
  slate.log_propensity = 0;
  std::size_t drawn = 0, next = 0;
  for (std::size_t p = 0; p < slate.items.size(); ++p) {
    double given_above = 0, marginal = 0;
    if (is_kept(p, slate.items.size(), kept)) {
      const bool may_be = !holds(others, slate.items[p]);
      given_above = may_be ? -std::log(static_cast<double>(drawn_from - drawn)) : k_never;
      marginal = may_be ? -std::log(static_cast<double>(drawn_from)) : k_never;
      ++drawn;
    } else {
      given_above = marginal = others[next] == slate.items[p] ? 0.0 : k_never;
      ++next;
    }
    slate.position_log_propensity.push_back(given_above);
    slate.position_log_marginal.push_back(marginal);
    slate.log_propensity += given_above;
  }
}

}  // namespace coldframe
