// Poisoned logs, fair training and re-ranking through the program itself: the same bits on any ranks, pairs of runs,
// and what is refused.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "framework/core/atomic_file.h"
#include "framework/core/json.h"
#include "framework/reporting/run_record.h"
#include "tests/integration/refusals.h"
#include "tests/integration/training_job.h"

namespace coldframe::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* k_attack =
    "--poisoning.attack=bandwagon --poisoning.size=0.2 --poisoning.fillers=3 --poisoning.selected=2 "
    "--poisoning.targets=i7";

class PoisonedLogTest : public ::testing::Test {
 protected:
  std::string train(const std::string& variant, const std::string& more, int ranks = 0,
                    const std::string& root = "runs") {
    const Outcome outcome = job_.train(ranks, root,
                                       fmt::format("--config {} --experiment.variant={} --distributed.threads=1 {}",
                                                   job_.short_config().string(), variant, more));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    log_ = outcome.errors;
    return job_.run(root, variant).string();
  }
  void evaluate(const std::string& run) const {
    const Outcome outcome = run_program("evaluate --run " + run);
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
  }
  std::string path(const std::string& name) const { return (job_.folder() / name).string(); }
  Json report(const std::string& name, const std::string& command) const {
    const Outcome outcome = run_program(fmt::format("{} --output {}", command, path(name)));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    return read_json(path(name));
  }
  static Json row_of(const Json& table, const std::string& scorer) {
    for (const Json& row : table["rows"]) {
      if (row["scorer"] == scorer) return row;
    }
    ADD_FAILURE() << scorer << " is not in " << table["id"];
    return {};
  }
  static Json table_of(const Json& report, const std::string& id) {
    for (const Json& table : report["tables"]) {
      if (table["id"] == id) return table;
    }
    ADD_FAILURE() << "no table " << id;
    return {};
  }

  TrainingJob job_;
  std::string log_;
};

TEST_F(PoisonedLogTest, runs_have_the_same_bits_on_any_ranks_under_everything_at_once) {
  const std::string all = fmt::format(
      "{} --poisoning.label_noise=flip --fairness.group=gender --fairness.reweight=1 --fairness.gap_penalty=2 "
      "--objective.contrastive.robust_q=0.5 --adversarial.steps=2",
      k_attack);
  const std::string alone = train("all", all);
  EXPECT_THAT(log_, HasSubstr("bandwagon attack: 6 profiles with 36 interactions push 1 item; label noise:"));
  EXPECT_THAT(log_, HasSubstr("groups of role T by gender: F"));
  EXPECT_EQ(difference_between(alone, train("all", all, 2, "two")), "");
  EXPECT_EQ(difference_between(alone, train("all", all + " --objective.replicate_below=0", 3, "three")), "");
  const Json summary = read_run_record(alone + "/run.h5").summary;
  EXPECT_EQ(summary["poisoning"]["profiles"], 6);
  EXPECT_EQ(summary["poisoning"]["targets"], Json::array({"i7"}));
  EXPECT_GT(summary["poisoning"]["changed"], 20);
  EXPECT_THAT(read_file(alone + "/metrics.log"), HasSubstr("\"group_gap\""));
  EXPECT_THAT(read_file(alone + "/metrics.log"), HasSubstr("\"ascent\""));
}

