#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/report_output.h"
#include "framework/cli/simulation_outputs.h"
#include "framework/cli/stream_walk.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/reporting/measures.h"
#include "framework/reporting/stream_worlds.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

struct StreamCommandOptions final : Options {
  std::string run;
  std::int64_t users = 200;
  std::string output;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder of a stream of periods whose tasks were kept"}, run);
    visitor.visit({.name = "users",
                   .doc = "newcomers who stand for every task, at most those of a period",
                   .unit = "users",
                   .minimum = 2,
                   .maximum = 1e6},
                  users);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
    gate.describe(visitor, GateOptions::Baseline::none);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder as `coldframe train` prints it"});
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

std::string recovery_text(const nlohmann::json& facts) {
  if (facts.at("change").is_null()) return "\nrecovery: n/a (the world is the same in the last period of every task)\n";
  const std::string change = fmt::format("\nrecovery from the change in {}: ", facts.at("change").get<std::string>());
  const nlohmann::json& recovery = facts.at("recovery");
  if (recovery.is_null()) {
    return change +
           "n/a (no share of the attainable range above 0 before it, among tasks met with something learned)\n";
  }
  const std::string of = fmt::format("95 % of the share before it, {:.3f}", recovery.at("share_before").get<double>());
  if (recovery.at("user_steps").is_null()) {
    return change +
           fmt::format("{}, was not regained within {:.0f} user-steps\n", of, recovery.at("watched").get<double>());
  }
  return change +
         fmt::format("{}, was regained after {:.0f} user-steps\n", of, recovery.at("user_steps").get<double>());
}

std::string stream_text(const nlohmann::json& report) {
  std::string text;
  for (const nlohmann::json& table : report.at("tables")) text += table_text(table) + '\n';
  return text + recovery_text(report.at("facts"));
}

class StreamCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage = "--config FILE --run RUN [--users N] [--output FILE.json] [--junit FILE.xml]",
        .text =
            "What an encoder that learned a stream of simulated periods is worth after every task to newcomers of\n"
            "every task: in the world of their own time (retention), and in that of the encoder's (currency), also\n"
            "as share of what is attainable there; what people got who came next, and how long it took to be as\n"
            "good again after the world changed. The people have luck of their own: nobody was learned from.\n"
            "Bounds `stream.*` of [expect] are checked.",
        .config = ConfigUse::allowed,
        .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }

  ExitCode run(const Invocation& invocation) override {
    std::unique_ptr<StoredRun> run;
    agree_on_errors(invocation.group, "open run", [&] {
      run = std::make_unique<StoredRun>(options_.run);
      const std::filesystem::path written[] = {options_.output, options_.gate.junit, options_.gate.measures};
      if (invocation.group.is_root()) require_writable(written);
    });
    const StreamWorlds worlds = StreamWalk({experiment_, *run, options_.users, invocation}).run();
    ExitCode code = ExitCode::done;
    agree_on_errors(invocation.group, "report stream", [&] {
      if (invocation.group.is_root()) code = report(worlds, invocation);
    });
    return code;
  }

 private:
  ExitCode report(const StreamWorlds& worlds, const Invocation& invocation) const {
    nlohmann::json report = stream_worlds_report(worlds, experiment_.evaluation.bootstrap());
    report["facts"]["provenance"] = to_json(invocation.provenance);
    report["config"] = to_json(invocation.config);
    if (!options_.output.empty()) write_tables(options_.output, report);
    invocation.output << stream_text(report);
    AcceptanceGate gate("stream", {"stream"}, options_.gate, invocation);
    invocation.output << gate.check(options_.run, invocation.config.free_values("expect"),
                                    report_measures("stream", report), experiment_.evaluation);
    return gate.finish();
  }

  StreamCommandOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_stream_command() { return std::make_unique<StreamCommand>(); }

}  // namespace coldframe
