// `robustness` and `fairness` through the program itself: no noise loses nothing, the same noise on any threads, what
// they refuse, and that they leave a run as it was.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/hash.h"
#include "framework/core/json.h"
#include "framework/reporting/run_record.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class NoiseAndGroupsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Outcome outcome = job_.train(0, "runs", "--config " + job_.short_config().string());
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    run_ = job_.run("runs", "lora").string();
    const Outcome evaluated = run_program("evaluate --run " + run_);
    ASSERT_EQ(evaluated.code, 0) << evaluated.errors;
    record_ = sha256_file(run_ + "/run.h5");
  }
  void TearDown() override { EXPECT_EQ(sha256_file(run_ + "/run.h5"), record_) << "the run must stay as it was"; }

  std::string path(const std::string& name) const { return (job_.folder() / name).string(); }
  Json robustness(const std::string& name, const std::string& arguments) const {
    const Outcome outcome = run_program(fmt::format("robustness --run {} --output {} {}", run_, path(name), arguments));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return read_json(path(name));
  }
  static Json rows_of(const Json& report, const std::string& kind) {
    Json rows = Json::array();
    for (const Json& row : report["tables"][0]["rows"]) {
      if (row["kind"] == kind) rows.push_back(row);
    }
    return rows;
  }

  TrainingJob job_;
  std::string run_, record_;
};

TEST_F(NoiseAndGroupsTest, severity_zero_loses_nothing_and_severity_one_changes_every_text) {
  const Json report =
      robustness("zero.json",
                 "--noise typos --noise missing_fields --noise shuffled_history --noise shortened_history "
                 "--severity 0,1 --draws 3 --shots 0,3");
  std::size_t zeros = 0, random_rows = 0;
  for (const Json& row : report["tables"][0]["rows"]) {
    if (row["severity"] == 0.0) {
      ++zeros;
      EXPECT_EQ(row["changed"], 0.0);
      EXPECT_EQ(row["loss"]["value"], 0.0);
      EXPECT_EQ(row["worst"], row["clean"]);
      EXPECT_EQ(row["jaccard"], 1.0);
      EXPECT_NEAR(row["rbo"].get<double>(), 1.0, 1e-12);
    } else if (row["kind"] == "typos" || row["kind"] == "missing_fields") {
      ++random_rows;
      EXPECT_EQ(row["changed"], 1.0) << row;
      EXPECT_EQ(row["draws"], 3);
    }
    EXPECT_EQ(row["verdict"], "too few") << "12 people carry no claim";
    if (row["shots"] == 0) {
      EXPECT_EQ(row["kind"].get<std::string>().find("history"), std::string::npos);
    }
  }
  // Two scorers; typos and missing fields at two k, histories at one.
  EXPECT_EQ(zeros, 2u * (2 * 2 + 2));
  EXPECT_EQ(random_rows, 2u * 2 * 2);
  const Json forgotten = rows_of(report, "shortened_history");
  EXPECT_EQ(forgotten[0]["draws"], 1) << "it knows no chance";
  EXPECT_THAT(read_file(path("zero-robustness.csv")), HasSubstr("loss,loss_low,loss_high"));
}

TEST_F(NoiseAndGroupsTest, typos_below_the_certified_radius_change_no_list) {
  const Json report = robustness("radius.json", "--noise casing --severity 0 --draws 1 --shots 0,3 --typo_users 4");
  const Json& rows = report["tables"][2]["rows"];
  ASSERT_EQ(rows.size(), 4u) << "two scorers at two k";
  for (const Json& row : rows) {
    EXPECT_GE(row["set_smallest"].get<double>(), 0.0);
    EXPECT_LE(row["set_05"].get<double>(), row["set_95"].get<double>());
    EXPECT_LE(row["order_50"].get<double>(), row["set_50"].get<double>());
    if (row["shots"] != 0) {
      EXPECT_FALSE(row.contains("typos"));
      continue;
    }
    EXPECT_EQ(row["typo_users"], 4);
    EXPECT_GT(row["typos"].get<int>(), 400) << "some 12 at each of a profile's letters";
    EXPECT_LE(row["change"]["value"].get<double>(), row["reach"]["value"].get<double>());
    EXPECT_GE(row["worst_loss"]["value"].get<double>(), row["mean_loss"]["value"].get<double>());
  }
  const Json again = robustness(
      "again.json", "--noise casing --severity 0 --draws 1 --shots 0,3 --typo_users 4 --distributed.threads=2");
  EXPECT_EQ(again["tables"][2], report["tables"][2]);
  const Json none = robustness("none.json", "--noise casing --severity 0 --draws 1 --shots 0 --typo_users 0");
  EXPECT_FALSE(none["tables"][2]["rows"][0].contains("typos"));
}

