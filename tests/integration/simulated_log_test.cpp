// Logs that `simulate` writes, used by everything that reads logs.

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "framework/core/atomic_file.h"
#include "framework/core/json.h"
#include "framework/data/dataset_store.h"
#include "framework/reporting/run_record.h"
#include "framework/reporting/simulation_record.h"
#include "tests/integration/simulated_log_job.h"

namespace coldframe::testing {
namespace {

void expect_same_users(const SimulationRecord& a, const SimulationRecord& b, std::size_t users) {
  ASSERT_EQ(a.policies.size(), b.policies.size());
  for (std::size_t p = 0; p < a.policies.size(); ++p) {
    const SimulatedPolicy &x = a.policies[p], &y = b.policies[p];
    EXPECT_EQ(x.users.size(), users);
    EXPECT_TRUE(std::tie(x.name, x.users, x.pages, x.clicks, x.expected, x.expected_by_step, x.shown) ==
                std::tie(y.name, y.users, y.pages, y.clicks, y.expected, y.expected_by_step, y.shown))
        << x.name;
  }
}

TEST_F(SimulatedLogTest, comes_with_a_record_that_names_the_seeds_of_its_runs) {
  const nlohmann::json runs = read_simulation_record(file("sim.h5")).summary.at("runs");
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].at("variant"), "lora");
  EXPECT_EQ(runs[0].at("seed"), 1);
  EXPECT_EQ(runs[0].at("fold"), 0);
}

TEST_F(SimulatedLogTest, every_policy_leaves_a_store_and_a_csv_file) {
  const std::pair<const char*, LoggingKind> policies[] = {{"random", LoggingKind::stochastic},
                                                          {"popularity", LoggingKind::deterministic},
                                                          {"epsilon_0.3_popularity", LoggingKind::stochastic},
                                                          {"softmax_popularity", LoggingKind::stochastic},
                                                          {"epsilon_0.2_softmax_lora", LoggingKind::stochastic},
                                                          {"lora", LoggingKind::deterministic}};
  for (const auto& [name, kind] : policies) {
    ASSERT_TRUE(fs::exists(log(name))) << name;
    const auto shown = read_impression_log(log(name));
    ASSERT_TRUE(shown.has_value());
    EXPECT_EQ(shown->logging, kind) << name;
    EXPECT_EQ(shown->size(), 400u * 3u * 3u);
    const bool drawn = std::ranges::any_of(shown->log_propensity, [](double p) { return p < -0.1; });
    EXPECT_EQ(drawn, kind == LoggingKind::stochastic) << name;
    EXPECT_TRUE(std::ranges::none_of(shown->log_propensity, [](double p) { return std::isnan(p); })) << name;
    const std::string csv = read_file(log(name).replace_extension(".csv"));
    EXPECT_EQ(std::ranges::count(csv, '\n'), 400 * 3 * 3 + 1);
  }
  EXPECT_EQ(read_impression_log(log("epsilon_0.3_popularity"))->policy, "epsilon=0.3:popularity");
}

TEST_F(SimulatedLogTest, a_stopped_simulation_keeps_the_first_users_with_their_bits) {
  constexpr int wanted = 20'000'000;
  const std::string output = file("stopped.h5").string(), again = file("again.h5").string();
  const auto simulate = [&](const std::string& to, std::uint64_t users) {
    return fmt::format("simulate {} --output {} --simulation.policies=random,popularity --simulation.threads=1",
                       settings(static_cast<int>(users)), to);
  };
  const pid_t job = job_->start_program(2, "stopped", simulate(output, wanted));
  std::vector<pid_t> ranks;
  for (int wait = 0; wait < 6000 && ranks.size() < 2; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ranks = rank_processes(output);
  }
  ASSERT_TRUE(ranks.size() == 2 && wait_for_work(ranks, 2.0, 60)) << read_file(file("stopped.log"));
  for (const pid_t rank : ranks) kill(rank, SIGTERM);
  ASSERT_EQ(TrainingJob::wait(job, 60), 75) << read_file(file("stopped.log"));
  const nlohmann::json some = read_simulation_record(output).summary;
  const auto users = some.at("users").get<std::uint64_t>();
  EXPECT_FALSE(some.at("complete").get<bool>());
  ASSERT_GT(users, 0u);
  ASSERT_LT(users, std::uint64_t{wanted} / 2);
  const Outcome whole = run_program(simulate(again, users));
  ASSERT_EQ(whole.code, 0) << whole.errors;
  const nlohmann::json all = read_simulation_record(again).summary;
  EXPECT_TRUE(all.at("complete").get<bool>());
  EXPECT_EQ(all.at("digest"), some.at("digest"));
  expect_same_users(read_simulation_record(output), read_simulation_record(again), users);
}

