#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/baseline_rows.h"
#include "framework/cli/newcomer_sections.h"
#include "framework/cli/opened_run.h"
#include "framework/cli/report_output.h"
#include "framework/cli/reranking.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/training_users.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/reporting/attached_reports.h"
#include "framework/reporting/attribute_groups.h"
#include "framework/reporting/item_selection.h"

namespace coldframe {
namespace {

struct FairnessOptions final : Options {
  std::vector<std::string> run, group;
  std::string output;
  std::string item_group;
  std::int64_t shots = 0;
  std::int64_t permutations = 1000;
  ExposureChoice exposure;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit(
        {.name = "run",
         .doc = "run folder, as `coldframe train` prints it; several: folds are pooled, variants set side by side"},
        run);
    visitor.visit(
        {.name = "group", .doc = "groups of users: gender, age:25:45 (bounds), gender*age:30; may be repeated"}, group);
    visitor.visit({.name = "item_group", .doc = "attribute of items whose share of slots is compared: genres"},
                  item_group);
    exposure.describe(visitor);
    visitor.visit({.name = "shots", .doc = "likes the newcomers have shown", .unit = "likes", .minimum = 0}, shots);
    visitor.visit({.name = "permutations", .doc = "of every null", .minimum = 99, .maximum = 1e6}, permutations);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
    gate.describe(visitor, GateOptions::Baseline::none);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder"});
    if (group.empty() && !exposure.active()) {
      problems.push_back({"group", "(is missing) name an attribute of users, for example gender"});
    }
    for (Problem& problem : exposure.problems()) problems.push_back(std::move(problem));
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

class FairnessCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage =
                "--run RUN [--run RUN ...] --group RULE [--group RULE ...] [--item_group COLUMN] [--shots K]\n"
                "[--exposure_group ITEMS --exposure_share S] [--output FILE.json]",
            .text =
                "How evenly a trained run and the baselines serve groups of real newcomers: utility of each group, "
                "gaps beside\n"
                "what label permutations show from nothing, what fills the slots, exposure of items against their "
                "merit. Groups\n"
                "below 50 users enter no gap, below 30 show no number. Runs of one variant on several folds are "
                "pooled;\n"
                "several variants, all on the same folds, stand side by side, and their gaps are compared. With\n"
                "--exposure_group the lists of the run stand beside lists re-ranked so that these items get a share of "
                "the\n"
                "attention at the least loss. Ends with what cannot be concluded. Bounds "
                "`fairness.*` of\n"
                "the run's [expect] section are checked.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { sections_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    FairnessInput input;
    std::vector<UserId> members;
    EvaluationOptions evaluation;
    std::vector<FreeValue> bounds;
    sort_by_variant(invocation);
    count_likes(invocation, input);
    for (const std::string& folder : options_.run) {
      const OpenedRun run(folder, sections_.distributed.threads, invocation);
      if (members.empty()) {
        evaluation = run.experiment().evaluation;
        bounds = run.run().config().free_values("expect");
        describe_items(run, input);
      }
      require_settings(run, input);
      add_people(run, input, members);
      serve_all(run, input);
    }
    for (const ServedScorer& scorer : input.scorers) {
      if (scorer.utility.size() == input.users.size()) continue;
      throw DataError(fmt::format("{} has not ranked for all newcomers", scorer.name),
                      "some runs lack a fold that others have, or were not evaluated",
                      "give every variant on the same folds, and run `coldframe evaluate` on all of them");
    }
    input.folds = folds_;
    log_info("gaps of {} scorers, each beside {} permutations", input.scorers.size(), options_.permutations);
    nlohmann::json report = fairness_report(input, rules_of(evaluation));
    report["about"] = report_about("fairness", checksum_, options_.run, variants_);
    if (!options_.output.empty()) write_tables(options_.output, report);
    invocation.output << fairness_text(report);
    AcceptanceGate gate("fairness", {"fairness"}, options_.gate, invocation);
    invocation.output << gate.check(options_.run.front(), bounds, report_measures("fairness", report), evaluation);
    return gate.finish();
  }

 private:
  FairnessRules rules_of(const EvaluationOptions& evaluation) const {
    FairnessRules rules;
    rules.bootstrap = evaluation.bootstrap();
    rules.permutations = static_cast<std::size_t>(options_.permutations);
    rules.alpha = evaluation.alpha;
    return rules;
  }

