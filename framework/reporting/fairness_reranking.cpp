#include "framework/reporting/fairness_reranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/evaluation/item_fairness.h"
#include "framework/evaluation/significance.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

const ServedScorer& scorer_named(const FairnessInput& input, const std::string& name) {
  const auto found = std::ranges::find(input.scorers, name, &ServedScorer::name);
  if (found == input.scorers.end()) throw DataError(fmt::format("nobody served by {}", name));
  return *found;
}

/// Attention of the group's places in the list of one user, and of all its places.
std::array<double, 2> attention_of(const std::vector<ItemId>& slate, const std::vector<std::uint8_t>& in_group,
                                   const std::vector<double>& attention) {
  std::array<double, 2> sums{};
  for (std::size_t place = 0; place < std::min(slate.size(), attention.size()); ++place) {
    if (in_group[slate[place].value()] != 0) sums[0] += attention[place];
    sums[1] += attention[place];
  }
  return sums;
}

Json row_of(const FairnessInput& input, const FairnessRules& rules, const Reranking& reranking,
            std::vector<double>& losses) {
  const ServedScorer &plain = scorer_named(input, reranking.against), &bound = scorer_named(input, reranking.scorer);
  std::vector<std::uint8_t> in_group(input.train_counts.size(), 0);
  for (const ItemId item : reranking.items) in_group[item.value()] = 1;
  const std::vector<double> attention = logarithmic_attention(input.slate_length);
  PairedBootstrap bootstrap(6, rules.bootstrap);
  for (std::size_t u = 0; u < input.users.size(); ++u) {
    const auto before = attention_of(plain.slates[u], in_group, attention);
    const auto after = attention_of(bound.slates[u], in_group, attention);
    const double values[] = {before[0], before[1], after[0], after[1], plain.utility[u], bound.utility[u]};
    bootstrap.add(input.users[u], values);
    losses.push_back(plain.utility[u] - bound.utility[u]);
  }
  return {{"scorer", reranking.scorer},
          {"item_group", reranking.group},
          {"items", reranking.items.size()},
          {"asked", reranking.share},
          {"before", to_json(bootstrap.ratio(0, 1))},
          {"after", to_json(bootstrap.ratio(2, 3))},
          {"bonus", reranking.bonus},
          {"out_of_reach", reranking.out_of_reach},
          {"mean", to_json(bootstrap.mean(5))},
          {"loss", to_json(bootstrap.difference(4, 5))}};
}

}  // namespace

void append_reranking_table(const FairnessInput& input, const FairnessRules& rules, Json& tables) {
  if (input.rerankings.empty()) return;
  TableBuilder table(
      "reranking", fmt::format("Exposure by re-ranking, top {}, k = {}", input.slate_length, input.shots),
      fmt::format("asked, before, after: share of the attention of places that the items get; bonus: the largest on "
                  "their scores; out of reach: users whose own list cannot give the share and holds all it can; loss: "
                  "{} before - after, paired by user, Holm over this table; gaps between users "
                  "under the same lists stand in the table of gaps",
                  input.utility_name));
  table.column("scorer", "scorer").column("item_group", "items").column("items", "how many").column("asked", "asked");
  table.column("before", "before").column("after", "after").column("bonus", "bonus");
  table.column("out_of_reach", "out of reach").column("mean", "mean");
  table.column("loss", "loss").column("p", "p").column("holm_p", "Holm p");
  std::vector<Json> rows;
  std::vector<double> p_values;
  for (const Reranking& reranking : input.rerankings) {
    std::vector<double> losses;
    rows.push_back(row_of(input, rules, reranking, losses));
    p_values.push_back(sign_flip_p_value(input.users, losses, {rules.permutations, rules.bootstrap.seed}));
    rows.back()["p"] = p_values.back();
  }
  const std::vector<double> holm = holm_adjusted(p_values);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r]["holm_p"] = holm[r];
    table.row(std::move(rows[r]));
  }
  tables.push_back(table.take());
}

}  // namespace coldframe
