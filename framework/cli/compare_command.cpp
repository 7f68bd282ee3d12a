#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>
#include <set>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/finished_run.h"
#include "framework/cli/subcommands.h"
#include "framework/core/log.h"
#include "framework/evaluation/options.h"
#include "framework/reporting/attached_reports.h"
#include "framework/reporting/report.h"
#include "framework/reporting/report_files.h"

namespace coldframe {
namespace {

struct CompareOptions final : Options {
  std::vector<std::string> run;
  std::vector<std::string> simulation;
  std::vector<std::string> attach;
  std::vector<std::int64_t> shots;
  std::string output;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folders, evaluated; --run may be left out before each"}, run);
    visitor.visit({.name = "simulation", .doc = "records that `coldframe simulate` wrote; may be repeated"},
                  simulation);
    visitor.visit(
        {.name = "attach", .doc = "what `robustness`, `poisoning` or `fairness` wrote (.json); may be repeated"},
        attach);
    visitor.visit(
        {.name = "shots",
         .doc = "only these numbers of shown likes, with commas; fewer comparisons need less correction; empty: all",
         .unit = "likes"},
        shots);
    visitor.visit({.name = "output", .doc = "page to write (.html); report data and tables go beside it"}, output);
    gate.describe(visitor, GateOptions::Baseline::none);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give at least one run folder"});
    if (std::ranges::any_of(shots, [](std::int64_t k) { return k < 0; })) {
      problems.push_back({"shots", "(holds a negative number) try 0, 10"});
    }
    if (const std::string twice = given_twice(simulation); !twice.empty()) {
      problems.push_back({"simulation", fmt::format("(holds {} twice) give it once", twice)});
    }
    std::set<std::string> names;
    for (const std::string& file : attach) {
      if (names.insert(std::filesystem::path(file).stem().string()).second) continue;
      problems.push_back(
          {"attach", fmt::format("(holds two files called {}) their tables need different names", file)});
    }
    if (output.empty()) problems.push_back({"output", "(is missing) give the page to write: report.html"});
    if (!output.empty() && std::filesystem::path(output).extension() != ".html") {
      problems.push_back({"output", "(does not end in .html) give report.html; the data go to report.json beside it"});
    }
    return problems;
  }
};

/// A simulation on other data or with a policy of a run that is not here would stand beside numbers it has nothing to
/// do with.
void require_belongs(const NamedSimulation& simulation, const NamedRun& run) {
  const nlohmann::json::json_pointer data("/identity/data");
  const std::string theirs = simulation.record.summary.value("data", ""), ours = run.record.summary.value(data, "");
  if (theirs.empty() || theirs == ours) return;
  throw DataError(fmt::format("cannot compare {} with {}", simulation.name, run.name),
                  fmt::format("other data: {:.12}... and {:.12}...", theirs, ours), "simulate on the data of the runs");
}

/// The runs that a simulation met are among these, with these weights: a run that was trained anew keeps its name.
void require_met(const NamedSimulation& simulation, std::span<const NamedRun> runs) {
  for (const nlohmann::json& met : simulation.record.summary.value("runs", nlohmann::json::array())) {
    const auto run = std::ranges::find_if(runs, [&](const NamedRun& given) {
      const nlohmann::json& ours = given.record.summary;
      return std::ranges::all_of(std::array{"variant", "fold", "seed"},
                                 [&](const char* key) { return met.at(key) == ours.at(key); });
    });
    if (run == runs.end()) {
      throw DataError(fmt::format("cannot compare {} with these runs", simulation.name),
                      fmt::format("it met fold {}, seed {} of {}, which is not among them", met.at("fold").dump(),
                                  met.at("seed").dump(), met.at("variant").get<std::string>()),
                      "give that run too, or simulate with these");
    }
    const std::string shown = met.value("digest", ""), trained = run->record.summary.value("digest", "");
    if (shown.empty() || trained.empty() || shown == trained) continue;
    throw DataError(fmt::format("cannot compare {} with {}", simulation.name, run->name),
                    fmt::format("it met other weights of {}: digest {}, the run has {}",
                                met.at("variant").get<std::string>(), shown, trained),
                    "simulate with the run as it is now");
  }
}

class CompareCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage =
                "RUN [RUN ...] [--simulation FILE ...] [--attach FILE.json ...] --output report.html "
                "[--evaluation.KEY=VALUE ...]",
            .text =
                "Sets evaluated runs side by side: folds of a variant are pooled, seeds stay apart, every difference "
                "is paired\n"
                "and has an interval. Writes one page that needs no network, its numbers as report.json, and every "
                "table as\n"
                "CSV. --attach adds what noise, poisoned logs and groups showed. Runs with other data, roles, users or "
                "metrics\n"
                "are refused. Bounds `compare.*` of [expect] are checked.",
            .config = ConfigUse::allowed,
            .positional = {"run"}};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override {
    schema.section("evaluation", "intervals, and what counts as a finding", evaluation_);
    add_expect_section(schema);
  }

  ExitCode run(const Invocation& invocation) override {
    std::vector<NamedRun> runs;
    for (const std::string& folder : options_.run) runs.push_back(read_finished_run(folder));
    PooledRuns pooled = pool_runs(std::move(runs));
    keep_shots(pooled, std::vector<std::size_t>(options_.shots.begin(), options_.shots.end()));
    std::vector<NamedSimulation> simulations;
    for (const std::string& file : options_.simulation) {
      simulations.push_back({file, read_simulation_record(file)});
      require_belongs(simulations.back(), pooled.runs.front());
      require_met(simulations.back(), pooled.runs);
      if (!simulations.back().record.summary.value("complete", true)) {
        log_warning("{} is incomplete: it was stopped and holds the first {} users", file,
                    simulations.back().record.summary.at("users").get<std::uint64_t>());
      }
    }
    std::vector<AttachedReport> attached;
    for (const std::string& file : options_.attach) {
      attached.push_back(read_attached_report(file));
      require_belongs(attached.back(), pooled);
    }
    nlohmann::json report = make_report(pooled, simulations, evaluation_.rules());
    attach_reports(report, attached);
    write_report(options_.output, report);
    AcceptanceGate gate("compare", {"compare"}, options_.gate, invocation);
    invocation.output << report_text(report);
    log_info("wrote {}", options_.output);
    invocation.output << gate.check(options_.output, invocation.config.free_values("expect"),
                                    report_measures("compare", report), evaluation_);
    return gate.finish();
  }

 private:
  CompareOptions options_;
  EvaluationOptions evaluation_;
};

}  // namespace

void append_report_commands(std::vector<SubcommandEntry>& table) {
  table.push_back({"compare", "set runs side by side and write the report", std::make_unique<CompareCommand>});
  table.push_back({"plan", "work out how large a study has to be", make_plan_command});
}

}  // namespace coldframe
