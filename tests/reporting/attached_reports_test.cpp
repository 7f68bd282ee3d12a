#include "framework/reporting/attached_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using Json = nlohmann::json;

Json estimate(double value, double low, double high) { return {{"value", value}, {"low", low}, {"high", high}}; }

Json table(const std::string& id, Json rows) {
  return {{"id", id}, {"title", "A table"}, {"columns", Json::array()}, {"rows", std::move(rows)}};
}

AttachedReport report(const std::string& name, const std::string& command, Json tables) {
  const std::vector<std::string> runs = {"runs/a/lora/fold-0/seed-1"}, variants = {"lora"};
  return {name,
          name + ".json",
          {{"about", report_about(command, "abc", runs, variants)},
           {"limits", {"few people"}},
           {"tables", std::move(tables)}}};
}

Json attach(const AttachedReport& one) {
  Json page = {{"sentences", Json::array()}, {"limits", Json::array()}, {"tables", Json::array()}};
  attach_reports(page, {&one, 1});
  return page;
}

TEST(AttachedReports, noise_says_what_costs_most_and_how_much_is_claimed) {
  const auto row = [](const char* scorer, const char* kind, double severity, Json loss, const char* verdict) {
    return Json{{"scorer", scorer},        {"kind", kind},      {"severity", severity}, {"shots", 3},
                {"loss", std::move(loss)}, {"verdict", verdict}};
  };
  const Json page =
      attach(report("noise", "robustness",
                    {table("robustness", {row("lora", "typos", 0.1, estimate(0.01, 0.0, 0.02), "undecided"),
                                          row("lora", "truncation", 0.3, estimate(0.05, 0.04, 0.06), "loses"),
                                          row("popularity", "typos", 0.1, estimate(0.5, 0.4, 0.6), "loses")})}));
  EXPECT_THAT(
      page["sentences"],
      ElementsAre(
          "noise, lora: 1 of 2 losses under noise are claimed; most is lost under truncation of severity 0.3 at k = 3: "
          "0.0500 [0.0400, 0.0600]."));
  EXPECT_THAT(page["limits"], ElementsAre("noise: few people"));
  EXPECT_EQ(page["tables"][0]["id"], "noise-robustness");
  EXPECT_EQ(page["tables"][0]["title"], "noise: A table");
}

TEST(AttachedReports, poisoning_says_where_pushed_items_come_and_what_lists_lose) {
  const Json page =
      attach(report("fake", "poisoning",
                    {table("poisoning", {{{"scorer", "lora + item prior"},
                                          {"hits_gain", estimate(0.2, 0.1, 0.3)},
                                          {"pushed", "pushed"},
                                          {"loss", estimate(0.01, -0.01, 0.03)},
                                          {"verdict", "undecided"}},
                                         {{"scorer", "lorax"}, {"loss", estimate(0, 0, 0)}, {"verdict", "loses"}}})}));
  EXPECT_THAT(page["sentences"],
              ElementsAre("fake, lora + item prior: the pushed items gain 0.2000 [0.1000, 0.3000] of the first places "
                          "(pushed); the lists lose 0.0100 [-0.0100, 0.0300] (undecided)."));
}

TEST(AttachedReports, gaps_stand_beside_what_chance_shows) {
  const auto row = [](const char* grouping, double gap, double holm) {
    return Json{{"scorer", "lora"}, {"grouping", grouping}, {"gap", gap}, {"null_95", 0.03},
                {"holm_p", holm},   {"worst", "F"},         {"best", "M"}};
  };
  const Json none{{"scorer", "lora"}, {"grouping", "city"}};
  const Json page =
      attach(report("people", "fairness", {table("gaps", {row("gender", 0.08, 0.01), row("age", 0.02, 0.4), none})}));
  EXPECT_THAT(page["sentences"], ElementsAre("people, lora: by gender the gap between F (least) and M is 0.0800, more "
                                             "than chance (95 % of permuted labels show at "
                                             "most 0.0300; p = 0.010 after Holm).",
                                             "people, lora: by age the gap between F (least) and M is 0.0200, not told "
                                             "from chance (95 % of permuted labels show "
                                             "at most 0.0300; p = 0.400 after Holm)."));
}

}  // namespace
}  // namespace coldframe