TEST_F(NoiseAndGroupsTest, forgetting_all_of_a_history_is_knowing_none) {
  const Json report = robustness("forget.json", "--noise shortened_history --severity 1 --shots 0,3");
  const Json none = robustness("none.json", "--noise typos --severity 0 --draws 1 --shots 0");
  for (const Json& row : report["tables"][0]["rows"]) {
    for (const Json& clean : none["tables"][0]["rows"]) {
      if (clean["scorer"] != row["scorer"]) continue;
      EXPECT_NEAR(row["mean"].get<double>(), clean["clean"].get<double>(), 1e-12);
    }
  }
}

TEST_F(NoiseAndGroupsTest, threads_change_no_number_and_seeds_do) {
  const std::string noise = "--noise typos --severity 0.5 --draws 2 --shots 0 --distributed.threads=";
  const Json one = robustness("one.json", noise + "1"), two = robustness("two.json", noise + "2");
  EXPECT_EQ(one, two);
  EXPECT_NE(robustness("other.json", noise + "1 --seed 2"), one);
}

TEST_F(NoiseAndGroupsTest, two_runs_and_another_template_stand_side_by_side) {
  const Outcome outcome =
      run_program(fmt::format("robustness --run {0} --run {0} --noise casing --severity 0.3 --shots 0 --template "
                              "'[{{occupation}}, ]{{age}}' --output {1}",
                              run_, path("two.json")));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  const Json report = read_json(path("two.json"));
  ASSERT_FALSE(report["tables"][1]["rows"].empty());
  for (const Json& row : report["tables"][0]["rows"]) EXPECT_EQ(row["template"], "[{occupation}, ]{age}");
}

TEST_F(NoiseAndGroupsTest, evaluation_keeps_slices_and_groups_and_compare_shows_them) {
  const RunRecord record = read_run_record(run_ + "/run.h5");
  const NewcomerTable& table = record.newcomers.front().table;
  std::vector<std::string> names;
  for (const UserLabels& group : record.groups) names.push_back(group.name);
  EXPECT_THAT(names, ::testing::IsSupersetOf({"gender", "occupation"}));
  EXPECT_EQ(std::ranges::count_if(names, [](const std::string& name) { return name.starts_with("age:"); }), 1);
  for (const std::string& label : record.groups[0].labels) EXPECT_FALSE(label.empty());
  ASSERT_GE(table.cells.size(), 4u);
  EXPECT_EQ(table.cells[0], (SliceCell{"popularity", "head"}));
  for (std::size_t u = 0; u < table.users.size(); ++u) {
    const auto has = [&](std::size_t cell) { return !std::isnan(table.rows[0].by_cell[cell][u]); };
    EXPECT_TRUE(has(0) || has(1) || has(2) || has(3)) << "whoever is tested finds something somewhere";
  }
  expect_refused(run_program(fmt::format("evaluate --run {} --evaluation.groups=gendre", run_)), k_config,
                 {"gendre", "did you mean gender?"});

  const Outcome compared =
      run_program(fmt::format("compare {} --output {} --evaluation.minimum_users=2", run_, path("r.html")));
  if (compared.errors.find("cannot read the plot library") != std::string::npos) GTEST_SKIP() << "no plotly.min.js";
  ASSERT_EQ(compared.code, 0) << compared.errors;
  EXPECT_THAT(compared.output, HasSubstr("One strategy of 1 fold and 1 training seed on 12 newcomers"));
  EXPECT_THAT(compared.output, HasSubstr("Limits:\n- One data set"));
  EXPECT_TRUE(record.summary.contains("calibration")) << "role V calibrates a head";
  for (const char* table_name : {"slice-popularity", "group-gender", "pareto", "calibration"}) {
    EXPECT_THAT(read_file(path(fmt::format("r-{}.csv", table_name))), HasSubstr("lora")) << table_name;
  }
  const Json report = read_json(path("r.json"));
  for (const Json& one : report["tables"]) {
    if (one["id"] != "group-gender") continue;
    std::size_t people = 0;
    for (const Json& row : one["rows"]) people += row["scorer"] == "lora" ? row["users"].get<std::size_t>() : 0;
    EXPECT_EQ(people, 12u);
  }
}

