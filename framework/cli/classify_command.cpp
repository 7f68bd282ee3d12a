#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/chosen_encoder.h"
#include "framework/cli/label_trial.h"
#include "framework/cli/report_output.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/vector_stream.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/evaluation/options.h"
#include "framework/training/gemm_check.h"

namespace coldframe {
namespace {

struct ClassifyOptions final : Options {
  std::vector<std::string> run, encoder;
  std::string train, validate_file, test, text = "text", label = "label", prompt, output;
  double validate_share = 0.2, test_share = 0.2;
  std::vector<double> ridge = {1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6};
  std::int64_t seed = 1;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder whose trained encoder is used; may be given several times"}, run);
    visitor.visit(
        {.name = "encoder",
         .doc = "folder of a pretrained encoder, used as it is; may be given several times, and stands before runs"},
        encoder);
    visitor.visit({.name = "train", .doc = "texts with a class to fit heads on: .csv or .tsv with a header; .gz too"},
                  train);
    visitor.visit({.name = "validate",
                   .doc = "texts that choose ridge and temperature; empty: a share of --train, dealt by class"},
                  validate_file);
    visitor.visit({.name = "test", .doc = "texts to test on; empty: a share of --train, dealt by class"}, test);
    visitor.visit({.name = "text", .doc = "column of the texts"}, text);
    visitor.visit({.name = "label", .doc = "column of the classes"}, label);
    visitor.visit({.name = "prompt", .doc = "put in front of every text, as the encoder was trained"}, prompt);
    visitor.visit({.name = "validate_share",
                   .doc = "share of --train for role V without --validate",
                   .minimum = 0,
                   .maximum = 0.5,
                   .minimum_exclusive = true},
                  validate_share);
    visitor.visit({.name = "test_share",
                   .doc = "share of --train for role H without --test",
                   .minimum = 0,
                   .maximum = 0.5,
                   .minimum_exclusive = true},
                  test_share);
    visitor.visit({.name = "ridge", .doc = "penalties tried for the linear head, with commas"}, ridge);
    visitor.visit({.name = "seed", .doc = "deals texts to roles", .minimum = 0}, seed);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
    gate.describe(visitor, GateOptions::Baseline::none);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty() && encoder.empty()) {
      problems.push_back({"run", "is missing, as is --encoder (one must say which encoder) give at least one of them"});
    }
    if (train.empty()) problems.push_back({"train", "(is missing) give a .csv or .tsv file of texts with a class"});
    if (text == label) problems.push_back({"label", "(is the column of the texts too) give two columns"});
    if (ridge.empty()) problems.push_back({"ridge", "(must name at least one) try 1e-2, 1e-3, 1e-4"});
    for (const double value : ridge) {
      if (!(value > 0.0)) problems.push_back({"ridge", fmt::format("(holds {}, must be > 0) try 1e-3", value)});
    }
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

/// Texts of a task in memory; ids are not needed.
class TaskTexts final : public TextInput {
 public:
  TaskTexts(const LabelTask& task, const std::string& prompt) : task_(task), prompt_(prompt) {}
  bool next(NamedText& text) override {
    if (at_ == task_.texts.size()) return false;
    text = {{}, prompt_ + task_.texts[at_++]};
    return true;
  }

 private:
  const LabelTask& task_;
  const std::string& prompt_;
  std::size_t at_ = 0;
};

/// Vectors that stay in memory.
class KeptVectors final : public VectorWriter {
 public:
  void append(std::span<const std::string>, std::span<const float> more) override {
    vectors_.insert(vectors_.end(), more.begin(), more.end());
  }
  void commit(const nlohmann::json&) override {}
  std::span<const float> vectors() const { return vectors_; }

 private:
  std::vector<float> vectors_;
};

/// Encodes the texts with one encoder after the other and fits heads on the root; the other ranks help to encode.
class ClassifyJob {
 public:
  ClassifyJob(const ClassifyOptions& options, const Experiment& experiment, const Invocation& invocation)
      : options_(options), experiment_(experiment), invocation_(invocation), group_(invocation.group) {}

  LabelInput run() {
    agree_on_errors(group_, "read texts", [&] {
      if (!group_.is_root()) return;
      task_ = read_label_task({.train = options_.train,
                               .validate = options_.validate_file,
                               .test = options_.test,
                               .text_column = options_.text,
                               .label_column = options_.label,
                               .validate_share = options_.validate_share,
                               .test_share = options_.test_share,
                               .seed = static_cast<std::uint64_t>(options_.seed)});
      describe_task();
    });
    const std::int64_t threads = experiment_.distributed.threads;
    const Topology topology = discover_topology(group_);
    LanePool pool(threads > 0 ? static_cast<int>(threads) : topology.default_threads);
    for (const std::string& folder : options_.encoder) {
      Experiment own;
      own.encoder = experiment_.encoder;
      own.text = experiment_.text;
      own.batch = experiment_.batch;
      own.strategy.use = {"frozen"};
      own.encoder.folder = folder;
      try_encoder(folder, false, pool, topology, [&] { return ChosenEncoder::pretrained(own, invocation_.config); });
    }
    for (const std::string& folder : options_.run) {
      try_encoder(folder, true, pool, topology,
                  [&] { return ChosenEncoder::of_run(folder, invocation_.line.sources); });
    }
    name_apart();
    return std::move(input_);
  }

