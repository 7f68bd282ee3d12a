#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/evaluation/groups.h"
#include "framework/evaluation/slate_fairness.h"

namespace coldframe {

/// What one scorer showed to the same users.
struct ServedScorer {
  std::string name;
  std::string role;                         // "strategy", "baseline", "floor", "reranked"
  std::vector<double> utility;              // [users]
  std::vector<std::vector<ItemId>> slates;  // [users]
  bool with_prior = false;                  // scores of a strategy hold the item prior
};

/// A scorer whose lists give a group of items a share of exposure, beside the same scorer without.
struct Reranking {
  std::string scorer, against;  // names of scorers
  std::string group;
  std::vector<ItemId> items;  // of the group
  double share = 0;           // asked for
  double bonus = 0;           // on the scores of the items, the largest of all lists
  std::size_t out_of_reach = 0;  // users whose list cannot give the share: it holds all these items first
};

/// Everything that fairness at one k is measured from.
struct FairnessInput {
  std::string utility_name;  // "ndcg@10"
  std::size_t shots = 0;
  std::size_t slate_length = 10;
  std::vector<UserKey> users;
  std::vector<std::uint64_t> history_lengths;  // [users] all likes: the strata of the nulls
  std::vector<std::vector<ItemId>> targets;    // [users]
  std::vector<std::size_t> candidates;         // [users] items that could have been shown
  std::vector<Groups> groups;
  ItemGroups item_groups;                   // no labels: none asked for
  std::vector<std::uint64_t> train_counts;  // [I]
  std::vector<UserKey> item_keys;           // [I]
  std::vector<ServedScorer> scorers;
  std::vector<Reranking> rerankings;
  std::size_t folds = 1;  // how many the newcomers come from
};

struct FairnessRules {
  GroupSizes sizes;
  BootstrapOptions bootstrap;
  std::size_t permutations = 1000;
  std::size_t history_strata = 4;
  std::size_t popularity_strata = 10;
  double alpha = 0.05;
};

/// The tables `groups`, `gaps`, `gap-differences` (strategies against every baseline, and against each other: those with
/// the item prior, and those without), `parity`, `items`,
/// `item-association` and `reranking`, in the form of report.h, with `facts` and `limits`: what cannot be concluded, and why.
nlohmann::json fairness_report(const FairnessInput& input, const FairnessRules& rules);

/// Tables and limits for a terminal.
std::string fairness_text(const nlohmann::json& report);

}  // namespace coldframe