TEST_F(SimulatedLogTest, rows_of_users_are_the_same_on_any_ranks_and_threads) {
  const std::string one = file("one.h5").string(), three = file("three.h5").string();
  const auto simulate = [&](const std::string& to) {
    return fmt::format(
        "simulate {} --output {} --simulation.policies=random,popularity,informed_oracle "
        "--simulation.oracle_draws=16 --simulation.block_users=30",
        settings(200), to);
  };
  const Outcome alone = run_program(simulate(one) + " --simulation.threads=1");
  ASSERT_EQ(alone.code, 0) << alone.errors;
  const Outcome shared =
      run_command(fmt::format("mpirun -n 3 {} {} --simulation.threads=2", program_path().string(), simulate(three)));
  ASSERT_EQ(shared.code, 0) << shared.errors;
  EXPECT_EQ(alone.output, shared.output);
  EXPECT_THAT(alone.output, ::testing::HasSubstr("["));
  expect_same_users(read_simulation_record(one), read_simulation_record(three), 200);
}

TEST_F(SimulatedLogTest, training_learns_from_a_log_and_its_policy_enters_a_closed_world_only) {
  const Outcome trained =
      job_->train(0, "logged", fmt::format("{} --data.path={}", k_short, log("epsilon_0.3_popularity").string()));
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const std::string arguments =
      fmt::format("simulate {} --run {} --output {} --simulation.policies=random", settings(8),
                  job_->run("logged", "lora").string(), file("next.h5").string());
  expect_refused(run_program(arguments), k_data, {"was trained on other data", "closed_world"});
  const Outcome closed = run_program(arguments + " --simulation.roles=closed_world");
  EXPECT_EQ(closed.code, 0) << closed.errors;
  EXPECT_TRUE(fs::exists(file("next.h5")));
}

TEST_F(SimulatedLogTest, a_log_is_asked_about_policies_runs_and_files) {
  const Outcome asked = run_program(fmt::format(
      "offpolicy {} --log {} --policy popularity --policy random --policy file:{} --policy softmax:encoder "
      "--run {} --output {}",
      settings(), log("epsilon_0.3_popularity").string(), file("list.csv").string(), run(), file("off.json").string()));
  ASSERT_EQ(asked.code, 0) << asked.errors;
  const nlohmann::json report = read_json(file("off.json"));
  EXPECT_EQ(report.at("facts").at("pages"), 1200);
  EXPECT_EQ(report.at("facts").at("users_left_out"), 0);
  std::map<std::string, nlohmann::json> rows;
  for (const nlohmann::json& row : report.at("tables")[0].at("rows")) {
    rows[fmt::format("{}, {}", row.at("policy").get<std::string>(), row.at("estimator").get<std::string>())] = row;
  }
  // 70 % of pages and more are those of popularity, each with weight 1 / .7 at most.
  const nlohmann::json& sound = rows.at("popularity, IPS");
  EXPECT_TRUE(sound.at("refused").is_null()) << sound;
  EXPECT_LT(sound.at("largest").get<double>(), 1.43);
  EXPECT_GT(sound.at("clicks").at("value").get<double>(), 0.05);
  // 40 items, 3 on a page: the log explores 30 % uniformly, so random pages are all there, with weights of 1 / .3.
  EXPECT_LT(rows.at("random, IPS").at("largest").get<double>(), 3.34);
  for (const char* refused : {"lora, IPS", "softmax:lora, IPS"}) {
    EXPECT_FALSE(rows.at(refused).at("refused").is_null()) << refused;
  }
  EXPECT_TRUE(rows.contains(fmt::format("file:{}, doubly robust", file("list.csv").string())));
  EXPECT_THAT(asked.output, ::testing::HasSubstr("undecided: this log carries no estimate of lora"));
  EXPECT_TRUE(fs::exists(file("off-off-policy.csv")));
}