 private:
  void describe_task() {
    const std::string tested = options_.test.empty() ? fmt::format("a share of {}", options_.train) : options_.test;
    input_.task = fmt::format("{}, column {}", tested, options_.label);
    input_.classes = task_.classes;
    input_.trained = task_.trained;
    input_.validated = task_.validated;
    input_.labels.assign(task_.labels.end() - static_cast<std::ptrdiff_t>(task_.tested), task_.labels.end());
    for (std::size_t r = task_.texts.size() - task_.tested; r < task_.texts.size(); ++r) {
      input_.texts.emplace_back(stable_hash(task_.texts[r]));
    }
    if (task_.repeated > 0) {
      input_.limits.push_back(
          fmt::format("{} texts of the test are in role T or V too, word for word: they are no test", task_.repeated));
    }
    input_.classifiers.push_back(class_frequencies(task_));
    folders_.emplace_back();
  }

  void try_encoder(const std::string& folder, bool trained, LanePool& pool, const Topology& topology,
                   const std::function<ChosenEncoder()>& open) {
    std::unique_ptr<ChosenEncoder> chosen;
    agree_on_errors(group_, "load encoder", [&] { chosen = std::make_unique<ChosenEncoder>(open()); });
    check_gemm_speed(pool, topology, invocation_.provenance.instruction_set, chosen->learner().parameters.precision());
    const std::string name = chosen->name();
    KeptVectors kept;
    encode(*chosen, name, pool, kept);
    chosen.reset();
    agree_on_errors(group_, "fit heads", [&] {
      if (!group_.is_root()) return;
      const LabelTrial trial(task_, options_.ridge, pool);
      for (LabelClassifier& found : trial.run(name, trained, kept.vectors(), input_.limits)) {
        input_.classifiers.push_back(std::move(found));
        folders_.push_back(folder);
      }
    });
  }

  void encode(ChosenEncoder& chosen, const std::string& name, LanePool& pool, KeptVectors& kept) {
    const Experiment& experiment = chosen.experiment();
    const auto max_tokens = static_cast<std::size_t>(token_limit(experiment, *chosen.learner().encoder));
    constexpr std::int64_t chunk_tokens = 2048;
    VectorStream stream({group_, pool, invocation_.clock, chosen.learner(), max_tokens,
                         std::min(chunk_tokens, experiment.batch.tokens)});
    TaskTexts texts(task_, options_.prompt);
    std::unique_ptr<Progress> progress;
    if (group_.is_root()) {
      progress = std::make_unique<Progress>("encode", "texts", static_cast<std::int64_t>(task_.texts.size()),
                                            invocation_.clock);
      progress->note(name);
    }
    const StreamSummary summary =
        stream.run(&texts, &kept, [&](std::size_t done) { progress->set(static_cast<std::int64_t>(done)); });
    progress.reset();
    if (group_.is_root()) log_info("{}: {} texts encoded in {:.1f} s", name, summary.texts, summary.seconds);
  }

  /// Two seeds of a variant, or two folders of one name, are told apart by their folders.
  void name_apart() {
    std::map<std::string, std::set<std::string>> folders;
    for (std::size_t s = 0; s < folders_.size(); ++s) folders[input_.classifiers[s].name].insert(folders_[s]);
    for (std::size_t s = 0; s < folders_.size(); ++s) {
      if (folders[input_.classifiers[s].name].size() < 2) continue;
      std::string& name = input_.classifiers[s].name;
      name = fmt::format("{} ({})", name, folders_[s]);
    }
  }

  const ClassifyOptions& options_;
  const Experiment& experiment_;
  const Invocation& invocation_;
  const Group& group_;
  LabelTask task_;  // on the root
  LabelInput input_;
  std::vector<std::string> folders_;  // of the classifiers' encoders
};

class ClassifyCommand final : public Subcommand {
 public:
  ClassifyCommand() { experiment_.encoder.normalize = "folder"; }

  SubcommandInfo info() const override {
    return {.usage =
                "(--run RUN | --encoder FOLDER) ... --train FILE [--validate FILE] [--test FILE] --label COLUMN "
                "[--output FILE.json]",
            .text =
                "How well the vectors of encoders tell classes of texts apart: a multinomial logistic regression and "
                "the nearest mean\n"
                "of a class, fitted on role T, their penalty and temperature chosen on role V, measured on role H. "
                "Accuracy, macro\n"
                "precision, recall and F1, log loss, Brier score and calibration error with intervals over texts, and "
                "the difference of\n"
                "every encoder to the first one, paired by text. Bounds `classify.*` of [expect] are checked.",
            .config = ConfigUse::allowed,
            .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override {
    schema.section("text", "how long texts may be", experiment_.text);
    schema.section("encoder", "the pretrained encoder", experiment_.encoder);
    schema.section("batch", "how texts are cut into products", experiment_.batch);
    schema.section("distributed", "ranks, threads, deadlines", experiment_.distributed, Effect::operation);
    schema.section("evaluation", "intervals, and what counts as a finding", experiment_.evaluation);
    add_expect_section(schema);
  }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }

  ExitCode run(const Invocation& invocation) override {
    const LabelInput input = ClassifyJob(options_, experiment_, invocation).run();
    ExitCode code = ExitCode::done;
    agree_on_errors(invocation.group, "write report", [&] {
      if (!invocation.group.is_root()) return;
      const EvaluationOptions& evaluation = experiment_.evaluation;
      const nlohmann::json report = label_report(input, evaluation.rules());
      if (!options_.output.empty()) write_tables(options_.output, report);
      invocation.output << label_report_text(report);
      AcceptanceGate gate("classify", {"classify"}, options_.gate, invocation);
      invocation.output << gate.check(input.task, invocation.config.free_values("expect"),
                                      report_measures("classify", report), evaluation);
      code = gate.finish();
    });
    return code;
  }

 private:
  ClassifyOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_classify_command() { return std::make_unique<ClassifyCommand>(); }

}  // namespace coldframe
