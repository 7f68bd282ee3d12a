#include "framework/cli/acceptance_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/json.h"
#include "framework/core/log.h"
#include "framework/reporting/acceptance_bound.h"

namespace coldframe {
namespace {

constexpr std::string_view k_baseline = "baseline";  // stands for --baseline in a bound

/// "2026-11-22T13:46:05Z" without the zone, which JUnit's schema does not know.
std::string without_zone(std::string time) {
  if (time.ends_with('Z')) time.pop_back();
  return time;
}

}  // namespace

void add_expect_section(ConfigSchema& schema) {
  schema.free_section("expect", "acceptance bounds: measure = comparison and number, or within M of RUN");
}

void GateOptions::describe(OptionVisitor& visitor, Baseline baseline_use) {
  if (baseline_use == Baseline::allowed) {
    visitor.visit({.name = "baseline", .doc = "what bounds `within M of baseline` compare with"}, baseline);
  }
  visitor.visit({.name = "junit", .doc = "file for the outcome of [expect] as JUnit XML (.xml); empty: none"}, junit);
  visitor.visit({.name = "measures", .doc = "file for every measure that [expect] could bound (.json); empty: none"},
                measures);
}

std::vector<Problem> GateOptions::problems() const {
  std::vector<Problem> problems;
  if (!junit.empty() && std::filesystem::path(junit).extension() != ".xml") {
    problems.push_back({"junit", "(does not end in .xml) try bounds.xml"});
  }
  if (!measures.empty() && std::filesystem::path(measures).extension() != ".json") {
    problems.push_back({"measures", "(does not end in .json) try measures.json"});
  }
  return problems;
}

AcceptanceGate::AcceptanceGate(std::string command, std::vector<std::string> words, const GateOptions& options,
                               const Invocation& invocation)
    : command_(std::move(command)), words_(std::move(words)), options_(options), invocation_(invocation) {}

std::string AcceptanceGate::path_of(const std::string& run) const {
  if (run != k_baseline) return run;
  if (options_.baseline.empty()) {
    throw ConfigError("a bound of [expect] compares with the baseline", "there is none", "give --baseline");
  }
  return options_.baseline;
}

void AcceptanceGate::require_references(std::span<const FreeValue> bounds) const {
  for (const FreeValue& line : bounds) {
    const std::string word = line.key.substr(0, line.key.find('.'));
    if (std::ranges::find(words_, word) == words_.end()) continue;
    const AcceptanceBound bound = parse_acceptance_bound(line);
    if (bound.kind != AcceptanceBound::Kind::within) continue;
    const std::string path = path_of(bound.run);
    if (std::filesystem::exists(path)) continue;
    throw DataError(fmt::format("expect.{} = {} in {}", line.key, line.text, line.origin.text()),
                    fmt::format("{} does not exist", path), "give what was stored before");
  }
}

std::string AcceptanceGate::check(const std::string& subject, std::span<const FreeValue> bounds,
                                  const Measures& measures, const EvaluationOptions& evaluation,
                                  const ReadReference& read) {
  if (!options_.measures.empty()) measures_[subject] = to_json(measures);
  std::map<std::string, GateReference> references;
  const auto reference = [&](const std::string& run) -> const Measures& {
    const std::string path = path_of(run);
    const auto known = references.find(path);
    return known != references.end() ? known->second.measures
                                     : references.emplace(path, read(path)).first->second.measures;
  };
  NonInferiorityRules rules;
  rules.bootstrap = evaluation.bootstrap();
  rules.minimum_users = static_cast<std::size_t>(evaluation.minimum_users);
  suites_.push_back({subject, check_expectations(bounds, words_, measures, reference, rules)});
  return acceptance_text(suites_.back().results);
}

ExitCode AcceptanceGate::finish() const {
  if (!options_.measures.empty()) {
    nlohmann::json all = nlohmann::json::object();
    for (const auto& [subject, measures] : measures_) all[subject] = measures;
    write_json(options_.measures, all);
    log_info("wrote {}", options_.measures);
  }
  if (!options_.junit.empty()) {
    const Provenance& provenance = invocation_.provenance;
    write_file_atomically(options_.junit, junit_xml(command_, suites_, provenance.host, without_zone(provenance.date)));
    log_info("wrote {}", options_.junit);
    const bool empty = std::ranges::all_of(suites_, [](const AcceptanceSuite& suite) { return suite.results.empty(); });
    if (empty) log_warning("{} holds no bound: nothing in [expect] concerns `coldframe {}`", options_.junit, command_);
  }
  std::vector<AcceptanceResult> all;
  for (const AcceptanceSuite& suite : suites_) all.insert(all.end(), suite.results.begin(), suite.results.end());
  return exit_code(all);
}

}  // namespace coldframe