TEST_F(NoiseAndGroupsTest, a_seed_from_before_an_option_existed_is_a_seed_of_the_same_recipe) {
  RunRecord older = read_run_record(run_ + "/run.h5");
  older.summary["seed"] = 2;
  older.config.erase("adversarial");
  older.config["training"].erase("text_noise");
  std::filesystem::create_directories(path("older"));
  write_run_record(path("older/run.h5"), older);
  const std::string both = fmt::format("compare {} {} --output {}", run_, path("older"), path("seeds.html"));
  const Outcome compared = run_program(both);
  if (compared.errors.find("cannot read the plot library") != std::string::npos) GTEST_SKIP() << "no plotly.min.js";
  ASSERT_EQ(compared.code, 0) << compared.errors;
  EXPECT_THAT(compared.output, HasSubstr("2 training seeds"));
  older.config["training"]["text_noise"] = {"typos"};
  write_run_record(path("older/run.h5"), older);
  expect_refused(run_program(both), k_data, {"one variant (lora), but [training] differs"});
}

TEST_F(NoiseAndGroupsTest, groups_too_small_for_a_number_say_so) {
  const Outcome outcome = run_program(fmt::format(
      "fairness --run {} --group gender --group gender*age:30 --item_group genres --output {}", run_, path("f.json")));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("too few"));
  EXPECT_THAT(outcome.output, HasSubstr("gender: no gap can be stated"));
  const Json report = read_json(path("f.json"));
  for (const Json& row : report["tables"][0]["rows"]) EXPECT_FALSE(row.contains("mean")) << row;
  EXPECT_THAT(outcome.output, HasSubstr("lora + item prior"));
  EXPECT_THAT(read_file(path("f-items.csv")), HasSubstr("popularity"));
}

TEST_F(NoiseAndGroupsTest, spoiled_items_change_lists_of_newcomers_whose_own_texts_stay) {
  const std::string arguments =
      "--noise item_typos --noise item_missing_fields --noise item_truncation --noise typos --severity 0,0.8 --draws 2 "
      "--shots 0,3 --typo_users 0";
  const Json report = robustness("items.json", arguments);
  for (const char* kind : {"item_typos", "item_missing_fields", "item_truncation"}) {
    const Json rows = rows_of(report, kind);
    ASSERT_EQ(rows.size(), 2u * 2 * 2) << "two scorers at two k and two severities";
    for (const Json& row : rows) {
      EXPECT_EQ(row["draws"], std::string(kind) == "item_truncation" ? 1 : 2);
      if (row["severity"] == 0.0) {
        EXPECT_EQ(row["changed"], 0.0);
        EXPECT_EQ(row["jaccard"], 1.0);
        EXPECT_EQ(row["loss"]["value"], 0.0);
      } else {
        EXPECT_GT(row["changed"].get<double>(), 0.5) << row;
        EXPECT_LT(row["jaccard"].get<double>(), 1.0) << row;
      }
    }
  }
  const Json again = robustness("items2.json", arguments + " --distributed.threads=2");
  EXPECT_EQ(again["tables"][0], report["tables"][0]);
  const Json alone = robustness("alone.json", "--noise typos --severity 0,0.8 --draws 2 --shots 0,3 --typo_users 0");
  EXPECT_EQ(rows_of(alone, "typos")[1]["mean"], rows_of(report, "typos")[1]["mean"])
      << "what else is asked moves nothing";
}

