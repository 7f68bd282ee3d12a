#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/cli/subcommand.h"
#include "framework/core/config_schema.h"
#include "framework/core/options.h"
#include "framework/evaluation/options.h"
#include "framework/reporting/junit.h"

namespace coldframe {

/// What commands that check `[expect]` take beside their own options.
struct GateOptions {
  std::string baseline;
  std::string junit;
  std::string measures;

  /// Visits --baseline only where a bound can name a run.
  enum class Baseline { none, allowed };
  void describe(OptionVisitor& visitor, Baseline baseline);
  std::vector<Problem> problems() const;
};

/// What a bound's `within M of RUN` is compared with; `owner` keeps alive what the measures borrow.
struct GateReference {
  std::shared_ptr<const void> owner;
  Measures measures;
};

/// Lets a configuration hold `[expect]`.
void add_expect_section(ConfigSchema& schema);

/// Checks the bounds of `[expect]` that concern one command, subject after subject (run folders, a report), and turns
/// them into text, files and an exit code. One rank's business: the root's.
class AcceptanceGate {
 public:
  /// `words`: first words of the command's measures. Borrows the options and the invocation.
  AcceptanceGate(std::string command, std::vector<std::string> words, const GateOptions& options,
                 const Invocation& invocation);

  /// Reads the run that a bound names; throws where it is not comparable.
  using ReadReference = std::function<GateReference(const std::string& run)>;

  /// Fails before the work when a bound needs --baseline and there is none, or names what does not exist.
  void require_references(std::span<const FreeValue> bounds) const;
  /// The lines to print for this subject; empty without bounds.
  std::string check(const std::string& subject, std::span<const FreeValue> bounds, const Measures& measures,
                    const EvaluationOptions& evaluation, const ReadReference& read = {});
  /// Writes --junit and --measures; what the command returns.
  ExitCode finish() const;

 private:
  std::string path_of(const std::string& run) const;

  std::string command_;
  std::vector<std::string> words_;
  const GateOptions& options_;
  const Invocation& invocation_;
  std::vector<AcceptanceSuite> suites_;
  std::map<std::string, nlohmann::json> measures_;  // by subject
};

}  // namespace coldframe
