#include "framework/simulation/policy_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/simulation/policy_registry.h"

namespace coldframe {
namespace {

constexpr std::string_view k_file = "file:";
constexpr std::string_view k_onboard = "onboard:";
constexpr std::string_view k_ads = "ads:";
constexpr std::size_t k_most_questions = 1000;
constexpr std::string_view k_history_readers[] = {"item_knn",           "ease",           "fold_in", "tfidf", "encoder",
                                                  "encoder_with_prior", "informed_oracle"};

/// Takes `rule:` or `rule=NUMBER:` off the front of `text`. A broken number is a mistake.
std::optional<double> take_rule(std::string_view& text, std::string_view rule, double standard, std::string& mistake) {
  if (!text.starts_with(rule)) return std::nullopt;
  const std::string_view rest = text.substr(rule.size());
  if (rest.starts_with(':')) {
    text = rest.substr(1);
    return standard;
  }
  const std::size_t end = rest.find(':');
  if (!rest.starts_with('=') || end == std::string_view::npos) return std::nullopt;
  double value = 0;
  const std::string_view number = rest.substr(1, end - 1);
  const auto [last, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || last != number.data() + number.size() || !(value > 0) || std::isinf(value)) {
    mistake = fmt::format("({}={} is no number above 0) try {}={}", rule, number, rule, standard);
  }
  text = rest.substr(end + 1);
  return value;
}

/// Takes `onboard:CHOOSER:K:` off the front of `text`.
std::optional<OnboardingName> take_onboarding(std::string_view& text, std::string& mistake) {
  if (!text.starts_with(k_onboard)) return std::nullopt;
  const std::string_view rest = text.substr(k_onboard.size());
  const std::size_t first = rest.find(':');
  const std::size_t second = first == std::string_view::npos ? first : rest.find(':', first + 1);
  if (second == std::string_view::npos) {
    mistake = "(onboard needs a chooser, a number and a policy) try onboard:gain:5:item_knn";
    return OnboardingName{};
  }
  const std::string_view chooser = rest.substr(0, first), number = rest.substr(first + 1, second - first - 1);
  OnboardingName name{std::string(chooser), 0};
  const auto [last, error] = std::from_chars(number.data(), number.data() + number.size(), name.questions);
  const bool whole = error == std::errc() && last == number.data() + number.size();
  if (std::ranges::find(k_question_choosers, chooser) == std::end(k_question_choosers)) {
    mistake =
        fmt::format("(nobody named '{}' chooses questions) use {}", chooser, fmt::join(k_question_choosers, ", "));
  } else if (!whole || name.questions < 1 || name.questions > k_most_questions) {
    mistake = fmt::format("('{}' is no number of questions) use 1 to {}", number, k_most_questions);
  }
  text = rest.substr(second + 1);
  return name;
}

/// Takes `ads:RULE:` off the front of `text`.
std::optional<std::string> take_ads(std::string_view& text, std::string& mistake) {
  if (!text.starts_with(k_ads)) return std::nullopt;
  const std::string_view rest = text.substr(k_ads.size());
  const std::size_t end = rest.find(':');
  if (end == std::string_view::npos) {
    mistake = "(ads needs a rule and a policy) try ads:optimal:popularity";
    return std::string();
  }
  const std::string_view rule = rest.substr(0, end);
  if (std::ranges::find(k_ad_rules, rule) == std::end(k_ad_rules)) {
    mistake = fmt::format("(nobody places ads by '{}') use {}", rule, fmt::join(k_ad_rules, ", "));
  }
  text = rest.substr(end + 1);
  return std::string(rule);
}

/// Takes `bandit_ucb:` off the front of `text`; a bandit without more stays there as the base.
std::string take_bandit(std::string_view& text, std::string& mistake) {
  for (const std::string_view rule : k_bandit_rules) {
    if (!text.starts_with(rule)) continue;
    const std::string_view rest = text.substr(rule.size());
    if (rest.empty()) return std::string(rule);
    if (!rest.starts_with(':')) continue;
    text = rest.substr(1);
    if (text != "encoder") {
      mistake = fmt::format("(a bandit has features of profiles, or of encoder) use {0}, or {0}:encoder", rule);
    }
    return std::string(rule);
  }
  return {};
}

/// Of explore: and fresh:.
std::string reserved_mistake(const PolicyName& name) {
  if (!name.explore && !name.fresh) return {};
  for (const auto& [rule, share] : {std::pair("explore", name.explore), std::pair("fresh", name.fresh)}) {
    if (share && *share > 1) return fmt::format("({}={} is no share) use up to 1", rule, *share);
  }
  if (name.temperature) return "(softmax draws whole pages) use epsilon: with explore: and fresh:, or softmax: alone";
  if (name.base == "random") return "(random draws all places) use it alone, or another policy";
  return {};
}

std::string ads_mistake(const PolicyName& name) {
  if (name.base == "oracle") return "(ads are placed on pages of who knows no latents) try ads:oracle:informed_oracle";
  if (name.explore || name.fresh) {
    return "(places are kept on pages of which none is sold) leave out ads:, or explore: and fresh:";
  }
  return {};
}

bool is_base(std::string_view text, const PolicyRegistry& own) {
  return (text.starts_with(k_file) && text.size() > k_file.size()) || own.find(text) != nullptr ||
         std::ranges::find(k_policy_bases, text) != std::end(k_policy_bases);
}

bool reads_likes(std::string_view base, const PolicyRegistry& own) {
  const PolicyEntry* entry = own.find(base);
  return entry != nullptr ? entry->history == PolicyHistory::read
                          : std::ranges::find(k_history_readers, base) != std::end(k_history_readers);
}

/// Built-in names of a kind, then those of `own` that `belong`.
template <class Belong>
std::string list_of(std::span<const std::string_view> built_in, const PolicyRegistry& own, const Belong& belong) {
  std::vector<std::string> names(built_in.begin(), built_in.end());
  std::ranges::copy_if(own.names(), std::back_inserter(names), belong);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string mistake_of(const PolicyName& name, const PolicyRegistry& own) {
  if (name.epsilon && *name.epsilon > 1) return fmt::format("(epsilon={} is no share) use up to 1", *name.epsilon);
  if (!is_base(name.base, own)) {
    if (name.base.starts_with(k_onboard)) return "(onboard stands first, and once) try onboard:gain:5:softmax:item_knn";
    if (name.base.starts_with(k_ads)) {
      return "(ads stands once, before epsilon and softmax: a page drawn over sold places would have no ads) try "
             "ads:optimal:epsilon:popularity";
    }
    if (name.base.starts_with("explore") || name.base.starts_with("fresh")) {
      return "(explore and fresh stand right before a policy, in this order, and once) try explore=0.2:popularity";
    }
    if (name.base.starts_with("epsilon")) return "(epsilon stands first, and once) try epsilon:softmax:popularity";
    return fmt::format(
        "(unknown policy) use {}, file:PATH, with onboard:, ads:, epsilon:, softmax:, explore: or fresh: before it if "
        "wanted",
        list_of(k_policy_bases, own, [](const std::string&) { return true; }));
  }
  if (name.onboarding && (name.bandit() || !reads_likes(name.base, own))) {
    return fmt::format(
        "(answers would change nothing: {} does not look at what users like) use {}",
        name.bandit() ? name.bandit_rule : name.base,
        list_of(k_history_readers, own, [&](const std::string& base) { return reads_likes(base, own); }));
  }
  if (name.ads) {
    if (const std::string mistake = ads_mistake(name); !mistake.empty()) return mistake;
  }
  if (name.base == "encoder" && name.plain() && !name.onboarding && !name.ads && !name.bandit())
    return "(encoders of runs take part anyway) remove it";
  if (name.base == "oracle" && !name.plain()) return "(who knows latents logs nothing for others) use it alone";
  if (name.bandit_rule == "bandit_thompson" && !name.plain()) {
    return "(how probable its pages are has no closed form) use it alone, or epsilon:bandit_greedy";
  }
  if (const std::string mistake = reserved_mistake(name); !mistake.empty()) return mistake;
  const bool without_scores = name.base == "random" || name.base == "informed_oracle" || name.bandit();
  if (name.temperature && without_scores) return "(it has no scores to draw by) use epsilon:, or another policy";
  return {};
}

}  // namespace

std::string PolicyName::file() const { return base.starts_with(k_file) ? base.substr(k_file.size()) : std::string(); }

std::string PolicyName::without_ads() const {
  if (!ads) return text;
  const std::size_t begin = onboarding ? text.find(k_ads, k_onboard.size()) : 0;
  return text.substr(0, begin) + text.substr(text.find(':', begin + k_ads.size()) + 1);
}

std::string PolicyName::around(std::string_view other_base) const {
  return fmt::format("{}{}", text.substr(0, text.size() - base.size()), other_base);
}

ParsedPolicyName parse_policy_name(std::string_view text, const PolicyRegistry* own) {
  static const PolicyRegistry nobody;
  ParsedPolicyName parsed;
  parsed.name.text = text;
  parsed.name.onboarding = take_onboarding(text, parsed.mistake);
  parsed.name.ads = take_ads(text, parsed.mistake);
  parsed.name.epsilon = take_rule(text, "epsilon", 0.1, parsed.mistake);
  parsed.name.temperature = take_rule(text, "softmax", 1.0, parsed.mistake);
  parsed.name.explore = take_rule(text, "explore", 0.1, parsed.mistake);
  parsed.name.fresh = take_rule(text, "fresh", 0.1, parsed.mistake);
  parsed.name.bandit_rule = take_bandit(text, parsed.mistake);
  parsed.name.base = text;
  if (parsed.mistake.empty()) parsed.mistake = mistake_of(parsed.name, own == nullptr ? nobody : *own);
  return parsed;
}

PolicyName policy_named(std::string_view text, std::string_view where, const PolicyRegistry* own) {
  ParsedPolicyName parsed = parse_policy_name(text, own);
  if (parsed.mistake.empty()) return std::move(parsed.name);
  // The mistake is "(why) suggestion" already.
  throw ConfigError(fmt::format("{} = {} {}", where, text, parsed.mistake));
}

}  // namespace coldframe