TEST_F(PoisonedLogTest, an_attack_is_set_beside_the_clean_run_newcomer_by_newcomer) {
  const std::string clean = train("clean", ""), poisoned = train("poisoned", k_attack);
  evaluate(clean + " --run " + poisoned);  // in one command: baselines must not be shared
  const auto baselines_of = [](const std::string& run) {
    std::vector<std::vector<std::vector<double>>> values;  // [scorers and shots][metrics][users]
    for (const NewcomerRow& row : read_run_record(run + "/run.h5").newcomers) {
      for (const ShotRow& shot : row.table.rows) {
        if (row.role == "baseline") values.push_back(shot.values);
      }
    }
    return values;
  };
  EXPECT_NE(baselines_of(clean), baselines_of(poisoned));
  const std::string pair = fmt::format("poisoning --run {} --clean {}", poisoned, clean);
  const Json found = report("pair.json", pair);
  const Json scorers = table_of(found, "poisoning"), targets = table_of(found, "poisoning-targets");
  // Six of 36 users of role T like the target now: popularity lets it rise, for everybody alike.
  const Json popularity = row_of(scorers, "popularity");
  EXPECT_LT(popularity["place_change"]["value"].get<double>(), -3);
  EXPECT_EQ(popularity["shift"]["low"], popularity["shift"]["high"]);
  ASSERT_EQ(targets["rows"].size(), 1u);
  EXPECT_EQ(targets["rows"][0]["item"], "i7");
  const Json strategy = row_of(scorers, "clean");
  EXPECT_EQ(strategy["place_change"], targets["rows"][0]["place_change"]) << "one target is all targets";
  EXPECT_NEAR(strategy["loss"]["value"].get<double>(),
              strategy["utility_clean"].get<double>() - strategy["utility_poisoned"].get<double>(), 1e-12);
  // The clean side is what `evaluate` and `robustness` say of the clean run.
  const Json noise =
      report("noise.json",
             fmt::format("robustness --run {} --noise casing --severity 0 --draws 1 --shots 0 --typo_users 0", clean));
  EXPECT_NEAR(strategy["utility_clean"].get<double>(), row_of(noise["tables"][0], "clean")["clean"].get<double>(),
              1e-12);
  EXPECT_EQ(report("threads.json", pair + " --distributed.threads=2"), found);
  // The same pair twice is one pair: newcomers count once, with their mean.
  const Json twice = report("twice.json", fmt::format("{0} --run {1} --clean {2}", pair, poisoned, clean));
  EXPECT_EQ(row_of(table_of(twice, "poisoning"), "clean"), strategy);

  const auto refused = [&](const std::string& arguments, int code, const std::vector<std::string>& words) {
    expect_refused(run_program("poisoning " + arguments), code, words);
  };
  refused(fmt::format("--run {} --clean {}", clean, clean), k_data, {"trained on the log as it is"});
  refused(fmt::format("--run {} --clean {}", poisoned, poisoned), k_data, {"trained on a poisoned log"});
  refused(fmt::format("--run {}", poisoned), k_config, {"clean", "0 for 1"});
  refused(fmt::format("--run {} --clean {} --shots 4", poisoned, clean), k_config, {"evaluation.masked = 3"});
  const std::string longer = train("longer", "--schedule.steps=25");
  refused(fmt::format("--run {} --clean {}", poisoned, longer), k_data, {"[schedule] differs", "steps = 24 and 25"});

  // A run from before an option existed has its default, and so has one that does not name a section at all.
  std::string config = read_file(clean + "/config.ini");
  const std::size_t fairness = config.find("[fairness]");
  ASSERT_NE(fairness, std::string::npos);
  config.erase(fairness, config.find("\n[", fairness) + 1 - fairness);
  write_file_atomically(clean + "/config.ini", config);
  EXPECT_EQ(report("older.json", pair), found);
  write_file_atomically(clean + "/config.ini", config + "\n[objective.contrastive]\nrobust_q = 0\n");
  EXPECT_EQ(report("named.json", pair), found);
  write_file_atomically(clean + "/config.ini", config + "\n[objective.contrastive]\nrobust_q = 0.5\n");
  refused(fmt::format("--run {} --clean {}", poisoned, clean), k_data, {"[objective.contrastive] differs", "robust_q"});

  // What nothing climbed by when the run was trained is no mistake of whoever opens it now.
  const std::size_t adversarial = config.find("\n[adversarial]");
  ASSERT_NE(adversarial, std::string::npos);
  const std::size_t norm = config.find("\nnorm = ", adversarial);
  config.replace(norm, config.find('\n', norm + 1) - norm, "\nnorm = 0.3");
  write_file_atomically(clean + "/config.ini", config);
  const Outcome opened = run_program("evaluate --run " + clean);
  EXPECT_EQ(opened.code, 0) << opened.errors;
}