  /// Runs of one variant one after the other, variants in the order in which they were given.
  void sort_by_variant(const Invocation& invocation) {
    std::vector<std::pair<std::size_t, std::string>> sorted;
    for (const std::string& folder : options_.run) {
      const std::string name = StoredRun(folder, invocation.line.sources).name();
      const auto found = std::ranges::find(variants_, name);
      sorted.emplace_back(found - variants_.begin(), folder);
      if (found == variants_.end()) variants_.push_back(name);
    }
    std::ranges::stable_sort(sorted, {}, &std::pair<std::size_t, std::string>::first);
    folds_ = static_cast<std::size_t>(
        std::ranges::count(sorted, std::size_t{0}, &std::pair<std::size_t, std::string>::first));
    options_.run.clear();
    for (auto& [place, folder] : sorted) options_.run.push_back(std::move(folder));
  }

  /// Popularity of all folds together, before anything is ranked: it says which items are the tail.
  void count_likes(const Invocation& invocation, FairnessInput& input) {
    for (const std::string& folder : options_.run) {
      const StoredRun run(folder, invocation.line.sources);
      const std::unique_ptr<ExperimentData> data = run.load_data();
      if (input.train_counts.empty()) {
        input.train_counts.assign(data->dataset.items.size(), 0);
        checksum_ = data->checksum;
      }
      if (data->checksum != checksum_) {
        throw DataError(fmt::format("cannot set {} beside {}", folder, options_.run.front()), "they have other data",
                        "give runs of one data set");
      }
      if (run.name() != variants_.front()) continue;
      const std::vector<std::uint32_t> counts = data->likes.count_by_item(data->roles.users(Role::train));
      for (std::size_t i = 0; i < counts.size(); ++i) input.train_counts[i] += counts[i];
      if (!options_.exposure.active() || folder != options_.run.front()) continue;
      select_items(data->dataset.items, input.train_counts, options_.exposure.group);  // its mistakes are told now
    }
  }

  void describe_items(const OpenedRun& run, FairnessInput& input) {
    const EntityTable& items = run.data().dataset.items;
    input.shots = static_cast<std::size_t>(options_.shots);
    input.slate_length = static_cast<std::size_t>(run.experiment().evaluation.coverage_at);
    input.utility_name = run.experiment().evaluation.metrics.front();
    if (!options_.item_group.empty()) input.item_groups = item_attribute_groups(items, options_.item_group);
    for (std::uint32_t i = 0; i < run.items(); ++i)
      input.item_keys.emplace_back(run.data().dataset.item_key(ItemId(i)));
    if (options_.exposure.active()) exposed_ = select_items(items, input.train_counts, options_.exposure.group);
  }

  void require_settings(const OpenedRun& run, const FairnessInput& input) const {
    const EvaluationOptions& evaluation = run.experiment().evaluation;
    if (options_.shots > evaluation.masked) {
      throw ConfigError(fmt::format("shots = {}", options_.shots),
                        fmt::format("newcomers show at most evaluation.masked = {} likes", evaluation.masked));
    }
    if (evaluation.metrics.front() != input.utility_name ||
        static_cast<std::size_t>(evaluation.coverage_at) != input.slate_length) {
      throw ConfigError(fmt::format("cannot set {} beside {}", run.folder(), options_.run.front()),
                        "evaluation.metrics or coverage_at differ", "give them on the command line");
    }
  }

  /// The newcomers of a fold of the first variant join; those of the others have to be the same, in the same order.
  void add_people(const OpenedRun& run, FairnessInput& input, std::vector<UserId>& members) {
    if (run.run().name() != variants_.front()) return require_same_people(run, input);
    const std::set<UserKey> known(input.users.begin(), input.users.end());
    for (const HeldOutUser& newcomer : run.newcomers().users()) {
      if (known.contains(newcomer.key)) {
        throw DataError(fmt::format("cannot pool {} with the runs before it", run.folder()), "they share newcomers",
                        "give one run of each fold");
      }
      members.push_back(newcomer.user);
      input.users.push_back(newcomer.key);
      input.history_lengths.push_back(newcomer.support.size() + newcomer.targets.size());
      input.targets.emplace_back(newcomer.targets.begin(), newcomer.targets.end());
      input.candidates.push_back(run.items() - newcomer.masked.size());
    }
    if (++folds_seen_ < folds_) return;
    for (const std::string& rule : options_.group) {
      input.groups.push_back(attribute_groups(run.data().dataset.users, rule, members));
    }
  }

