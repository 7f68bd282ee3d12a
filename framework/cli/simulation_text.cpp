#include "framework/cli/simulation_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

std::string interval_text(const Estimate& estimate) {
  if (!estimate.interval) return "undefined";
  return fmt::format("{:+.4f} [{:+.4f}, {:+.4f}]", estimate.value, estimate.interval->low, estimate.interval->high);
}

/// Columns: this policy, popularity, informed oracle, per user.
PairedBootstrap paired(const SimulatedPolicy& policy, const SimulatedPolicy& popularity, const SimulatedPolicy& ceiling,
                       const BootstrapOptions& options) {
  PairedBootstrap pairs(3, options);
  for (std::size_t u = 0; u < policy.users.size(); ++u) {
    const double values[] = {policy.expected_rate(u), popularity.expected_rate(u), ceiling.expected_rate(u)};
    pairs.add(UserKey(policy.users[u]), values);
  }
  return pairs;
}

/// Of the column of names: they can be long, as "epsilon=0.3:softmax:attribute_popularity".
std::size_t name_width(const SimulationRecord& record) {
  std::size_t width = 22;
  for (const SimulatedPolicy& policy : record.policies) width = std::max(width, policy.name.size() + 2);
  return width;
}

}  // namespace

SimulatedPolicy simulated_policy(const PolicyOutcome& outcome, const std::string& role) {
  SimulatedPolicy policy;
  policy.name = outcome.policy;
  policy.role = role;
  for (const UserRow& row : outcome.users) {
    policy.users.push_back(row.user);
    policy.pages.push_back(row.pages);
    policy.clicks.push_back(row.clicks);
    policy.expected.push_back(static_cast<double>(row.expected) * FixedSum::k_unit);
  }
  policy.pages_by_step = outcome.pages_by_step;
  policy.clicks_by_step = outcome.clicks_by_step;
  for (const FixedSum& sum : outcome.expected_by_step) policy.expected_by_step.push_back(sum.value());
  policy.shown = outcome.shown;
  return policy;
}

double expected_per_page(const SimulatedPolicy& policy) {
  const double expected = std::accumulate(policy.expected.begin(), policy.expected.end(), 0.0);
  const double pages = std::accumulate(policy.pages.begin(), policy.pages.end(), 0.0);
  return pages == 0 ? 0.0 : expected / pages;
}

std::string simulation_text(const SimulationRecord& record, const BootstrapOptions& bootstrap) {
  const nlohmann::json& summary = record.summary;
  const auto changes = summary.at("dynamics").get<std::vector<std::string>>();
  const std::string users = changes.empty() ? "stay as they are" : fmt::format("change by {}", fmt::join(changes, ", "));
  const std::size_t width = name_width(record);
  std::string text = fmt::format("{} newcomers x {} pages, world {}, lambda {}, user model {}, users {}, digest {}\n\n{:<{}}{:>12}{:>12}   {}\n",
                                 summary.at("users").get<std::uint64_t>(), summary.at("pages").get<std::int64_t>(),
                                 summary.at("world").get<std::string>(), summary.at("lambda").get<double>(),
                                 summary.at("user_model").get<std::string>(), users, summary.at("digest").get<std::string>(), "", width,
                                 "clicks/page", "expected", "minus popularity (95 %), share of attainable range");
  const SimulatedPolicy *popularity = record.find("popularity"), *ceiling = record.find("informed oracle");
  bool nothing_found = false;
  for (const SimulatedPolicy& policy : record.policies) {
    const double clicks = std::accumulate(policy.clicks.begin(), policy.clicks.end(), 0.0);
    const double pages = std::accumulate(policy.pages.begin(), policy.pages.end(), 0.0);
    text += fmt::format("{:<{}}{:>12.4f}{:>12.4f}", policy.name, width, pages == 0 ? 0.0 : clicks / pages, expected_per_page(policy));
    if (popularity != nullptr && ceiling != nullptr) {
      const PairedBootstrap pairs = paired(policy, *popularity, *ceiling, bootstrap);
      const Estimate gain = pairs.difference(0, 1), range = pairs.difference(2, 1);
      text += fmt::format("   {}", interval_text(gain));
      if (gain.interval && gain.interval->contains(0.0) && gain.standard_error > 0) {
        const double variance = gain.standard_error * gain.standard_error;
        text += fmt::format("  finds {:.4f}", minimum_detectable_effect(variance, 1, 1.0 - bootstrap.level));
        nothing_found = true;
      }
      const bool defined = range.interval && !range.interval->contains(0.0);
      if (defined) text += fmt::format("  {:>5.0f} %", 100 * gain.value / range.value);
    }
    text += '\n';
  }
  if (nothing_found) {
    text += "\nfinds: the smallest difference that these users would show with 80 % power, where the interval holds 0\n";
  }
  return text;
}

std::string user_text(const ReplayResult& result) {
  std::string text = fmt::format("user {}\n", result.begin);
  for (const PolicyOutcome& outcome : result.policies) {
    text += fmt::format("{:<22} pages {} clicks {} expected {:.6f} digest {}\n", outcome.policy, outcome.pages, outcome.clicks,
                        outcome.expected.value(), outcome.digest.hex());
  }
  return text;
}

}  // namespace coldframe