TEST_F(PoisonedLogTest, settings_that_fit_nothing_are_refused_before_a_folder_is_made) {
  const auto refused = [&](const std::string& arguments, const std::vector<std::string>& words) {
    expect_refused(job_.train(0, "refused", arguments), k_config, words);
    EXPECT_FALSE(std::filesystem::exists(job_.folder() / "refused"));
  };
  refused("--poisoning.attack=random --poisoning.targets=i77", {"poisoning.targets", "i77"});
  refused("--poisoning.attack=random --poisoning.fillers=90", {"poisoning.fillers = 90", "40 of the catalogue"});
  refused("--poisoning.targets=i7", {"poisoning.targets", "nobody pushes them"});
  refused("--poisoning.size=0.05", {"poisoning.size = 0.05", "nobody attacks"});
  refused("--poisoning.label_noise=flip --poisoning.label_noise_share=0", {"poisoning.label_noise_share = 0"});
  refused("--poisoning.attack=random --continual.method=naive --continual.tasks=2", {"poisoning.attack", "tasks"});
  refused("--adversarial.norm=1", {"adversarial.norm = 1", "nothing climbs"});
  refused("--adversarial.steps=2 --continual.method=naive", {"adversarial.steps", "tasks"});
  refused("--adversarial.steps=2 --prefix_cache.use=true --strategy.frozen_dropout=false",
          {"adversarial.steps", "perturbed words"});
  refused("--fairness.group=gender", {"fairness.group", "changes nothing by itself"});
  refused("--fairness.reweight=1", {"fairness.reweight", "without groups"});
  refused("--fairness.group=gendre --fairness.reweight=1", {"gendre", "gender"});
  refused("--fairness.group=gender --fairness.reweight=1 --continual.method=naive", {"fairness.group", "tasks"});
}

/// Attention share of the items of odd number (Drama) in the lists that `recommend` writes.
double drama_share(const std::string& csv) {
  std::istringstream lines(csv);
  std::string line;
  double drama = 0, all = 0;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string user, place, item;
    std::getline(cells, user, ','), std::getline(cells, place, ','), std::getline(cells, item, ',');
    const double attention = 1 / std::log2(1.0 + std::stod(place));
    all += attention;
    if (std::stoi(item.substr(1)) % 2 == 1 && item != "i1") drama += attention;
  }
  return drama / all;
}

