#include "framework/cli/reranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "framework/core/error.h"
#include "framework/evaluation/item_fairness.h"

namespace coldframe {
namespace {

double value_of(MetricCut utility, const std::vector<ItemId>& list, std::span<const ItemId> targets) {
  std::vector<std::uint8_t> relevant;
  for (const ItemId item : list) relevant.push_back(std::ranges::find(targets, item) != targets.end() ? 1 : 0);
  return value_at(utility, {relevant, targets.size()});
}

constexpr double k_all_first = std::numeric_limits<double>::max();

[[noreturn]] void refuse(const ExposureChoice& choice, double most, const char* where) {
  throw ConfigError(
      fmt::format("exposure_share = {}", choice.share),
      fmt::format("the items \"{}\" can have {:.4f} of the attention{} at most", choice.group, most, where),
      "lower it, or name more items");
}

ExposureBonuses one_bonus(std::span<const SplitList> lists, std::span<const double> attention,
                          const ExposureChoice& choice) {
  const auto bonus = smallest_boost(lists, attention, choice.share);
  if (!bonus) refuse(choice, boosted_exposure(lists, k_all_first, attention).share, "");
  return {std::vector<double>(lists.size(), *bonus), *bonus, {}};
}

ExposureBonuses own_bonuses(std::span<const SplitList> lists, std::span<const double> attention,
                            const ExposureChoice& choice) {
  ExposureBonuses bonuses;
  double most = 0;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const auto bonus = smallest_boost(lists.subspan(i, 1), attention, choice.share);
    bonuses.of_list.push_back(bonus.value_or(k_all_first));
    if (bonus) {
      bonuses.largest = std::max(bonuses.largest, *bonus);
    } else {
      bonuses.out_of_reach.push_back(i);
      most = std::max(most, boosted_exposure(lists.subspan(i, 1), k_all_first, attention).share);
    }
  }
  if (!lists.empty() && bonuses.out_of_reach.size() == lists.size()) refuse(choice, most, " of any list");
  return bonuses;
}

}  // namespace

void ExposureChoice::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "exposure_group",
       .doc = "items that are to be seen more, by re-ranking: tail, cold or COLUMN=VALUE; empty: lists as they are"},
      group);
  visitor.visit({.name = "exposure_share",
                 .doc = "share of the attention of all places that they get at least",
                 .minimum = 0,
                 .maximum = 1},
                share);
  visitor.visit({.name = "exposure_rule",
                 .doc = "whether all lists together reach the share, or every list by itself",
                 .choices = {"amortised", "list"}},
                rule);
}

std::vector<Problem> ExposureChoice::problems() const {
  if (active() && share == 0) return {{"exposure_share", "(is missing) give the share of attention, for example 0.3"}};
  if (!active() && share > 0) return {{"exposure_group", "(is missing) name the items: tail, cold or COLUMN=VALUE"}};
  return {};
}

ExposureBonuses exposure_bonuses(std::span<const SplitList> lists, std::span<const double> attention,
                                 const ExposureChoice& choice) {
  return choice.rule == "list" ? own_bonuses(lists, attention, choice) : one_bonus(lists, attention, choice);
}

ExposedLists serve_exposed(const OpenedRun& run, NewcomerScorer& scorer, std::size_t shots, MetricCut utility,
                           std::size_t length, std::span<const ItemId> items, const ExposureChoice& choice) {
  ListSplitter splitter(run.items(), tie_break(run.experiment(), run.data()), items);
  const std::size_t places = std::max(length, utility.k);
  std::vector<float> scores(run.items());
  std::vector<SplitList> lists;
  for (const HeldOutUser& newcomer : run.newcomers().users()) {
    const NewcomerQuery query{newcomer.user, newcomer.key, newcomer.support.first(shots)};
    scorer.score({&query, 1}, scores);
    lists.push_back(splitter.split(newcomer.key, scores, newcomer.masked, places));
  }
  const ExposureBonuses bonuses = exposure_bonuses(lists, logarithmic_attention(length), choice);
  ExposedLists found{{}, bonuses.largest, bonuses.out_of_reach.size()};
  for (std::size_t u = 0; u < lists.size(); ++u) {
    std::vector<ItemId> list = boosted_list(lists[u], bonuses.of_list[u], places);
    found.served.utility.push_back(value_of(utility, list, run.newcomers().users()[u].targets));
    list.resize(std::min(list.size(), length));
    found.served.slates.push_back(std::move(list));
  }
  return found;
}

}  // namespace coldframe