TEST_F(NoiseAndGroupsTest, two_variants_stand_side_by_side_on_the_same_people_only) {
  ASSERT_EQ(job_.train(0, "runs",
                       fmt::format("--config {} --experiment.variant=short --optimizer.learning_rate=1e-4",
                                   job_.short_config().string()))
                .code,
            0);
  const std::string other = job_.run("runs", "short").string();
  ASSERT_EQ(run_program("evaluate --run " + other).code, 0);
  const Outcome both =
      run_program(fmt::format("fairness --run {} --run {} --group gender --output {}", run_, other, path("both.json")));
  ASSERT_EQ(both.code, 0) << both.errors;
  std::map<std::string, int> rows;
  for (const Json& row : read_json(path("both.json"))["tables"][0]["rows"]) {
    ++rows[row["scorer"].get<std::string>()];
    EXPECT_LE(row["users"].get<int>(), 12) << row;
  }
  for (const char* scorer : {"popularity", "lora", "lora + item prior", "short", "short + item prior"}) {
    EXPECT_EQ(rows[scorer], rows["random"]) << scorer;
  }
  ASSERT_EQ(
      job_.train(0, "runs",
                 fmt::format("--config {} --experiment.variant=elsewhere --data.fold=1", job_.short_config().string()))
          .code,
      0);
  const std::string elsewhere = (job_.folder() / "runs/job/elsewhere/fold-1/seed-1").string();
  expect_refused(run_program(fmt::format("fairness --run {} --run {} --group gender", run_, elsewhere)), k_data,
                 {"cannot set", "elsewhere", "newcomers are others", "same folds"});
}

TEST_F(NoiseAndGroupsTest, what_noise_and_groups_showed_stands_in_the_comparison) {
  robustness("typing.json", "--noise typos --severity 0.8 --draws 2 --shots 0 --typo_users 0");
  ASSERT_EQ(run_program(fmt::format("fairness --run {} --group gender --output {}", run_, path("people.json"))).code,
            0);
  const std::string compare = fmt::format("compare {} --output {}", run_, path("page.html"));
  const Outcome outcome =
      run_program(fmt::format("{} --attach {} --attach {}", compare, path("typing.json"), path("people.json")));
  ASSERT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_THAT(
      outcome.output,
      HasSubstr("typing, lora: 0 of 1 losses under noise are claimed; most is lost under typos of severity 0.8"));
  EXPECT_THAT(outcome.output, HasSubstr("people: "));
  EXPECT_EQ(read_file(path("page-typing-robustness.csv")), read_file(path("typing-robustness.csv")));
  EXPECT_THAT(read_file(path("page.html")), HasSubstr("people-groups"));
  expect_refused(run_program(fmt::format("{} --attach {}", compare, path("page.json"))), k_data,
                 {"page.json", "which command wrote it"});
  expect_refused(run_program(fmt::format("{0} --attach {1} --attach {1}", compare, path("people.json"))), k_config,
                 {"attach", "two files"});
  Json other = read_json(path("people.json"));
  other["about"]["variants"] = {"full"};
  write_file_atomically(path("other.json"), other.dump());
  expect_refused(run_program(fmt::format("{} --attach {}", compare, path("other.json"))), k_data,
                 {"other.json", "full", "lora"});
}

TEST_F(NoiseAndGroupsTest, wrong_questions_are_refused) {
  const auto refused = [&](const std::string& command, int code, const std::vector<std::string>& words) {
    expect_refused(run_program(fmt::format(fmt::runtime(command), run_)), code, words);
  };
  refused("fairness --run {} --group gendre", k_config, {"gendre", "did you mean gender?"});
  refused("fairness --run {} --group age", k_config, {"age is a number", "age:25:45"});
  refused("fairness --run {}", k_config, {"group"});
  refused("fairness --run {} --group gender --item_group genre", k_config, {"genres"});
  refused("fairness --run {} --group gender --shots 4", k_config, {"evaluation.masked = 3"});
  refused("fairness --run {} --group gender --output f.csv", k_config, {"output", ".json"});
  refused("robustness --run {} --severity 1.2 --shots 0", k_config, {"1.2", "from 0 to 1"});
  refused("robustness --run {} --severity '' --shots 0", k_config, {"severity", "is empty"});
  refused("robustness --run {} --noise typo --shots 0", k_config, {"typos"});
  refused("robustness --run {} --noise item_typo --shots 0", k_config, {"item_typos"});
  refused("robustness --run {} --noise typos", k_config, {"shots = 10", "evaluation.masked = 3"});
  refused("robustness --run {}/nowhere --shots 0", k_data, {"is no run folder"});
}

}  // namespace
}  // namespace coldframe::testing
