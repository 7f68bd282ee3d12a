#include "framework/cli/simulation_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

/// nothing_found: becomes true where the interval of the difference holds 0.
std::string comparison(const PairedBootstrap& rates, std::size_t policy, const AttainableRange& between, double level,
                       bool& nothing_found) {
  const Estimate gain = rates.difference(policy, between.popularity);
  const Estimate range = rates.difference(between.informed_oracle, between.popularity);
  std::string text = "   " + interval_text(gain);
  if (gain.interval && gain.interval->contains(0.0) && gain.standard_error > 0) {
    const double variance = gain.standard_error * gain.standard_error;
    text += fmt::format("  finds {:.4f}", minimum_detectable_effect(variance, 1, 1.0 - level));
    nothing_found = true;
  }
  const bool defined = range.interval && !range.interval->contains(0.0);
  if (defined) text += fmt::format("  {:>5.0f} %", 100 * gain.value / range.value);
  return text;
}

/// How long users stayed, where that is not the same for all: rates per page are means over the pages they stayed for.
std::string pages_text(const nlohmann::json& summary, const ReplayResult& result) {
  const auto users = summary.at("users").get<double>(), most = users * summary.at("pages").get<double>();
  const auto all = [&](const PolicyOutcome& policy) { return static_cast<double>(policy.pages) == most; };
  if (users == 0 || std::ranges::all_of(result.policies, all)) return {};
  const std::size_t width = name_width(result);
  std::string text = fmt::format("\n{:<{}}{:>12}{:>12}\n", "per user", width, "pages", "clicks");
  for (const PolicyOutcome& policy : result.policies) {
    text += fmt::format("{:<{}}{:>12.3f}{:>12.4f}\n", policy.policy, width, static_cast<double>(policy.pages) / users,
                        policy.expected.value() / users);
  }
  return text;
}

/// How good the ceiling is as a ceiling.
std::string ceiling_text(const nlohmann::json& summary) {
  if (!summary.contains("informed_oracle")) return {};
  const nlohmann::json& ceiling = summary.at("informed_oracle");
  return fmt::format("\ninformed oracle: {} pages for {} draws\n", ceiling.at("pages").get<std::string>(),
                     ceiling.at("draws").get<std::int64_t>());
}

/// What newcomers said where they were asked.
std::string answers_text(const nlohmann::json& summary) {
  if (!summary.contains("answers")) return {};
  std::string text = "\nanswers before the first page: like, dislike, don't know\n";
  for (const auto& [policy, counts] : summary.at("answers").items()) {
    const auto like = counts.at("like").get<double>(), dislike = counts.at("dislike").get<double>(),
               unknown = counts.at("unknown").get<double>();
    const double all = like + dislike + unknown;
    text += fmt::format("  {}: {:.0f} %, {:.0f} %, {:.0f} %\n", policy, 100 * like / all, 100 * dislike / all,
                        100 * unknown / all);
  }
  return text;
}

std::string mix_text(const nlohmann::json& summary) {
  if (!summary.contains("mix_shares")) return {};
  std::string text = "\nnewcomers, before the change of the mix and after it\n";
  for (const nlohmann::json& share : summary.at("mix_shares")) {
    text += fmt::format("  {} {}: {:.1f} % -> {:.1f} %\n", share.at("attribute").get<std::string>(),
                        share.at("level").get<std::string>(), 100 * share.at("before").get<double>(),
                        100 * share.at("after").get<double>());
  }
  return text;
}

/// Expected clicks per 100 places, on new items and on the others: all users are new, so the first is the meeting of
/// new users with new items.
std::string new_items_text(const ReplayResult& result) {
  const std::size_t width = name_width(result);
  std::string text = fmt::format("\n{:<{}}{:>18}{:>18}{:>18}\n", "new items", width, "share of places",
                                 "clicks per 100", "on other items");
  const auto rate = [](double clicks, double of) {
    return of == 0 ? std::string("none shown") : fmt::format("{:.3f}", 100 * clicks / of);
  };
  for (const PolicyOutcome& policy : result.policies) {
    const auto shown = static_cast<double>(policy.new_items.shown);
    const double places = std::accumulate(policy.shown.begin(), policy.shown.end(), 0.0);
    const double fresh = policy.new_items.expected.value();
    text +=
        fmt::format("{:<{}}{:>16.2f} %{:>18}{:>18}\n", policy.policy, width, places == 0 ? 0.0 : 100 * shown / places,
                    rate(fresh, shown), rate(policy.expected.value() - fresh, places - shown));
  }
  return text;
}