TEST_F(SimulatedLogTest, what_a_log_cannot_say_is_refused_and_nothing_usable_ends_with_6) {
  const auto ask = [&](const fs::path& store, const std::string& rest) {
    return run_program(fmt::format("offpolicy {} --log {} {}", settings(), store.string(), rest));
  };
  const Outcome nothing = ask(log("random"), "--policy file:" + file("list.csv").string());
  EXPECT_EQ(nothing.code, 6) << nothing.output << nothing.errors;
  expect_refused(ask(log("popularity"), "--policy random"), k_data, {"always does the same", "epsilon:NAME"});
  expect_refused(ask(job_->store(), "--policy random"), k_data, {"holds no impressions"});
  expect_refused(ask(file("missing.h5"), "--policy random"), k_data, {"missing.h5"});
  expect_refused(ask(log("random"), "--policy informed_oracle"), k_config, {"it knows the world"});
  expect_refused(ask(log("random"), "--policy softmax:encoder"), k_config, {"there is no run"});
  expect_refused(ask(log("random"), "--policy file:/no/such.csv"), k_data, {"/no/such.csv"});
  expect_refused(ask(log("random"), ""), k_config, {"name a policy"});
  expect_refused(ask(log("random"), "--policy random --output x.csv"), k_config, {".json"});
}

TEST_F(SimulatedLogTest, files_take_part_in_simulations_and_users_can_be_traced) {
  std::string scores = "user,item,score\n";
  for (int u = 0; u < 8; ++u) {
    for (int i = 0; i < 40; ++i) scores += fmt::format("sim-{},i{},{}\n", u, i, (i * 7 + u) % 40);
  }
  write_file_atomically(file("scores.csv"), scores);
  const std::string policies =
      fmt::format("--simulation.policies=random,file:{0},softmax:file:{0}", file("scores.csv").string());
  const Outcome simulated =
      run_program(fmt::format("simulate {} {} --output {}", settings(8), policies, file("files.h5").string()));
  EXPECT_EQ(simulated.code, 0) << simulated.errors;
  EXPECT_THAT(simulated.output, ::testing::HasSubstr("softmax:file:"));
  expect_refused(run_program(fmt::format("simulate {} {} --output {}", settings(9), policies, file("no.h5").string())),
                 k_data, {"has no row for sim-8"});
  const Outcome traced = run_program(fmt::format("simulate {} {} --trace 5", settings(8), policies));
  EXPECT_EQ(traced.code, 0) << traced.errors;
  for (const char* words : {"newcomer 5, profile", "gender", "page draw u = ", "P(click)", "session 0, page 2"}) {
    EXPECT_THAT(traced.output, ::testing::HasSubstr(words));
  }
  // Somebody who is replayed alone needs rows, and nobody else does.
  const Outcome alone = run_program(fmt::format("simulate {} {} --only-user 5", settings(400), policies));
  EXPECT_EQ(alone.code, 0) << alone.errors;
  expect_refused(run_program(fmt::format("simulate {} {} --trace 900", settings(400), policies)), k_data,
                 {"has no row for sim-900"});
  expect_refused(run_program(fmt::format("simulate {} --trace 5 --only-user 5", settings())), k_config,
                 {"one of them"});
}

TEST_F(SimulatedLogTest, bandits_learn_the_same_on_any_ranks_and_are_replayed_with_what_they_knew) {
  const Outcome made = run_program(fmt::format("population {} --population.path={} --population.users_per_period=20",
                                               "--config " + file("job.ini").string(), file("periods.h5").string()));
  ASSERT_EQ(made.code, 0) << made.errors;
  const auto simulate = [&](const std::string& launcher, const std::string& rest) {
    return run_command(
        fmt::format("{} {} simulate --config {} --population.path={} --simulation.popular_click_rate=0.14 "
                    "--simulation.calibration_users=32 --simulation.users=70 --simulation.slate_size=3 "
                    "--ads.positions=2 --ads.inventory=9 --simulation.policies=bandit_ucb,bandit_thompson,"
                    "epsilon=0.2:bandit_greedy,ads:price:epsilon=0.2:bandit_greedy,ads:oracle:bandit_thompson {}",
                    launcher, program_path().string(), file("job.ini").string(), file("periods.h5").string(), rest));
  };
  const Outcome one = simulate("", fmt::format("--output {} --log {}", file("b1.h5").string(), file("blogs").string()));
  ASSERT_EQ(one.code, 0) << one.errors;
  const Outcome two = simulate("mpirun -n 2", fmt::format("--output {}", file("b2.h5").string()));
  ASSERT_EQ(two.code, 0) << two.errors;
  EXPECT_EQ(one.output, two.output);
  EXPECT_EQ(read_impression_log(file("blogs") / "epsilon_0.2_bandit_greedy.h5")->logging, LoggingKind::stochastic);
  // Newcomer 65 meets what was learned from 0 to 59: the same first page as in the whole replay.
  const auto log = *read_impression_log(file("blogs") / "bandit_ucb.h5");
  const Outcome traced = simulate("", "--trace 65");
  ASSERT_EQ(traced.code, 0) << traced.errors;
  const std::size_t row = 65u * 10u * 3u;
  EXPECT_EQ(log.page[row], 0u);
  const std::string top = "\n      1  ";
  const std::size_t first = traced.output.find(top, traced.output.find("\nbandit_ucb\n"));
  ASSERT_NE(first, std::string::npos) << traced.output;
  const std::string item = read_dataset(file("blogs") / "bandit_ucb.h5").items.ids[log.item[row].value()];
  EXPECT_EQ(traced.output.substr(first + top.size(), item.size() + 1), item + " ");
}

