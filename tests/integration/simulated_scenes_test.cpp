// What simulated sessions may hold beside pages: other words, queries, sold places.

#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/core/json.h"
#include "framework/data/dataset_store.h"
#include "framework/reporting/simulation_record.h"
#include "tests/integration/simulated_log_job.h"

namespace coldframe::testing {
namespace {

TEST_F(SimulatedLogTest, words_change_for_those_who_read_them_and_from_their_period_on) {
  const Outcome made =
      run_program(fmt::format("population {} --population.users_per_period=20", settings(60, "words.h5")));
  ASSERT_EQ(made.code, 0) << made.errors;
  const std::string words =
      "--vocabulary_drift.kind=sudden '--vocabulary_drift.user_template={occupation} {gender:M=bloke,F=lady}'";
  const auto lines = [&](int user, const std::string& more) {
    const Outcome one =
        run_program(fmt::format("simulate {} --run {} --simulation.policies=random,item_knn --only-user {} {}",
                                settings(60, "words.h5"), run(), user, more));
    EXPECT_EQ(one.code, 0) << one.errors;
    return one.output;
  };
  const auto line = [](const std::string& output, const std::string& policy) {
    const std::size_t at = output.find("\n" + policy);
    return output.substr(at, output.find('\n', at + 1) - at);
  };
  EXPECT_EQ(lines(15, words), lines(15, "")) << "before the change";
  for (const char* rule : {"recompose", "reencode"}) {
    const std::string same = fmt::format("--evaluation.user_vector={} ", rule);
    bool moved = false;
    for (const int user : {30, 41, 55}) {
      const std::string after = lines(user, same + words), before = lines(user, same);
      EXPECT_EQ(line(after, "random"), line(before, "random"));
      EXPECT_EQ(line(after, "item_knn"), line(before, "item_knn"));
      moved = moved || line(after, "lora") != line(before, "lora");
    }
    EXPECT_TRUE(moved) << rule;
  }
  // The same sentences with synonyms for some of their words.
  write_file_atomically(file("synonyms.csv"), "word,synonym\nman,bloke\nwoman,lady\nyear,summer\n");
  const std::string synonyms =
      fmt::format("--vocabulary_drift.kind=sudden --vocabulary_drift.synonym_share=1 --vocabulary_drift.synonyms={} ",
                  file("synonyms.csv").string());
  EXPECT_EQ(lines(15, synonyms), lines(15, "")) << "before the change";
  for (const char* rule : {"recompose", "reencode"}) {
    const std::string same = fmt::format("--evaluation.user_vector={} ", rule);
    const std::string after = lines(30, same + synonyms), before = lines(30, same);
    EXPECT_EQ(line(after, "item_knn"), line(before, "item_knn"));
    EXPECT_NE(line(after, "lora"), line(before, "lora")) << rule;
  }
  const Outcome told = run_program(fmt::format("simulate {} --run {} --output {} {}", settings(60, "words.h5"), run(),
                                               file("words_sim.h5").string(), synonyms));
  ASSERT_EQ(told.code, 0) << told.errors;
  const nlohmann::json shift = read_simulation_record(file("words_sim.h5")).summary.at("word_shift");
  EXPECT_EQ(shift.at("replaced").at("man"), "bloke");
  EXPECT_GT(shift.at("changed").get<int>(), 0);
  EXPECT_GT(shift.at("words").get<int>(), shift.at("changed").get<int>());

  const std::string broken = fmt::format("simulate {} --run {} --output {} --vocabulary_drift.kind=sudden",
                                         settings(60, "words.h5"), run(), file("w.h5").string());
  expect_refused(run_program(broken), k_config, {"vocabulary_drift.user_template", "is missing"});
  expect_refused(run_program(broken + " '--vocabulary_drift.user_template={nonsense}'"), k_config,
                 {"vocabulary_drift.user_template", "nonsense"});
}

TEST_F(SimulatedLogTest, some_sessions_begin_with_a_query) {
  const std::string search =
      "--search.share=0.5 --search.attribute=genres --search.minimum_items=1 --search.typo_share=0.3";
  const auto simulate = [&](const std::string& launcher, const std::string& rest) {
    return run_command(
        fmt::format("{} {} simulate {} --run {} --simulation.sessions=2 --simulation.oracle_draws=32 "
                    "--simulation.policies=random,popularity,tfidf,match_popularity,oracle,informed_oracle {}",
                    launcher, program_path().string(), settings(60), run(), rest));
  };
  const Outcome one = simulate(
      "", fmt::format("{} --output {} --log {} --log-csv", search, file("s1.h5").string(), file("slogs").string()));
  ASSERT_EQ(one.code, 0) << one.errors;
  const Outcome two = simulate("mpirun -n 2", fmt::format("{} --output {}", search, file("s2.h5").string()));
  ASSERT_EQ(two.code, 0) << two.errors;
  EXPECT_EQ(one.output, two.output);
  EXPECT_THAT(one.output, ::testing::HasSubstr("search sessions"));
  const nlohmann::json summary = read_simulation_record(file("s1.h5")).summary;
  EXPECT_EQ(summary.at("search").at("attribute"), "genres");
  const nlohmann::json pages = summary.at("search_pages");
  const auto rate = [&](const char* policy) {
    return pages.at(policy).at("expected_per_page").at("value").get<double>();
  };
  EXPECT_NEAR(pages.at("oracle").at("pages").get<double>(), 180, 60);
  EXPECT_GT(rate("oracle"), rate("popularity"));
  EXPECT_EQ(pages.at("lora").at("expected_per_page").at("interval").size(), 2u);

  const auto shown = *read_impression_log(file("slogs") / "match_popularity.h5");
  EXPECT_GT(shown.queries.size(), 2u);
  EXPECT_THAT(read_file(file("slogs") / "match_popularity.csv"), ::testing::HasSubstr(",timestamp,query\n"));
  const Outcome asked =
      run_program(fmt::format("offpolicy {} {} --log {} --policy match_popularity --policy tfidf --run {}",
                              settings(60), search, (file("slogs") / "random.h5").string(), run()));
  EXPECT_TRUE(asked.code == 0 || asked.code == 6) << asked.errors;

  std::string traces;
  for (int user = 0; user < 6; ++user) traces += simulate("", fmt::format("{} --trace {}", search, user)).output;
  EXPECT_THAT(traces, ::testing::HasSubstr("searches for "));
  // What nobody reads or searches for moves nothing.
  const auto alone = [&](const std::string& more) { return simulate("", "--only-user 7 " + more).output; };
  const std::string browsing = alone("--search.attribute=genres");
  EXPECT_EQ(alone("--search.attribute=genres --search.share=0 --search.intent_gain=9"), browsing);
}

TEST_F(SimulatedLogTest, searches_that_cannot_be_are_refused) {
  const auto simulate = [&](const std::string& rest) {
    return run_program(fmt::format("simulate {} --output {} --simulation.policies=popularity,match_popularity {}",
                                   settings(8), file("no.h5").string(), rest));
  };
  expect_refused(simulate("--search.share=0.5"), k_config, {"search.attribute", "is missing"});
  expect_refused(simulate("--search.share=1.5 --search.attribute=genres"), k_config, {"search.share"});
  expect_refused(simulate("--search.intent_gain=-1"), k_config, {"search.intent_gain"});
  expect_refused(simulate("--search.share=0.5 --search.attribute=genre"), k_config, {"no such column", "genres"});
  expect_refused(simulate("--search.share=0.5 --search.attribute=title"), k_config, {"no categories"});
  expect_refused(simulate("--search.share=0.5 --search.attribute=genres --search.query_template=film"), k_config,
                 {"search.query_template", "{intent}"});
  expect_refused(simulate("--search.share=0.5 --search.attribute=genres --search.minimum_items=500"), k_config,
                 {"search.minimum_items", "lower it"});
  expect_refused(simulate(""), k_config, {"match_popularity", "search.attribute"});
  EXPECT_FALSE(fs::exists(file("no.h5")));
}

TEST_F(SimulatedLogTest, places_are_sold) {
  const auto simulate = [&](const std::string& launcher, const std::string& rest) {
    return run_command(
        fmt::format("{} {} simulate {} --run {} --ads.positions=1 --ads.inventory=9 --simulation.clicked_items=stay "
                    "--simulation.policies=random,popularity,ads:random:popularity,ads:revenue:popularity,"
                    "ads:optimal:popularity,ads:oracle:popularity,ads:oracle:encoder,ads:price:random,"
                    "ads:optimal:epsilon=0.2:popularity,onboard:popularity:2:ads:oracle:softmax:encoder {}",
                    launcher, program_path().string(), settings(240), run(), rest));
  };
  const auto with_logs = [&](const char* record, const char* logs) {
    return fmt::format("--output {} --log {} --log-csv", file(record).string(), file(logs).string());
  };
  const Outcome one = simulate("", with_logs("ads1.h5", "adlogs"));
  ASSERT_EQ(one.code, 0) << one.errors;
  const Outcome two = simulate("mpirun -n 2", with_logs("ads2.h5", "adlogs2"));
  ASSERT_EQ(two.code, 0) << two.errors;
  EXPECT_EQ(one.output, two.output);
  for (const fs::directory_entry& entry : fs::directory_iterator(file("adlogs"))) {
    EXPECT_EQ(read_file(entry.path()), read_file(file("adlogs2") / entry.path().filename())) << entry.path();
  }
  for (const char* words : {"revenue per 1,000", "clicks lost by ads", "\nads:oracle:lora\n",
                            "\nonboard:popularity:2:ads:oracle:softmax:lora\n"}) {
    EXPECT_THAT(one.output, ::testing::HasSubstr(words));
  }
  const SimulationRecord record = read_simulation_record(file("ads1.h5"));
  EXPECT_EQ(record.find("ads:oracle:popularity")->role, "ceiling");
  EXPECT_EQ(record.find("ads:optimal:popularity")->role, "baseline");
  EXPECT_EQ(record.summary.at("ads").at("inventory").size(), 9u);
  const nlohmann::json results = record.summary.at("ad_results");
  const auto revenue = [&](const char* policy) {
    return results.at(policy).at("expected_revenue_per_1000_pages").at("value").get<double>();
  };
  EXPECT_EQ(revenue("popularity"), 0);
  EXPECT_GE(revenue("ads:oracle:popularity"), revenue("ads:optimal:popularity"));
  EXPECT_GT(revenue("ads:optimal:popularity"), revenue("ads:random:popularity"));
  EXPECT_GT(results.at("ads:optimal:popularity").at("relevance_lost").at("interval").size(), 1u);
  EXPECT_EQ(results.at("ads:oracle:lora").at("places").at(0).at("ads"), 720);
  EXPECT_EQ(results.at("ads:oracle:lora").at("places").at(1).at("ads"), 0);
  EXPECT_EQ(record.find("onboard:popularity:2:ads:oracle:softmax:lora")->role, "ceiling");
  EXPECT_TRUE(record.summary.at("answers").contains("onboard:popularity:2:ads:oracle:softmax:lora"));
  EXPECT_THAT(simulate("", "--trace 3").output, ::testing::HasSubstr(" per click"));

  // Logs say which places were sold, and how probable the others were.
  const ImpressionLog shown = *read_impression_log(file("adlogs") / "ads_optimal_epsilon_0.2_popularity.h5");
  EXPECT_EQ(shown.logging, LoggingKind::stochastic);
  for (std::size_t row = 0; row < shown.size(); ++row) {
    EXPECT_EQ(shown.sold(row), shown.position[row] == 0);
    EXPECT_EQ(std::isnan(shown.log_propensity[row]), shown.sold(row));
  }
  EXPECT_TRUE(read_impression_log(file("adlogs") / "popularity.h5")->price.empty());
  EXPECT_EQ(read_impression_log(file("adlogs") / "ads_random_popularity.h5")->logging, LoggingKind::deterministic);
  const std::string adlog = (file("adlogs") / "ads_optimal_epsilon_0.2_popularity.h5").string();
  const Outcome asked = run_program(fmt::format("offpolicy {} --log {} --policy popularity --output {}", settings(),
                                                adlog, file("adoff.json").string()));
  ASSERT_EQ(asked.code, 0) << asked.errors << asked.output;
  EXPECT_THAT(asked.output, ::testing::HasSubstr("no RIPS: ads above a place"));
  EXPECT_EQ(read_json(file("adoff.json")).at("facts").at("sold_places"), true);
  const Outcome learned = job_->train(0, "adlogged", fmt::format("{} --data.path={}", k_short, adlog));
  EXPECT_EQ(learned.code, 0) << learned.errors;

  const auto refused = [&](const std::string& rest, const std::vector<std::string>& words, int code = k_config) {
    expect_refused(run_program(fmt::format("simulate {} --output {} {}", settings(8), file("no.h5").string(), rest)),
                   code, words);
  };
  const std::string ad = "--simulation.policies=popularity,ads:optimal:popularity ";
  refused(ad, {"no place is sold", "ads.positions"});
  refused("--ads.positions=1", {"no policy shows ads"});
  refused(ad + "--ads.positions=4", {"pages have 3 places"});
  refused(ad + "--ads.positions=1,2,3", {"leave one to the policy"});
  refused(ad + "--ads.positions=2,2", {"2 twice"});
  refused(ad + "--ads.positions=2 --ads.inventory=41", {"the catalogue has 40 items"});
  refused(ad + "--ads.positions=2 --ads.prices=/no/such.csv", {"/no/such.csv"}, k_data);
  expect_refused(run_program(fmt::format("offpolicy {} --log {} --policy ads:optimal:popularity", settings(),
                                         log("random").string())),
                 k_config, {"sold places stay as the log filled them", "ask about popularity"});
}

}  // namespace
}  // namespace coldframe::testing