TEST_F(PoisonedLogTest, lists_are_reranked_for_a_share_of_exposure_and_folds_are_pooled) {
  const std::string first = train("lora", ""), second = [&] {
    train("lora", "--data.fold=1");
    return (job_.folder() / "runs/job/lora/fold-1/seed-1").string();
  }();
  const std::string both = fmt::format("fairness --run {} --run {} --group gender", first, second);
  const Json found = report("fair.json", both + " --exposure_group genres=Drama --exposure_share 0.8");
  const Json row = row_of(table_of(found, "reranking"), "lora + genres=Drama 0.8");
  EXPECT_LT(row["before"]["value"].get<double>(), 0.8);
  EXPECT_GE(row["after"]["value"].get<double>(), 0.8);
  EXPECT_LT(row["after"]["value"].get<double>(), 0.82) << "the smallest bonus overshoots by one list at most";
  EXPECT_EQ(found["facts"]["folds"], 2);
  EXPECT_EQ(found["facts"]["users"], 24) << "twelve newcomers in each fold";
  const Json each =
      report("each.json", both + " --exposure_group genres=Drama --exposure_share 0.8 --exposure_rule list");
  EXPECT_GT(row_of(table_of(each, "reranking"), "lora + genres=Drama 0.8")["after"]["value"], row["after"]["value"]);
  EXPECT_EQ(row_of(table_of(each, "reranking"), "lora + genres=Drama 0.8")["out_of_reach"], 0);
  // What is pooled is the mean over all newcomers, twelve of each fold.
  const auto mean_of = [&](const Json& fair) { return row_of(table_of(fair, "gaps"), "lora")["mean"].get<double>(); };
  const double alone = mean_of(report("first.json", fmt::format("fairness --run {} --group gender", first)));
  const double other = mean_of(report("second.json", fmt::format("fairness --run {} --group gender", second)));
  EXPECT_NEAR(mean_of(found), (alone + other) / 2, 1e-12);
  const Json noise =
      report("noise.json", fmt::format("robustness --run {} --run {} --noise casing --severity 0 --draws 1 "
                                       "--shots 0 --typo_users 0",
                                       first, second));
  EXPECT_EQ(noise["tables"][0]["rows"].size(), 1u) << "two folds of one variant are one row";
  EXPECT_NEAR(row_of(noise["tables"][0], "lora")["clean"].get<double>(), (alone + other) / 2, 1e-12);
  // A share that is there already changes nothing.
  const Json idle = report("idle.json", both + " --exposure_group tail --exposure_share 0.01");
  const Json unchanged = row_of(table_of(idle, "reranking"), "lora + tail 0.01");
  EXPECT_EQ(unchanged["before"], unchanged["after"]);
  EXPECT_EQ(unchanged["loss"]["value"], 0.0);

  const auto refused = [&](const std::string& arguments, int code, const std::vector<std::string>& words) {
    expect_refused(run_program(fmt::format("fairness --run {} {}", first, arguments)), code, words);
  };
  refused("--exposure_group tail", k_config, {"exposure_share", "is missing"});
  refused("--exposure_group tails --exposure_share 0.3", k_config, {"tails", "COLUMN=VALUE"});
  refused("--exposure_group genres=Dram --exposure_share 0.3", k_config, {"genres=Dram", "did you mean Drama?"});
  refused("--exposure_group cold --exposure_share 0.3", k_config, {"cold", "0 of 40"});
  refused("--exposure_group title=x --exposure_share 0.3", k_config, {"title"});
  refused(fmt::format("--run {} --group gender", first), k_data, {"they share newcomers"});

  std::ofstream(path("users.csv"))
      << "id,age,gender,occupation,history\na,30,F,writer,i3|i4\nb,40,M,doctor,\nc,21,F,doctor,i8\n";
  const std::string recommend = fmt::format("recommend --run {} --input {}", first, path("users.csv"));
  const Outcome plain = run_program(recommend),
                bound = run_program(recommend + " --exposure_group genres=Drama --exposure_share 0.75");
  ASSERT_EQ(bound.code, 0) << bound.errors;
  EXPECT_LT(drama_share(plain.output), 0.75);
  EXPECT_GE(drama_share(bound.output), 0.75);
  expect_refused(run_program(recommend + " --top 30 --exposure_group genres=Drama --exposure_share 1"), k_config,
                 {"at most", "lower it"});
  // Lists end with the catalogue, whatever is asked for.
  const std::string reranked = " --exposure_group genres=Drama --exposure_share 0.4";
  EXPECT_EQ(run_program(recommend + " --top 1000000000" + reranked).output,
            run_program(recommend + " --top 40" + reranked).output);
  EXPECT_EQ(run_program(recommend + " --top 1000000000").output, run_program(recommend + " --top 40").output);

  // Whoever has seen nearly all of the items gets what is left of them first; the others reach the share.
  std::string seen = "i3";
  for (int item = 5; item <= 35; item += 2) seen += fmt::format("|i{}", item);
  append(path("users.csv"), fmt::format("d,33,F,writer,{}\n", seen));
  const Outcome own =
      run_program(recommend + " --exposure_group genres=Drama --exposure_share 0.75 --exposure_rule list");
  ASSERT_EQ(own.code, 0) << own.errors;
  EXPECT_THAT(own.errors, HasSubstr("1 of 4 users (the first is d) cannot have 0.75 of the attention"));
  const std::string last = own.output.substr(own.output.find("\nd,1,") + 1);
  EXPECT_THAT(last, ::testing::AnyOf(HasSubstr("d,1,i37,"), HasSubstr("d,1,i39,")));
  EXPECT_THAT(last, ::testing::AnyOf(HasSubstr("d,2,i37,"), HasSubstr("d,2,i39,")));

  // Runs whose people differ are refused before anybody is encoded.
  const Outcome unequal = run_program(fmt::format("robustness --run {0} --run {0} --run {1} --shots 0", first, second));
  expect_refused(unequal, k_data, {"other newcomers"});
  EXPECT_EQ(unequal.errors.find("kinds of noise"), std::string::npos) << unequal.errors;
}

}  // namespace
}  // namespace coldframe::testing
