#include "framework/comm/consistency.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using FactMap = std::map<std::string, std::string>;

std::vector<FactMap> gather_facts(const Group& group, const std::vector<RankFact>& facts) {
  nlohmann::json mine = nlohmann::json::object();
  for (const RankFact& fact : facts) mine[fact.name] = fact.value;
  const std::string text = mine.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::vector<FactMap> ranks;
  for (const std::string& theirs : all_gather_text(group, text)) {
    ranks.push_back(nlohmann::json::parse(theirs).get<FactMap>());
  }
  return ranks;
}

std::string ranks_as_text(const Group& group, const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank" : "ranks";
  constexpr std::size_t k_shown = 8;
  for (std::size_t i = 0; i < std::min(ranks.size(), k_shown); ++i) {
    text += fmt::format("{} {} ({})", i == 0 ? "" : ",", ranks[i], group.host_of(ranks[i]));
  }
  if (ranks.size() > k_shown) text += fmt::format(" and {} more", ranks.size() - k_shown);
  return text;
}

/// The rows of one fact, or nothing when all ranks have the same value.
std::string difference(const Group& group, const std::string& name, const std::vector<FactMap>& ranks) {
  std::map<std::string, std::vector<int>> holders;
  for (int r = 0; r < group.size(); ++r) {
    const FactMap& facts = ranks[static_cast<std::size_t>(r)];
    const auto found = facts.find(name);
    holders[found == facts.end() ? "(absent)" : found->second].push_back(r);
  }
  if (holders.size() == 1) return {};
  std::string rows = fmt::format("\n  {}", name);
  for (const auto& [value, who] : holders) rows += fmt::format("\n    {:<40}  {}", value, ranks_as_text(group, who));
  return rows;
}

}  // namespace

std::string compare_facts(const Group& group, const std::vector<RankFact>& facts, Heterogeneity heterogeneity) {
  const std::vector<FactMap> ranks = gather_facts(group, facts);
  FactMap names;
  for (const FactMap& theirs : ranks) names.insert(theirs.begin(), theirs.end());
  std::string table;
  for (const auto& [name, value] : names) table += difference(group, name, ranks);
  if (table.empty() || heterogeneity == Heterogeneity::allowed) return table;
  throw DistributedError(fmt::format("the ranks differ:{}\n", table), "the same bits on every cluster need equal ranks",
                         "use one build, one data file and one kind of node, or pass --allow-heterogeneous");
}

}  // namespace coldframe