  void require_same_people(const OpenedRun& run, const FairnessInput& input) const {
    const auto served = std::ranges::find(input.scorers, run.run().name(), &ServedScorer::name);
    std::size_t next = served == input.scorers.end() ? 0 : served->utility.size();
    for (const HeldOutUser& newcomer : run.newcomers().users()) {
      if (next < input.users.size() && input.users[next++] == newcomer.key) continue;
      throw DataError(fmt::format("cannot set {} beside {}", run.folder(), variants_.front()),
                      "its newcomers are others, or come in another order of folds",
                      "give every variant on the same folds, in the same order");
    }
  }

  /// Behind what the scorer of that name showed in the folds before.
  static void append(FairnessInput& input, std::string name, std::string role, ServedScorer served) {
    const auto found = std::ranges::find(input.scorers, name, &ServedScorer::name);
    if (found == input.scorers.end()) {
      served.name = std::move(name);
      served.role = std::move(role);
      input.scorers.push_back(std::move(served));
      return;
    }
    found->utility.insert(found->utility.end(), served.utility.begin(), served.utility.end());
    found->slates.insert(found->slates.end(), served.slates.begin(), served.slates.end());
  }

  void serve_all(const OpenedRun& run, FairnessInput& input) const {
    const MetricCut utility = parse_metric(input.utility_name);
    const auto add = [&](const std::string& name, const std::string& role, NewcomerScorer& scorer, bool prior = false) {
      if (scorer.minimum_shots() > input.shots) return;
      ServedScorer served = serve(run, scorer, input.shots, utility, input.slate_length);
      served.with_prior = prior;
      append(input, name, role, std::move(served));
      if (role == "strategy" && options_.exposure.active()) add_exposed(run, input, name, scorer);
    };
    log_info("{}: baselines and the trained encoder rank for {} newcomers", run.folder(),
             run.newcomers().users().size());
    const bool first = run.run().name() == variants_.front();  // baselines are the same for all variants
    for (const std::unique_ptr<Baseline>& baseline : make_baselines(run.data())) {
      if (!first) break;
      BaselineScorer scorer(*baseline, run.data().dataset.users, run.items());
      add(std::string(baseline->name()), baseline->name() == "random" ? "floor" : "baseline", scorer);
    }
    const BulkEncoder encoder = run.encoder();
    EncoderScorer scorer(encoder, run.texts(), run.data(), run.newcomers(), {&input.shots, 1},
                         run.experiment().evaluation.user_vector_rule());
    add(run.run().name(), "strategy", scorer);
    if (const auto weight = run.prior_weight()) {
      scorer.set_prior(run.run().scale(), *weight, training_prior(run.data()));
      add(run.run().name() + " + item prior", "strategy", scorer, true);
    }
  }

  void add_exposed(const OpenedRun& run, FairnessInput& input, const std::string& against,
                   NewcomerScorer& scorer) const {
    const ExposureChoice& choice = options_.exposure;
    const std::string name = fmt::format("{} + {} {:g}", against, choice.group, choice.share);
    ExposedLists lists =
        serve_exposed(run, scorer, input.shots, parse_metric(input.utility_name), input.slate_length, exposed_, choice);
    append(input, name, "reranked", std::move(lists.served));
    auto found = std::ranges::find(input.rerankings, name, &Reranking::scorer);
    if (found == input.rerankings.end()) {
      input.rerankings.push_back({name, against, choice.group, exposed_, choice.share});
      found = std::prev(input.rerankings.end());
    }
    found->bonus = std::max(found->bonus, lists.largest_bonus);
    found->out_of_reach += lists.out_of_reach;
  }

  FairnessOptions options_;
  NewcomerSections sections_;
  std::string checksum_;                    // of the data
  std::vector<std::string> variants_;       // in the order in which they were given
  std::size_t folds_ = 0, folds_seen_ = 0;  // runs of the first variant
  std::vector<ItemId> exposed_;             // that are to be seen more
};

}  // namespace

std::unique_ptr<Subcommand> make_fairness_command() { return std::make_unique<FairnessCommand>(); }

}  // namespace coldframe
