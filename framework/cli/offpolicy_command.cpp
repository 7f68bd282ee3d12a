#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <ostream>
#include <utility>

#include "framework/cli/logged_items.h"
#include "framework/cli/logged_targets.h"
#include "framework/cli/program.h"
#include "framework/cli/report_output.h"
#include "framework/cli/subcommands.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/data/dataset_store.h"
#include "framework/reporting/off_policy_report.h"
#include "framework/simulation/log_replay.h"

namespace coldframe {
namespace {

struct OffPolicyOptions final : Options {
  std::string log, output;
  std::vector<std::string> policy, run;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "log", .doc = "dataset store with impressions, as `simulate --log` writes it"}, log);
    visitor.visit({.name = "policy", .doc = "policy to ask about, named as in simulation.policies; may be repeated"},
                  policy);
    visitor.visit({.name = "run", .doc = "run folder whose trained encoder to ask about; may be repeated"}, run);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems;
    if (log.empty()) problems.push_back({"log", "(is missing) give a store that simulate --log wrote"});
    if (policy.empty() && run.empty()) problems.push_back({"policy", "(is missing) name a policy, or give --run"});
    for (const std::string& name : policy) {
      const std::string mistake = parse_policy_name(name, &own_policies()).mistake;
      if (!mistake.empty()) problems.push_back({"policy", fmt::format("= {} {}", name, mistake)});
    }
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

struct ReadLog {
  Dataset dataset;
  ImpressionLog impressions;
};

/// A log that was found to be one of these items.
ReadLog read_log(const std::string& path, const Dataset& data) {
  Dataset dataset = read_dataset(path);
  std::optional<ImpressionLog> shown = read_impression_log(path);
  if (!shown) {
    throw DataError(fmt::format("{} holds no impressions", path), "it says what was liked, not what was shown",
                    "give a store that simulate --log wrote");
  }
  if (shown->logging == LoggingKind::deterministic) {
    throw DataError(fmt::format("{} was logged by {}, which always does the same", path, shown->policy),
                    "it says nothing about what was not shown", "log with epsilon:NAME or softmax:NAME");
  }
  take_items_of(data, dataset, *shown);
  return {std::move(dataset), std::move(*shown)};
}

struct OpenedLog {
  OpenedLog(ReadLog read, const LikeOptions& like_options)
      : dataset(std::move(read.dataset)),
        likes(dataset, like_options),
        catalogue(dataset),
        impressions(std::move(read.impressions)) {}

  Dataset dataset;
  Likes likes;
  Catalogue catalogue;
  ImpressionLog impressions;
};

class OffPolicyCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--config FILE --log STORE.h5 --policy NAME [--policy ...] [--run RUN ...] [--output FILE.json]",
            .text =
                "Estimates from a log how many clicks per page other policies would have had on its pages: by inverse\n"
                "propensities in several forms, by a model of clicks, and by both together. An estimate that the log\n"
                "cannot carry is refused with the reason; exit code 6 when it carries none of any policy.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    const ExperimentData data(experiment_);
    const OpenedLog log(read_log(options_.log, data.dataset), experiment_.data.likes);
    std::vector<std::unique_ptr<StoredRun>> runs;
    for (const std::string& run : options_.run) runs.push_back(std::make_unique<StoredRun>(run));
    const int threads = experiment_.simulation.threads > 0 ? static_cast<int>(experiment_.simulation.threads)
                                                           : discover_topology(invocation.group).default_threads;
    LanePool pool(threads);
    const EntityTable profiles = users_like(log.dataset.users, data.dataset.users);
    const std::string template_of_run;
    const std::vector<Query> queries = logged_queries(log.impressions);
    const LoggedTargets targets(
        {data, profiles, template_of_run, experiment_.simulation, experiment_.evaluation.user_vector_rule(),
         log.catalogue, invocation.group, pool, nullptr, queries, experiment_.search},
        log.dataset, options_.policy, runs);
    const auto taught = teachers(data, options_.policy, runs);
    const auto leave_out = [&](UserId user) { return taught.contains(log.dataset.user_key(user).value()); };
    const LogReplay replay(log.dataset, log.likes, log.impressions, log.catalogue, {leave_out, threads});
    const nlohmann::json report = ask(log, replay, targets, invocation);
    if (!options_.output.empty()) write_tables(options_.output, report);
    invocation.output << off_policy_text(report);
    const bool nothing = report.at("facts").at("undecided").size() == targets.policies().size();
    return nothing ? ExitCode::undecided : ExitCode::done;
  }

 private:
  nlohmann::json ask(const OpenedLog& log, const LogReplay& replay, const LoggedTargets& targets,
                     const Invocation& invocation) const {
    OffPolicyRules rules;
    rules.level = experiment_.evaluation.bootstrap().level;
    OffPolicyFacts facts{options_.log,
                         log.impressions.policy,
                         log.impressions.digest().hex(),
                         replay.users(),
                         replay.users_left_out(),
                         replay.pages(),
                         {},
                         rules.level};
    facts.sold_places = replay.sold_places();
    facts.logged = estimate_off_policy(replay.own(), rules).front();
    std::vector<OffPolicyResult> results;
    for (const std::shared_ptr<const Policy>& policy : targets.policies()) {
      Progress progress(policy->name(), "pages", static_cast<std::int64_t>(replay.pages()), invocation.clock);
      std::mutex drawing;
      const LoggedPages pages = replay.weigh(*policy, [&](std::size_t done) {
        const std::scoped_lock lock(drawing);
        progress.set(static_cast<std::int64_t>(done));
      });
      progress.finish();
      results.push_back({policy->name(), estimate_off_policy(pages, rules)});
    }
    nlohmann::json report = off_policy_report(facts, results);
    report["facts"]["provenance"] = to_json(invocation.provenance);
    report["config"] = to_json(invocation.config);
    return report;
  }

  OffPolicyOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_offpolicy_command() { return std::make_unique<OffPolicyCommand>(); }

}  // namespace coldframe