TEST_F(SimulatedLogTest, encoders_rank_with_their_prior_and_lend_their_vectors_to_bandits) {
  // A run of its own, because evaluating it changes it.
  const Outcome trained = job_->train(0, "prior", k_short);
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const std::string mine = job_->run("prior", "lora").string();
  const auto simulate = [&](const std::string& launcher, const std::string& policies, const std::string& rest) {
    return run_command(
        fmt::format("{} {} simulate {} --population.users_per_period=20 --run {} "
                    "--simulation.policies=popularity,{} {}",
                    launcher, program_path().string(), settings(50, "fresh.h5"), mine, policies, rest));
  };
  const Outcome made =
      run_program(fmt::format("population {} --population.users_per_period=20", settings(50, "fresh.h5")));
  ASSERT_EQ(made.code, 0) << made.errors;
  expect_refused(simulate("", "encoder_with_prior", "--output " + file("no.h5").string()), k_data,
                 {"no weight for the item prior", "coldframe evaluate"});
  const Outcome evaluated = run_program(fmt::format("evaluate --run {}", mine));
  ASSERT_EQ(evaluated.code, 0) << evaluated.errors;

  const std::string policies =
      "encoder_with_prior,softmax=0.5:encoder_with_prior,bandit_ucb:encoder,explore=0.3:bandit_greedy:encoder";
  const Outcome one =
      simulate("", policies, fmt::format("--output {} --log {}", file("p1.h5").string(), file("plogs").string()));
  ASSERT_EQ(one.code, 0) << one.errors;
  const Outcome two = simulate("mpirun -n 3", policies, fmt::format("--output {}", file("p3.h5").string()));
  ASSERT_EQ(two.code, 0) << two.errors;
  EXPECT_EQ(one.output, two.output);
  EXPECT_THAT(one.output, ::testing::HasSubstr("users that the same intervals would take"));
  const SimulationRecord record = read_simulation_record(file("p1.h5"));
  for (const char* name : {"lora + item prior", "bandit_ucb:lora", "explore=0.3:bandit_greedy:lora"}) {
    ASSERT_NE(record.find(name), nullptr) << name;
    EXPECT_EQ(record.find(name)->role, "strategy");
  }
  EXPECT_GT(record.summary.at("variance_reduction").at("lora").at("closed_form").get<double>(), 0.0);

  // The first page of newcomer 7 is what `recommend` says of the same attributes.
  const Dataset log = read_dataset(file("plogs") / "lora_+_item_prior.h5");
  const auto shown = *read_impression_log(file("plogs") / "lora_+_item_prior.h5");
  const auto user = static_cast<std::size_t>(std::ranges::find(log.users.ids, "sim-7") - log.users.ids.begin());
  const auto row = static_cast<std::size_t>(std::ranges::find(shown.user, UserId(static_cast<std::uint32_t>(user))) -
                                            shown.user.begin());
  std::string head, values;
  for (const AttributeColumn& column : log.users.columns) {
    if (column.kind == AttributeKind::multi) continue;
    head += (head.empty() ? "" : ",") + column.name;
    values += (values.empty() ? "" : ",") +
              (column.kind == AttributeKind::number ? fmt::format("{}", column.numbers[user]) : column.texts[user]);
  }
  write_file_atomically(file("one.csv"), head + "\n" + values + "\n");
  const Outcome recommended =
      run_program(fmt::format("recommend --run {} --input {} --top 3 --prior", mine, file("one.csv").string()));
  ASSERT_EQ(recommended.code, 0) << recommended.errors;
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_THAT(recommended.output, ::testing::HasSubstr("," + log.items.ids[shown.item[row + k].value()] + ","));
  }
}