/// How long new items wait for their first impressions.
std::string waiting_text(const nlohmann::json& summary, const ReplayResult& result) {
  const std::size_t width = name_width(result);
  const auto cell = [](const nlohmann::json& waiting) {
    const nlohmann::json& days = waiting.at("median_days");
    return fmt::format("{} of {}, {}", waiting.at("reached").get<std::size_t>(), waiting.at("items").get<std::size_t>(),
                       days.is_null() ? std::string("-") : fmt::format("{:.2f}", days.get<double>()));
  };
  std::string text = fmt::format("\n{:<{}}", "new items seen k times, median days", std::max<std::size_t>(width, 35));
  const nlohmann::json& policies = summary.at("new_items");
  for (const nlohmann::json& waiting : policies.front().at("waiting")) {
    text += fmt::format("{:>22}", fmt::format("k = {}", waiting.at("k").get<std::size_t>()));
  }
  text += '\n';
  for (const PolicyOutcome& policy : result.policies) {
    text += fmt::format("{:<{}}", policy.policy, std::max<std::size_t>(width, 35));
    for (const nlohmann::json& waiting : policies.at(policy.policy).at("waiting")) {
      text += fmt::format("{:>22}", cell(waiting));
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string interval_text(const Estimate& estimate) {
  if (!estimate.interval) return "undefined";
  return fmt::format("{:+.4f} [{:+.4f}, {:+.4f}]", estimate.value, estimate.interval->low, estimate.interval->high);
}

std::size_t name_width(const ReplayResult& result) {
  std::size_t width = 22;
  for (const PolicyOutcome& policy : result.policies) width = std::max(width, policy.policy.size() + 2);
  return width;
}

SimulatedPolicy simulated_policy(const PolicyOutcome& outcome, const std::string& role) {
  SimulatedPolicy policy;
  policy.name = outcome.policy;
  policy.role = role;
  policy.pages_by_step = outcome.pages_by_step;
  policy.clicks_by_step = outcome.clicks_by_step;
  for (const FixedSum& sum : outcome.expected_by_step) policy.expected_by_step.push_back(sum.value());
  policy.shown = outcome.shown;
  return policy;
}

std::optional<AttainableRange> attainable_range(const ReplayResult& result) {
  const auto place = [&](std::string_view name) {
    const auto found = std::ranges::find(result.policies, name, &PolicyOutcome::policy);
    return static_cast<std::size_t>(found - result.policies.begin());
  };
  const AttainableRange range{place("popularity"), place("informed oracle")};
  if (std::max(range.popularity, range.informed_oracle) == result.policies.size()) return std::nullopt;
  return range;
}

std::string simulation_text(const nlohmann::json& summary, const ReplayResult& result, const PairedBootstrap* rates,
                            double level) {
  const auto changes = summary.at("dynamics").get<std::vector<std::string>>();
  const std::string users =
      changes.empty() ? "stay as they are" : fmt::format("change by {}", fmt::join(changes, ", "));
  const std::optional<AttainableRange> range = attainable_range(result);
  const bool compared = range && rates != nullptr;
  const std::size_t width = name_width(result);
  std::string text = fmt::format(
      "{} newcomers x {} pages, world {}, lambda {}, user model {}, users {}, digest {}\n\n{:<{}}{:>12}{:>12}{}\n",
      summary.at("users").get<std::uint64_t>(), summary.at("pages").get<std::int64_t>(),
      summary.at("world").get<std::string>(), summary.at("lambda").get<double>(),
      summary.at("user_model").get<std::string>(), users, summary.at("digest").get<std::string>(), "", width,
      "clicks/page", "expected", compared ? "   minus popularity (95 %), share of attainable range" : "");
  bool nothing_found = false;
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    const PolicyOutcome& policy = result.policies[p];
    text += fmt::format("{:<{}}{:>12.4f}{:>12.4f}", policy.policy, width, policy.click_rate(), policy.expected_rate());
    if (compared) text += comparison(*rates, p, *range, level, nothing_found);
    text += '\n';
  }
  if (nothing_found) {
    text +=
        "\nfinds: the smallest difference that these users would show with 80 % power, where the interval holds 0\n";
  }
  if (!range) text += "\nintervals need popularity and informed_oracle in simulation.policies\n";
  text += pages_text(summary, result);
  text += ceiling_text(summary);
  text += mix_text(summary);
  if (summary.contains("new_items")) text += new_items_text(result) + waiting_text(summary, result);
  return text + answers_text(summary);
}

std::string user_text(const ReplayResult& result) {
  const std::size_t width = name_width(result);
  std::string text = fmt::format("user {}\n", result.begin);
  for (const PolicyOutcome& outcome : result.policies) {
    text += fmt::format("{:<{}} pages {} clicks {} expected {:.6f} digest {}\n", outcome.policy, width, outcome.pages,
                        outcome.clicks, outcome.expected.value(), outcome.digest.hex());
  }
  return text;
}

}  // namespace coldframe
