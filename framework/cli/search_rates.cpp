#include "framework/cli/search_rates.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/cli/simulated_rows.h"
#include "framework/cli/simulation_text.h"

namespace coldframe {
namespace {

std::string per_page(double clicks, std::uint64_t pages) {
  return pages == 0 ? std::string("no page") : fmt::format("{:.4f}", clicks / static_cast<double>(pages));
}

}  // namespace

SearchRates::SearchRates(std::size_t policies, const BootstrapOptions& options)
    : policies_(policies), options_(options), sums_(2 * policies, options) {}

void SearchRates::add(const ReplayResult& part) {
  std::vector<double> values(2 * policies_);
  for (std::size_t u = 0; u < part.policies.front().searches.size(); ++u) {
    for (std::size_t p = 0; p < policies_; ++p) {
      const UserSearches& user = part.policies[p].searches[u];
      values[pages(p)] = user.pages;
      values[expected(p)] = static_cast<double>(user.expected) * FixedSum::k_unit;
    }
    sums_.add(UserKey(part.policies.front().searches[u].user), values);
  }
}

void SearchRates::gather(const Group& group) { sums_ = over_ranks(group, sums_, {2 * policies_, options_}); }

Estimate SearchRates::rate(std::size_t policy) const { return sums_.ratio(expected(policy), pages(policy)); }

Estimate SearchRates::difference(std::size_t a, std::size_t b) const {
  return sums_.ratio_difference({expected(a), pages(a)}, {expected(b), pages(b)});
}

std::string search_text(const ReplayResult& result, const SearchRates* rates) {
  const std::size_t width = name_width(result);
  const auto popularity = static_cast<std::size_t>(
      std::ranges::find(result.policies, "popularity", &PolicyOutcome::policy) - result.policies.begin());
  const bool compared = rates != nullptr && popularity < result.policies.size();
  std::string text = fmt::format("\n{:<{}}{:>12}{:>12}{:>12}{:>12}{}\n", "search sessions", width, "of pages",
                                 "clicks/page", "expected", "browsing", compared ? "   minus popularity (95 %)" : "");
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    const PolicyOutcome& policy = result.policies[p];
    const SearchCounts& search = policy.search;
    const double share =
        policy.pages == 0 ? 0.0 : static_cast<double>(search.pages) / static_cast<double>(policy.pages);
    text += fmt::format("{:<{}}{:>10.1f} %{:>12}{:>12}{:>12}", policy.policy, width, 100 * share,
                        per_page(static_cast<double>(search.clicks), search.pages),
                        per_page(search.expected.value(), search.pages),
                        per_page(policy.expected.value() - search.expected.value(), policy.pages - search.pages));
    if (compared) text += fmt::format("   {}", interval_text(rates->difference(p, popularity)));
    text += '\n';
  }
  return text;
}

}  // namespace coldframe