TEST_F(SimulatedLogTest, newcomers_are_asked_before_the_first_page) {
  const auto simulate = [&](const std::string& launcher, const std::string& rest) {
    return run_command(fmt::format(
        "{} {} simulate {} --run {} --simulation.oracle_draws=64 "
        "--simulation.policies=random,popularity,informed_oracle,"
        "onboard:gain:3:informed_oracle,onboard:entropy:3:epsilon=0.2:item_knn,onboard:popularity:2:encoder {}",
        launcher, program_path().string(), settings(60), run(), rest));
  };
  const Outcome one = simulate("", fmt::format("--output {} --log {}", file("a1.h5").string(), file("alogs").string()));
  ASSERT_EQ(one.code, 0) << one.errors;
  const Outcome two = simulate("mpirun -n 2", fmt::format("--output {}", file("a2.h5").string()));
  ASSERT_EQ(two.code, 0) << two.errors;
  EXPECT_EQ(one.output, two.output);
  const SimulationRecord record = read_simulation_record(file("a1.h5"));
  EXPECT_EQ(record.find("onboard:gain:3:informed_oracle")->role, "ceiling");
  EXPECT_EQ(record.find("onboard:entropy:3:epsilon=0.2:item_knn")->role, "baseline");
  EXPECT_EQ(record.find("onboard:popularity:2:lora")->role, "strategy");
  const nlohmann::json answers = record.summary.at("answers").at("onboard:popularity:2:lora");
  const auto said = [&](const char* what) { return answers.at(what).get<int>(); };
  EXPECT_EQ(said("like") + said("dislike") + said("unknown"), 120);
  // Likes among the answers are in the log as likes that no page brought about.
  const Dataset log = read_dataset(file("alogs") / "onboard_popularity_2_lora.h5");
  const auto shown = *read_impression_log(file("alogs") / "onboard_popularity_2_lora.h5");
  const auto clicks = std::count(shown.clicked.begin(), shown.clicked.end(), 1);
  EXPECT_EQ(static_cast<long>(log.interactions.size()), clicks + said("like"));

  const Outcome traced = simulate("", "--trace 5");
  ASSERT_EQ(traced.code, 0) << traced.errors;
  EXPECT_THAT(traced.output, ::testing::HasSubstr("asked about i"));
  expect_refused(run_program(fmt::format("offpolicy {} --log {} --policy onboard:gain:3:item_knn", settings(),
                                         SimulatedLogTest::log("random").string())),
                 k_config, {"cannot be asked"});
  expect_refused(simulate("", fmt::format("--output {} --onboarding.like_rate=1", file("no.h5").string())), k_config,
                 {"onboarding.like_rate", "0.999"});
}

