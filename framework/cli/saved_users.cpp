#include "framework/cli/saved_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "framework/cli/simulation_text.h"

namespace coldframe {
namespace {

double per_page(double clicks, std::uint32_t pages) { return pages == 0 ? 0.0 : clicks / static_cast<double>(pages); }

std::string times(const std::optional<double>& factor) { return factor ? fmt::format("{:.2f} x", *factor) : "-"; }

}  // namespace

std::unique_ptr<SavedUsers> SavedUsers::against_popularity(std::span<const Contestant> contestants) {
  const auto popularity = std::ranges::find(contestants, "popularity", &Contestant::name);
  if (popularity == contestants.end()) return nullptr;
  const auto index = static_cast<std::size_t>(popularity - contestants.begin());
  return std::unique_ptr<SavedUsers>(new SavedUsers(contestants.size(), index));
}

void SavedUsers::add(const ReplayResult& part) {
  std::vector<double> sampled(policies_), closed(policies_);
  for (std::size_t u = 0; u < part.policies.front().users.size(); ++u) {
    for (std::size_t p = 0; p < policies_; ++p) {
      const UserRow& user = part.policies[p].users[u];
      sampled[p] = per_page(user.clicks, user.pages);
      closed[p] = per_page(static_cast<double>(user.expected) * FixedSum::k_unit, user.pages);
    }
    sums_.add(sampled, closed);
  }
}

void SavedUsers::gather(const Group& group) {
  if (group.size() == 1) return;
  const std::vector<std::uint64_t> mine = sums_.state();
  VarianceReduction all(policies_, popularity_);
  for (const std::vector<std::byte>& bytes : all_gather(group, std::as_bytes(std::span(mine)))) {
    std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
    std::memcpy(words.data(), bytes.data(), bytes.size());
    all.merge_state(words);
  }
  sums_ = std::move(all);
}

nlohmann::json saved_json(const ReplayResult& result, const SavedUsers& saved) {
  const auto json = [](const std::optional<double>& factor) {
    return factor ? nlohmann::json(*factor) : nlohmann::json();
  };
  nlohmann::json policies = nlohmann::json::object();
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    const VarianceReduction::Factors factors = saved.factors(p);
    policies[result.policies[p].policy] = {{"pairing", json(factors.pairing)},
                                           {"closed_form", json(factors.closed_form)}};
  }
  return policies;
}

std::string saved_text(const ReplayResult& result, const SavedUsers& saved) {
  const std::size_t width = std::max<std::size_t>(name_width(result), 42);
  std::string text = fmt::format("\n{:<{}}{:>18}{:>18}\n", "users that the same intervals would take,", width,
                                 "other people", "sampled clicks");
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    if (result.policies[p].policy == "popularity") continue;
    const VarianceReduction::Factors factors = saved.factors(p);
    text += fmt::format("{:<{}}{:>18}{:>18}\n", result.policies[p].policy, width, times(factors.pairing),
                        times(factors.closed_form));
  }
  return text;
}

}  // namespace coldframe
