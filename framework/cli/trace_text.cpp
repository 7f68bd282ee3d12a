#include "framework/cli/trace_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr std::size_t k_title = 36;  // bytes of a title that are shown

std::string profile_text(const Profile& profile, const AttributeLaw& law) {
  std::string text;
  for (std::size_t f = 0; f < law.fields().size(); ++f) {
    const std::string& value = profile.attributes.values[f];
    text += fmt::format("{}{} {}", f == 0 ? "" : ", ", law.fields()[f].name, value.empty() ? "(missing)" : value);
  }
  return fmt::format("{}\n{}\n", text, profile.text);
}

/// The first text of an item, cut between characters.
std::string title_of(const EntityTable& items, ItemId item) {
  for (const AttributeColumn& column : items.columns) {
    if (column.kind != AttributeKind::text) continue;
    std::string title = column.cell(item.value());
    std::ranges::replace_if(
        title, [](unsigned char c) { return c < 0x20; }, ' ');
    std::size_t end = std::min(title.size(), k_title);
    while (end > 0 && end < title.size() && (static_cast<unsigned char>(title[end]) & 0xC0) == 0x80) --end;
    return title.substr(0, end);
  }
  return {};
}

/// Behind the line of an item that somebody pays for.
std::string ad_text(const PageRow& row, std::size_t k) {
  if (row.prices.empty() || row.prices[k] == 0) return {};
  return fmt::format("         ad, {:.3f} per click\n", row.prices[k]);
}

class Tracer {
 public:
  explicit Tracer(const TraceSetting& setting)
      : setting_(setting), random_(static_cast<std::uint64_t>(setting.simulation.seed)) {}

  std::string page(const PageRow& row) const {
    const double any = std::accumulate(row.click_probability.begin(), row.click_probability.end(), 0.0);
    const PageDraws draws = draws_of(row);
    std::string text = fmt::format("  session {}, page {}, period {}, time {}: {:.4f} clicks expected", row.session,
                                   row.page, row.period, row.timestamp, any);
    for (const PageDraws::Number& number : draws.page) {
      text += fmt::format(", page draw {} = {:.4f}", number.name, number.value);
    }
    text +=
        fmt::format("\n    {:>3}  {:<12}{:<38}{:>10}{:>10}{:>10}", "pos", "item", "", "log pi", "utility", "P(click)");
    for (const PageDraws::Column& column : draws.positions) text += fmt::format("{:>10}", column.name);
    text += '\n';
    for (std::size_t k = 0; k < row.items.size(); ++k) text += item(row, k, draws);
    return text;
  }

 private:
  PageDraws draws_of(const PageRow& row) const {
    std::vector<std::uint32_t> slots;
    for (const ItemId item : row.items) slots.push_back(static_cast<std::uint32_t>(setting_.items.item_key(item)));
    return setting_.user_model.draws(random_, {UserKey(row.user), row.session, row.page, row.utilities, slots});
  }

  std::string item(const PageRow& row, std::size_t k, const PageDraws& draws) const {
    const ItemId item = row.items[k];
    const bool known = !row.position_log_propensity.empty() && !std::isnan(row.position_log_propensity[k]);
    const std::string propensity = known ? fmt::format("{:.3f}", row.position_log_propensity[k]) : "";
    std::string text =
        fmt::format("    {:>3}  {:<12}{:<38}{:>10}{:>10.3f}{:>10.4f}", k + 1, setting_.items.items.ids[item.value()],
                    title_of(setting_.items.items, item), propensity, row.utilities[k], row.click_probability[k]);
    for (const PageDraws::Column& column : draws.positions) text += fmt::format("{:>10.4f}", column.values.at(k));
    return text + (row.clicks[k] != 0 ? "  CLICK\n" : "\n") + ad_text(row, k);
  }

  const TraceSetting& setting_;
  SimulationRandom random_;
};

/// Before the first page of a session: what the user has in mind, and what is typed.
std::string search_line(const PageRow& row, const SearchLaw* law) {
  if (law == nullptr || row.query == k_no_query || row.page > 0) return {};
  const Query& query = law->queries()[row.query];
  return fmt::format("  searches for {}: \"{}\"\n", law->intents()[law->meaning(query)].value, query.text);
}

std::string answer_text(const Answer& answer, const EntityTable& items) {
  const char* said = answer.kind == AnswerKind::like      ? "likes it"
                     : answer.kind == AnswerKind::dislike ? "does not like it"
                                                          : "does not know it";
  return fmt::format("  asked about {} {}: {}\n", items.ids[answer.item.value()], title_of(items, answer.item), said);
}

}  // namespace

std::string trace_text(const ReplayResult& result, const TraceSetting& setting) {
  const PopulationObservables& observables = setting.population.observables;
  const Tracer tracer(setting);
  std::string text;
  for (const PolicyOutcome& outcome : result.policies) {
    if (text.empty() && !outcome.log.empty()) {
      const PageRow& first = outcome.log.front();
      text = fmt::format("newcomer {}, profile {}: {}", first.user, first.profile,
                         profile_text(observables.pool[first.profile], observables.law));
      const auto given = static_cast<std::size_t>(setting.simulation.given_likes);
      for (const ItemId like : std::span(first.given_likes).first(std::min(given, first.given_likes.size()))) {
        text += fmt::format("likes already: {} {}\n", setting.items.items.ids[like.value()],
                            title_of(setting.items.items, like));
      }
    }
    text += fmt::format("\n{}\n", outcome.policy);
    for (const PageRow& row : outcome.log) {
      for (const Answer& answer : row.answers) text += answer_text(answer, setting.items.items);
      text += search_line(row, setting.search);
      text += tracer.page(row);
    }
  }
  return text + '\n';
}

}  // namespace coldframe