TEST_F(SimulatedLogTest, items_and_the_mix_of_newcomers_change_over_periods) {
  const Outcome made =
      run_program(fmt::format("population {} --population.users_per_period=20", settings(60, "moving.h5")));
  ASSERT_EQ(made.code, 0) << made.errors;
  const auto simulate = [&](const std::string& launcher, const std::string& rest, double new_items = 0.3,
                            const std::string& weights = "gender:F=0") {
    return run_command(
        fmt::format("{} {} simulate {} --simulation.oracle_draws=64 --data.new_item_share={} "
                    "--catalogue_churn.arrive_at_period=1 --catalogue_churn.leave_share=0.2 --mix_drift.kind=sudden "
                    "--mix_drift.weights={} --simulation.policies=random,popularity,item_knn,oracle,informed_oracle {}",
                    launcher, program_path().string(), settings(60, "moving.h5"), new_items, weights, rest));
  };
  const Outcome one = simulate("", fmt::format("--output {} --log {}", file("c1.h5").string(), file("clogs").string()));
  ASSERT_EQ(one.code, 0) << one.errors;
  const Outcome two = simulate("mpirun -n 2", fmt::format("--output {}", file("c2.h5").string()));
  ASSERT_EQ(two.code, 0) << two.errors;
  EXPECT_EQ(one.output, two.output);
  const nlohmann::json summary = read_simulation_record(file("c1.h5")).summary;
  EXPECT_EQ(summary.at("mix_shares").at(0).at("after"), 0.0);
  // Popularity has no likes of new items to go by; the oracle needs none.
  EXPECT_EQ(summary.at("new_items").at("popularity").at("shown"), 0);
  EXPECT_GT(summary.at("new_items").at("oracle").at("shown").get<int>(), 0);
  EXPECT_THAT(one.output, ::testing::HasSubstr("share of places"));

  const Dataset log = read_dataset(file("clogs") / "random.h5");
  const auto shown = *read_impression_log(file("clogs") / "random.h5");
  std::size_t later = 0;
  for (std::size_t row = 0; row < shown.item.size(); ++row) {
    later += log.item_available_from[shown.item[row].value()] != Dataset::k_always;
    EXPECT_LE(log.item_available_from[shown.item[row].value()], shown.timestamp[row]);
    EXPECT_GT(log.item_available_to[shown.item[row].value()], shown.timestamp[row]);
  }
  EXPECT_GT(later, 0u);

  // The log tells the same about the first impression of new items, which arrive at the start of period 1 here.
  const auto newly = [&](std::size_t item) { return log.item_available_from[item] != Dataset::k_always; };
  std::map<std::size_t, double> first;  // days
  for (std::size_t row = 0; row < shown.item.size(); ++row) {
    const std::size_t item = shown.item[row].value();
    if (!newly(item)) continue;
    const double days = static_cast<double>(shown.timestamp[row] - log.item_available_from[item]) / 86400.0;
    const auto found = first.try_emplace(item, days).first;
    found->second = std::min(found->second, days);
  }
  std::vector<double> days;
  for (const auto& [item, wait] : first) days.push_back(wait);
  std::ranges::sort(days);
  const nlohmann::json waiting = summary.at("new_items").at("random").at("waiting").at(0);
  EXPECT_EQ(waiting.at("reached"), first.size());
  ASSERT_GT(waiting.at("items").get<std::size_t>(), 2u);
  EXPECT_DOUBLE_EQ(waiting.at("median_days").get<double>(), days.at((waiting.at("items").get<std::size_t>() - 1) / 2));
  EXPECT_EQ(summary.at("new_items").at("popularity").at("waiting").at(1).at("reached"), 0);
  const std::string to = fmt::format("--output {}", file("c3.h5").string());
  expect_refused(simulate("", to + " --run " + run()), k_data, {"likes of items that are new here", "role_seed"});
  expect_refused(simulate("", to, 0.3, "gender:X=2"), k_config, {"mix_drift.weights", "'X' of gender"});
  expect_refused(simulate("", to, 0), k_config, {"catalogue_churn.arrive_at_period"});
  expect_refused(job_->train(0, "fresh", std::string(k_short) + " --data.new_item_share=0.3 --batch.extra_items=4"),
                 k_config, {"batch.extra_items = 4"});
  const Outcome trained =
      job_->train(0, "fresh", std::string(k_short) + " --data.new_item_share=0.3 --batch.extra_items=0");
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const Outcome allowed = simulate("", fmt::format("{} --run {}", to, job_->run("fresh", "lora").string()));
  EXPECT_EQ(allowed.code, 0) << allowed.errors;
}

TEST_F(SimulatedLogTest, periods_of_a_drift_are_tasks_of_a_stream_whose_runs_enter_the_closed_world) {
  const Outcome made =
      run_program(fmt::format("population {} --population.users_per_period=40", settings(120, "drifting.h5")));
  ASSERT_EQ(made.code, 0) << made.errors;
  const std::string world = settings(120, "drifting.h5") + " --mix_drift.kind=sudden --mix_drift.weights=gender:F=0";
  const Outcome simulated =
      run_program(fmt::format("simulate {} --output {} --log {} --simulation.given_likes=3 "
                              "--simulation.policies=random,popularity",
                              world, file("d.h5").string(), file("dlogs").string()));
  ASSERT_EQ(simulated.code, 0) << simulated.errors;
  const std::string stream = fmt::format(
      "--schedule.steps=2 --training.validate_every=0 --schedule.warmup=1 --data.path={} --continual.method=naive "
      "--continual.stream=periods --continual.minimum_users=3 --evaluation.masked=1 --evaluation.shots=0,1",
      (file("dlogs") / "random.h5").string());
  const Outcome trained = job_->train(0, "periods", stream + " --continual.tasks=0");
  ASSERT_EQ(trained.code, 0) << trained.errors;
  const std::string run = job_->run("periods", "lora").string();
  const nlohmann::json tasks = read_run_record(run + "/run.h5").summary.at("continual").at("tasks");
  ASSERT_EQ(tasks.size(), 3u);
  EXPECT_EQ(tasks[1].at("name"), "period 1");
  int people = 0;
  for (const nlohmann::json& task : tasks) people += task.at("next_users").get<int>();
  EXPECT_GT(people, 80) << "all roles but W of 120 newcomers";
  const auto walk = [&](const std::string& launcher, const std::string& of, const std::string& rest) {
    return run_command(
        fmt::format("{} {} stream {} --simulation.roles=closed_world --simulation.oracle_draws=32 "
                    "--evaluation.replicates=200 --users 12 --run {} {}",
                    launcher, program_path().string(), world, of, rest));
  };
  expect_refused(walk("", run, ""), k_config, {"kept what it had learned in the end alone", "keep_tasks = yes"});
  const Outcome kept = job_->train(0, "kept", stream + " --continual.tasks=0 --continual.keep_tasks=yes");
  ASSERT_EQ(kept.code, 0) << kept.errors;
  const std::string walked = job_->run("kept", "lora").string();
  const Outcome one = walk("", walked, fmt::format("--output {}", file("stream.json").string()));
  ASSERT_EQ(one.code, 0) << one.errors;
  const Outcome three = walk("mpirun -n 3", walked, "--simulation.threads=2");
  ASSERT_EQ(three.code, 0) << three.errors;
  EXPECT_EQ(one.output, three.output);
  EXPECT_THAT(one.output, ::testing::HasSubstr("recovery from the change in period 1"));
  const nlohmann::json tables = read_json(file("stream.json")).at("tables");
  EXPECT_EQ(tables[0].at("rows").size(), 4u);
  EXPECT_EQ(tables[2].at("rows").size(), 3u);
  // Nobody but men comes from period 1 on: people of period 0 are the same in their own world and in a later one.
  const nlohmann::json &then = tables[0].at("rows")[2], &now = tables[2].at("rows")[1];
  EXPECT_NEAR(then.at("task_1").at("value").get<double>(), now.at("task_1").at("value").get<double>(), 1e-12);
  fs::remove_all(fs::path(walked) / "tasks" / "after-2");
  expect_refused(walk("", walked, ""), k_data, {"after-2 is missing"});
  expect_refused(walk("", SimulatedLogTest::run(), ""), k_config, {"has not learned a stream of periods"});
  const Outcome refused = job_->train(0, "no", stream + " --continual.tasks=4");
  expect_refused(refused, k_config, {"continual.tasks = 4", "3 periods"});
  const std::string again = fmt::format("simulate {} --run {} --output {}", world, run, file("d2.h5").string());
  expect_refused(run_program(again), k_data, {"closed_world"});
  EXPECT_EQ(run_program(again + " --simulation.roles=closed_world").code, 0);
}

