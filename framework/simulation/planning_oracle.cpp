#include "framework/simulation/planning_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/detail/outcome_tree.h"

namespace coldframe {
namespace {

using detail::NextSituation;
using detail::OutcomeTree;
using detail::Situation;

/// A page and how probable a policy shows it.
struct WeighedPage {
  double probability = 1;
  std::vector<ItemId> items;
};
using ChoosePages = std::function<std::vector<WeighedPage>(const PolicyRequest&, const Situation&)>;

/// Expected clicks of a policy, page by page with the history that it would see.
class PolicyWalk {
 public:
  PolicyWalk(const OutcomeTree& tree, PolicyRequest request, ChoosePages choose)
      : tree_(tree), request_(std::move(request)), choose_(std::move(choose)) {}

  double total(const Situation& at, const History& history) const {
    PolicyRequest request = request_;
    request.history = &history;
    request.time = at.time;
    request.candidates = at.candidates;
    double sum = 0;
    for (const WeighedPage& page : choose_(request, at)) {
      double clicks = tree_.expected_clicks(at, page.items);
      for (const NextSituation& next : tree_.after(at, page.items)) {
        clicks += next.probability * total(next.situation, longer(history, at.time, page.items, next.clicks));
      }
      sum += page.probability * clicks;
    }
    return sum;
  }

 private:
  static History longer(const History& before, const UserTime& time, const std::vector<ItemId>& items,
                        const std::vector<std::uint8_t>& clicks) {
    History history = before;
    for (std::size_t k = 0; k < items.size(); ++k) {
      if (clicks[k] != 0) history.likes.push_back(items[k]);
    }
    history.shown.push_back({time, {items.begin(), items.end()}, {clicks.begin(), clicks.end()}, nullptr});
    return history;
  }

  const OutcomeTree& tree_;
  PolicyRequest request_;
  ChoosePages choose_;
};

std::vector<WeighedPage> drawn_pages(const Policy& policy, const PolicyRequest& request, std::size_t size) {
  std::vector<Slate> slates;
  detail::for_each_page(request.candidates, size, [&](std::span<const ItemId> page) {
    slates.emplace_back();
    slates.back().items.assign(page.begin(), page.end());
  });
  const std::vector<PolicyRequest> requests(slates.size(), request);
  policy.weigh(requests, slates);
  std::vector<WeighedPage> pages;
  for (Slate& slate : slates) {
    const double probability = std::exp(slate.log_propensity);
    if (probability > 0) pages.push_back({probability, std::move(slate.items)});
  }
  return pages;
}

}  // namespace

PlanningOracle::PlanningOracle(std::string name, const PlanningWorld& world) : name_(std::move(name)), world_(world) {
  const std::size_t items = world.taste->item_count();
  if (items > k_most_items) {
    throw ConfigError(fmt::format("{} over {} items", name_, items),
                      fmt::format("it tries all pages, so at most {} can be looked through", k_most_items),
                      "use oracle, which looks one page ahead");
  }
  const SimulationOptions& options = *world.options;
  if (options.pages > static_cast<std::int64_t>(k_most_pages)) {
    throw ConfigError(fmt::format("simulation.pages = {} with {}", options.pages, name_),
                      fmt::format("it follows all outcomes of at most {} pages", k_most_pages),
                      "use fewer pages, or oracle, which looks one page ahead");
  }
  if (options.sessions > 1) {
    throw ConfigError(fmt::format("simulation.sessions = {} with {}", options.sessions, name_),
                      "the time between sessions is drawn, and cannot be followed", "use one session");
  }
}

void PlanningOracle::rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
                          std::span<Slate> slates) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    OutcomeTree tree(world_);
    const Latents& user = *latents[r];
    const Situation now =
        tree.at(requests[r], user.group(LatentKey()), user.state(LatentKey()), user.utilities(LatentKey()));
    slates[r] = certain_slate(tree.best(now).page);
  }
}

double PlanningOracle::best_total(const PolicyRequest& request, const Latents& latents) const {
  OutcomeTree tree(world_);
  return tree
      .best(tree.at(request, latents.group(LatentKey()), latents.state(LatentKey()), latents.utilities(LatentKey())))
      .total;
}

double PlanningOracle::expected_total(const PolicyRequest& request, const Latents& latents,
                                      const Policy& policy) const {
  const OutcomeTree tree(world_);
  const Situation now =
      tree.at(request, latents.group(LatentKey()), latents.state(LatentKey()), latents.utilities(LatentKey()));
  const auto choose = [&](const PolicyRequest& asked, const Situation& at) -> std::vector<WeighedPage> {
    if (policy.kind() == PolicyKind::stochastic) return drawn_pages(policy, asked, tree.page_size(at));
    Slate slate;
    policy.rank({&asked, 1}, {&slate, 1});
    return {{1.0, std::move(slate.items)}};
  };
  return PolicyWalk(tree, request, choose).total(now, *request.history);
}

double PlanningOracle::expected_total(const PolicyRequest& request, const Latents& latents,
                                      const LatentPolicy& policy) const {
  const OutcomeTree tree(world_);
  const std::uint32_t group = latents.group(LatentKey());
  const std::span<const double> born = latents.state(LatentKey());
  const Situation now = tree.at(request, group, born, latents.utilities(LatentKey()));
  const auto choose = [&](const PolicyRequest& asked, const Situation& at) -> std::vector<WeighedPage> {
    const std::span<const double> state = at.condition.state.empty() ? born : std::span(at.condition.state);
    const Latents current(LatentKey(), group, state, at.utilities);
    const Latents* const now_latents = &current;
    Slate slate;
    policy.rank({&asked, 1}, {&now_latents, 1}, {&slate, 1});
    return {{1.0, std::move(slate.items)}};
  };
  return PolicyWalk(tree, request, choose).total(now, *request.history);
}

}  // namespace coldframe
