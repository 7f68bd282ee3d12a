#include "framework/cli/click_tables.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

/// One of the laws that were not refused.
bool judged(const ClickLawJudgement& law) { return law.refused.empty(); }

Json number(double value) { return std::isnan(value) ? Json("n/a") : Json(value); }

std::string parameters_text(const ClickLawJudgement& law) {
  std::string text;
  for (const FittedParameter& parameter : law.parameters) {
    text += fmt::format("{}{} {:.3g} +- {:.2g}", text.empty() ? "" : ", ", parameter.name, parameter.value,
                        parameter.standard_error);
  }
  return text;
}

std::string compared(const Estimate& difference) {
  if (!difference.interval) return "undecided";
  if (difference.interval->high < 0) return "worse";
  return difference.interval->low > 0 ? "better" : "not told apart";
}

std::string said_of(const ClickLawJudgement& law, const std::string& best) {
  if (!judged(law)) return "refused: see below";
  if (law.law == best) return "best fit of the first half";
  return best.empty() ? "" : compared(law.over_best);
}

Json laws_table(const ClickFacts& facts) {
  const ClickRealism& clicks = facts.clicks;
  TableBuilder table(
      "click_laws", "Which law of clicks do the pages of the log follow?",
      fmt::format(
          "Fitted to {} users, judged on {} others; utilities: {}. {:.0f} % intervals over users, differences paired. "
          "Perplexity: mean over positions of 2^(-mean log2 P(click or none | clicks above)); plain: without the "
          "clicks "
          "above. Calibration error of P(click), and what 95 % of redraws of the law stay below",
          clicks.fitted_users, clicks.judged_users, facts.used_utilities, 100 * facts.level));
  table.column("law", "").column("log_likelihood", "log p/page").column("over_positions", "- rates by position");
  table.column("over_best", clicks.best.empty() ? "- best" : "- " + clicks.best);
  table.column("perplexity", "perplexity").column("plain", "plain").column("calibration", "ECE");
  table.column("calibration_chance", "by chance").column("said", "").column("parameters", "fitted");
  for (const ClickLawJudgement& law : clicks.laws) {
    Json row = {{"law", law.law}, {"said", said_of(law, clicks.best)}};
    if (judged(law)) {
      row["log_likelihood"] = to_json(law.log_likelihood);
      row["over_positions"] = law.law == "rates by position" ? Json() : to_json(law.over_positions);
      row["over_best"] = law.law == clicks.best || clicks.best.empty() ? Json() : to_json(law.over_best);
      row["perplexity"] = number(law.mean_perplexity);
      row["plain"] = number(law.plain_perplexity);
      row["calibration"] = law.calibration.value;
      row["calibration_chance"] = law.calibration.by_chance;
      row["parameters"] = parameters_text(law);
    }
    table.row(std::move(row));
  }
  return table.take();
}

/// A table with a row per position and a column per law; `values` of a law may be empty.
template <class Values>
Json by_position(TableBuilder table, const ClickRealism& clicks, bool with_log, const Values& values) {
  table.column("position", "position").column("pages", "pages");
  if (with_log) table.column("log", "log");
  for (const ClickLawJudgement& law : clicks.laws) {
    if (judged(law)) table.column(law.law, law.law);
  }
  for (std::size_t k = 0; k < clicks.pages_at.size(); ++k) {
    Json row = {{"position", k + 1}, {"pages", clicks.pages_at[k]}};
    if (with_log) row["log"] = clicks.click_rate[k];
    for (const ClickLawJudgement& law : clicks.laws) {
      if (!judged(law)) continue;
      const std::vector<double>& numbers = values(law);
      row[law.law] = numbers.empty() ? Json("n/a") : Json(numbers[k]);
    }
    table.row(std::move(row));
  }
  return table.take();
}

Json counts_table(const ClickFacts& facts) {
  TableBuilder table(
      "click_counts", "How many clicks have pages and sessions?",
      "Kolmogorov-Smirnov distance of the log from each law, and what 95 % of its redraws stay below. Sessions "
      "beyond it: clicks of a user belong together more than utilities explain");
  table.column("law", "").column("page", "clicks/page").column("page_chance", "by chance");
  table.column("session", "clicks/session").column("session_chance", "by chance");
  for (const ClickLawJudgement& law : facts.clicks.laws) {
    if (!judged(law)) continue;
    table.row({{"law", law.law},
               {"page", law.page_clicks.value},
               {"page_chance", law.page_clicks.by_chance},
               {"session", law.session_clicks.value},
               {"session_chance", law.session_clicks.by_chance}});
  }
  return table.take();
}

Json sessions_table(const SessionLengths& sessions) {
  TableBuilder table("click_sessions", "How long are sessions?",
                     "Pages per session beside simulation.leave_probability and simulation.pages");
  table.column("said", "").column("log", "mean of the log").column("law", "of the law");
  table.column("distance", "KS distance").column("chance", "by chance");
  if (!sessions.unknown.empty()) {
    table.row({{"said", sessions.unknown}});
    return table.take();
  }
  table.row({{"said", sessions.distance.value > sessions.distance.by_chance ? "differs" : "not told apart"},
             {"log", sessions.log_mean},
             {"law", sessions.law_mean},
             {"distance", sessions.distance.value},
             {"chance", sessions.distance.by_chance}});
  return table.take();
}

Json utilities_table(const ClickFacts& facts) {
  TableBuilder table(
      "click_utilities", "Whose utilities explain the clicks?",
      fmt::format(
          "User model {} fitted and judged as above with utilities from elsewhere: the same for everybody by "
          "popularity in W; of a world, given attributes and the likes before the first page; last row: a wrong "
          "world, whose items exchanged names with others as popular",
          facts.clicks.best));
  table.column("utilities", "").column("log_likelihood", "log p/page").column("over_popularity", "- popularity");
  table.column("said", "");
  for (std::size_t at = 0; at < facts.utilities.size(); ++at) {
    const UtilityJudgement& row = facts.utilities[at];
    if (!row.refused.empty()) {
      table.row({{"utilities", row.utilities}, {"said", "refused: " + row.refused}});
      continue;
    }
    const bool compares = at > 0 && facts.utilities.front().refused.empty();
    table.row({{"utilities", row.utilities},
               {"log_likelihood", to_json(row.log_likelihood)},
               {"over_popularity", compares ? to_json(row.over_first) : Json()},
               {"said", compares ? compared(row.over_first) : ""}});
  }
  return table.take();
}

}  // namespace

std::vector<nlohmann::json> click_tables(const ClickFacts& facts) {
  const ClickRealism& clicks = facts.clicks;
  std::vector<Json> tables = {laws_table(facts)};
  tables.push_back(by_position(TableBuilder("click_positions", "Clicks by position",
                                            "Share of the pages that have the position; laws: expected"),
                               clicks, true, [](const ClickLawJudgement& law) { return law.click_rate; }));
  tables.push_back(by_position(
      TableBuilder(
          "click_perplexity", "Perplexity by position",
          "2^(-mean log2 P(click or none | clicks above)): 1 is certain and right, 2 a coin; n/a: more outcomes of a "
          "page than can be added up"),
      clicks, false, [](const ClickLawJudgement& law) { return law.perplexity; }));
  tables.push_back(counts_table(facts));
  tables.push_back(sessions_table(facts.sessions));
  if (!facts.utilities.empty()) tables.push_back(utilities_table(facts));
  return tables;
}

}  // namespace coldframe