TEST_F(SimulatedLogTest, studies_are_planned_from_simulations_and_runs) {
  const Outcome planned = run_program(
      fmt::format("plan --effect 0.02 --simulation {} --policy lora --against popularity --user-minutes 0.1",
                  file("sim.h5").string()));
  EXPECT_EQ(planned.code, 0) << planned.errors;
  EXPECT_THAT(planned.output, ::testing::HasSubstr("cheapest design: 1 seeds, 1 worlds"));
  EXPECT_THAT(planned.output, ::testing::HasSubstr("smallest difference found with what was measured"));
  expect_refused(run_program(fmt::format("plan --effect 0.02 --simulation {} --policy dora", file("sim.h5").string())),
                 k_data, {"no policy 'dora'", "lora"});
  EXPECT_EQ(run_program("plan --effect 0.01 --user-variance 0.04 --seed-variance 0.01").code, 6);
  EXPECT_EQ(run_program("plan --effect 0.01 --user-variance 0.04 --rest-variance 0.04").code, 0);
  expect_refused(run_program("plan --user-variance 0.04"), k_config, {"effect"});
  const std::string from = fmt::format("plan --effect 0.02 --policy lora --simulation {}", file("sim.h5").string());
  expect_refused(run_program(from + " --against lora"), k_config, {"--against", "as --policy"});
  expect_refused(run_program(fmt::format("{} --simulation {}/./sim.h5", from, job_->folder().string())), k_config,
                 {"--simulation", "twice"});
  expect_refused(run_program("plan --effect 0.1"), k_config, {"variances come from one place"});
}

TEST_F(SimulatedLogTest, policies_that_cannot_be_are_refused_before_anything_runs) {
  const std::pair<const char*, const char*> cases[] = {{"epsilon=2:popularity", "no share"},
                                                       {"bandit_ucb", "all 400 users arrive in one"},
                                                       {"bandit_ucb:encoder", "all 400 users arrive in one"},
                                                       {"encoder_with_prior", "there is no run"},
                                                       {"softmax:random", "no scores"},
                                                       {"epsilon:oracle", "knows latents"},
                                                       {"popularty", "unknown policy"}};
  for (const auto& [policy, words] : cases) {
    expect_refused(run_program(fmt::format("simulate {} --output {} --simulation.policies={}", settings(),
                                           file("no.h5").string(), policy)),
                   k_config, {words, "simulation.policies"});
  }
  expect_refused(run_program(fmt::format("simulate {} --output {} --simulation.policies=softmax:encoder", settings(),
                                         file("no.h5").string())),
                 k_config, {"there is no run", "--run"});
  expect_refused(run_program(fmt::format("simulate {} --output {} --simulation.policies=fresh:popularity", settings(),
                                         file("no.h5").string())),
                 k_config, {"fresh:popularity", "there are none", "data.new_item_share"});
  EXPECT_FALSE(fs::exists(file("no.h5")));
}

TEST_F(SimulatedLogTest, realism_asks_a_log_which_law_its_clicks_follow) {
  const auto realism = [&](const std::string& store, const std::string& more = "") {
    return run_program(fmt::format("realism {} --shots -1 --replicates 20 --draws 64 --impressions {} --output {} {}",
                                   settings(), store, file("realism.json").string(), more));
  };
  const Outcome judged = realism(log("softmax_popularity").string());
  ASSERT_EQ(judged.code, 0) << judged.errors;
  const nlohmann::json report = read_json(file("realism.json"));
  const nlohmann::json& facts = report.at("facts").at("impressions");
  EXPECT_EQ(facts.at("users"), 400);
  EXPECT_EQ(facts.at("pages"), 1200);
  EXPECT_EQ(facts.at("utilities"), "softmax-0");
  std::map<std::string, nlohmann::json> tables;
  for (const nlohmann::json& table : report.at("tables")) tables[table.at("id")] = table.at("rows");
  for (const char* id :
       {"click_laws", "click_positions", "click_perplexity", "click_counts", "click_sessions", "click_utilities"}) {
    ASSERT_TRUE(tables.contains(id)) << id;
    EXPECT_TRUE(fs::exists(file(fmt::format("realism-{}.csv", id)))) << id;
  }
  ASSERT_EQ(tables.at("click_laws").size(), 9u);  // six user models, three tables of rates
  std::map<std::string, nlohmann::json> laws;
  for (const nlohmann::json& row : tables.at("click_laws")) laws[row.at("law")] = row;
  EXPECT_LT(laws.at("mnl").at("log_likelihood").at("value").get<double>(), 0.0);
  EXPECT_GT(laws.at("mnl").at("perplexity").get<double>(), 1.0);
  EXPECT_EQ(laws.at("dcm").at("said"), "refused: see below");  // one click per page at most
  EXPECT_EQ(tables.at("click_positions").size(), 3u);
  EXPECT_NE(judged.output.find("user model dcm"), std::string::npos);
  EXPECT_NE(judged.output.find("softmax-0, renamed"), std::string::npos);
}

TEST_F(SimulatedLogTest, realism_says_what_a_store_without_impressions_does_not_tell) {
  const std::string command =
      fmt::format("realism {} --shots -1 --replicates 20 --draws 16 --impressions ", settings());
  const Outcome likes = run_program(command + file("data.h5").string());
  ASSERT_EQ(likes.code, 0) << likes.errors;
  EXPECT_NE(likes.output.find("it says what was liked, not what was shown where"), std::string::npos);
  EXPECT_EQ(likes.output.find("Which law of clicks"), std::string::npos);
  expect_refused(run_program(command + file("missing.h5").string()), k_data, {"missing.h5"});
}

TEST_F(SimulatedLogTest, synthetic_items_are_new_to_everybody) {
  const std::string more = settings(60, "more.h5");
  const Outcome made = run_program(fmt::format("population {} --synthetic-items 15", more));
  ASSERT_EQ(made.code, 0) << made.errors;
  EXPECT_NE(made.output.find("softmax.synthetic_items"), std::string::npos);
  const Outcome simulated = run_program(fmt::format(
      "simulate {} --run {} --output {} --log {} --simulation.policies=random,popularity,item_knn,tfidf,oracle", more,
      run(), file("more-sim.h5").string(), file("more-logs").string()));
  ASSERT_EQ(simulated.code, 0) << simulated.errors;
  const nlohmann::json fresh = read_simulation_record(file("more-sim.h5")).summary.at("new_items");
  EXPECT_EQ(fresh.at("popularity").at("shown"), 0);
  EXPECT_GT(fresh.at("random").at("shown").get<int>(), 60);  // 15 of 55 items on 540 places
  const Dataset log = read_dataset(file("more-logs") / "random.h5");
  EXPECT_EQ(log.items.size(), 55u);
  EXPECT_EQ(log.items.ids.back(), "synthetic-15");
  expect_refused(run_program(fmt::format("realism {} --shots -1", more)), k_data, {"15 synthetic items"});
  expect_refused(
      run_program(fmt::format("population {} --synthetic-items 15 --overwrite --population.tastes=chain", more)),
      k_config, {"--synthetic-items 15", "pairs of items"});
}

}  // namespace
}  // namespace coldframe::testing
