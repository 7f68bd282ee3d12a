#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "framework/cli/folded_run.h"
#include "framework/cli/subcommands.h"
#include "framework/comm/topology.h"
#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/combined_changes.h"
#include "framework/model/encoder_digest.h"
#include "framework/model/sentence_transformers_folder.h"

namespace coldframe {
namespace {

namespace fs = std::filesystem;

struct MergeOptions final : Options {
  std::vector<std::string> run;
  std::string output;
  std::vector<double> weights;
  std::string method = "linear";
  double density = 0.5;
  std::int64_t seed = 1;
  double largest_error = 1e-4;
  std::int64_t texts = 256;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder whose strategies are merged; may be given several times"}, run);
    visitor.visit({.name = "output", .doc = "folder to write"}, output);
    visitor.visit({.name = "weights", .doc = "one weight per run, for what it changed; none: one run as it is"},
                  weights);
    visitor.visit({.name = "method",
                   .doc = "how several runs become one: linear sum, ties (arXiv 2306.01708), dare (arXiv 2311.03099)",
                   .choices = {"linear", "ties", "dare"}},
                  method);
    visitor.visit({.name = "density",
                   .doc = "share of what a run changed that ties and dare keep",
                   .minimum = 0,
                   .maximum = 1,
                   .minimum_exclusive = true},
                  density);
    visitor.visit({.name = "seed", .doc = "seed of what dare keeps", .minimum = 0}, seed);
    visitor.visit({.name = "largest-error",
                   .doc = "largest change of an element of a vector by the merge that is put up with",
                   .minimum = 0,
                   .minimum_exclusive = true},
                  largest_error);
    visitor.visit(
        {.name = "texts", .doc = "texts of the run's data set that are compared", .unit = "texts", .minimum = 1},
        texts);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems;
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder"});
    if (output.empty()) problems.push_back({"output", "(is missing) give the folder to write"});
    if (weights.size() != run.size() && (run.size() > 1 || !weights.empty())) {
      problems.push_back({"weights", "(every run needs one) give as many numbers as runs"});
    }
    if (weights.empty() && method != "linear") problems.push_back({"method", "(nothing is weighted) give --weights"});
    return problems;
  }
};

class Merge {
 public:
  Merge(const MergeOptions& options, const Invocation& invocation)
      : options_(options), invocation_(invocation), pool_(discover_topology(invocation.group).default_threads) {
    if (fs::exists(options.output)) {
      throw ConfigError(fmt::format("{} exists", options.output), "it is not ours to replace",
                        "choose another --output");
    }
    for (const std::string& run : options.run) {
      runs_.push_back(std::make_unique<StoredRun>(run, ConfigSources{{}, {"encoder.precision=fp32"}}));
    }
    const StoredRun& first = *runs_.front();
    data_ = first.load_data();
    pretrained_ = first.load_pretrained();
    const TokenizedTexts texts(*data_, pretrained_->tokenizer, token_limit(first.experiment(), *pretrained_->encoder));
    texts_ = texts_to_compare(*data_, texts, static_cast<std::size_t>(options.texts));
  }

  void run() {
    if (options_.weights.empty()) {
      FoldedRun folded = fold(*runs_.front(), texts_, invocation_.group, pool_);
      expect_small(folded.largest_error, *runs_.front());
      write(*folded.learner, folded.left, folded.before);
    } else {
      add_weighted_changes();
      write(*pretrained_, {}, vectors(*pretrained_->encoder, pretrained_->parameters));
    }
  }

 private:
  EncodedTexts vectors(const Encoder& encoder, ParameterStore& parameters) {
    parameters.compute_in(Precision::fp32);
    return BulkEncoder(invocation_.group, pool_, encoder, parameters, runs_.front()->experiment().batch.tokens)
        .encode(texts_, "merge");
  }

  void expect_small(double error, const StoredRun& run) {
    largest_error_ = std::max(largest_error_, error);
    if (error <= options_.largest_error) return;
    throw NumericError(fmt::format("merging {} changes its vectors by up to {:.3g}", run.folder().path.string(), error),
                       fmt::format("--largest-error = {:g}", options_.largest_error),
                       "use the run as it is, or raise the bound");
  }

  /// Into the pretrained encoder, tensor by tensor.
  void add_weighted_changes() {
    std::vector<std::vector<at::Tensor>> changes(pretrained_->encoder->parameters().size());
    for (const std::unique_ptr<StoredRun>& run : runs_) {
      FoldedRun folded = fold(*run, texts_, invocation_.group, pool_);
      expect_small(folded.largest_error, *run);
      expect_mergeable(folded, *run);
      for (std::size_t i = 0; i < changes.size(); ++i) {
        const ParameterIndex index = pretrained_->encoder->parameters()[i];
        const ParameterStore& before = pretrained_->parameters;
        changes[i].push_back(std::as_const(folded.learner->parameters).value(index) - before.value(index));
      }
    }
    const MergeRule rule{method(), options_.weights, options_.density, static_cast<std::uint64_t>(options_.seed)};
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const ParameterIndex index = pretrained_->encoder->parameters()[i];
      at::Tensor& value = pretrained_->parameters.value(index);
      value.add_(combined_change(changes[i], rule, pretrained_->parameters.info(index).name));
      changes[i].clear();
    }
  }

  MergeMethod method() const {
    if (options_.method == "ties") return MergeMethod::ties;
    return options_.method == "dare" ? MergeMethod::dare : MergeMethod::linear;
  }

  void expect_mergeable(const FoldedRun& folded, const StoredRun& run) const {
    if (!folded.left.empty()) {
      throw ConfigError(fmt::format("{} has {} beside its encoder", run.folder().path.string(), folded.left.front()),
                        "only weights of the encoder can be weighted", "merge it alone, without --weights");
    }
    if (folded.learner->encoder_digest == pretrained_->encoder_digest) return;
    throw DataError(fmt::format("{} was trained on another encoder than {}", run.folder().path.string(),
                                runs_.front()->folder().path.string()),
                    "changes are added to one encoder", "merge runs of one encoder");
  }

  void write(Learner& learner, const std::vector<std::string>& left, const EncodedTexts& before) {
    const Experiment& experiment = runs_.front()->experiment();
    AtomicFolder target(options_.output);
    write_sentence_transformers_folder(target.temporary(), *learner.encoder, learner.parameters,
                                       experiment.encoder.folder);
    expect_small(largest_difference(before, reopened(target.temporary(), learner, left)), *runs_.front());
    write_json(target.temporary() / "merge.json", description(learner, left));
    target.commit();
    invocation_.output << fmt::format("{}: vectors of {} texts differ by at most {:.3g}\n", options_.output,
                                      texts_.size(), largest_error_);
    for (const std::string& name : left) {
      invocation_.output << fmt::format("{} does not merge: see {}/adapters/{}\n", name, options_.output, name);
    }
  }

  /// Vectors of what was written, with what does not merge attached to it again and written beside it.
  EncodedTexts reopened(const fs::path& folder, const Learner& learner, const std::vector<std::string>& left) {
    const StoredRun& run = *runs_.front();
    EncoderOptions options = run.experiment().encoder;
    options.folder = folder.string();
    ParameterStore parameters;
    const std::unique_ptr<Encoder> encoder = load_encoder(options, parameters);
    Experiment experiment = run.experiment();
    experiment.strategy.use = left;
    const StrategySet rest = experiment.make_strategies(run.config());
    const std::size_t own = parameters.size();
    rest.attach(*encoder, parameters, {1, encoder_digest(*encoder, parameters)});
    for (std::size_t i = own; i < parameters.size(); ++i) {
      const auto index = static_cast<ParameterIndex>(i);
      parameters.value(index).copy_(learner.parameters.value(learner.parameters.require(parameters.info(index).name)));
    }
    if (!rest.empty()) fs::create_directory(folder / "adapters");
    for (std::size_t i = 0; i < rest.size(); ++i) {
      rest.strategy(i).export_to(folder / "adapters" / rest.name(i), *encoder, parameters, options_.output);
    }
    return vectors(*encoder, parameters);
  }

  nlohmann::json description(const Learner& learner, const std::vector<std::string>& left) const {
    nlohmann::json runs = nlohmann::json::array();
    for (const std::unique_ptr<StoredRun>& run : runs_) {
      runs.push_back({{"folder", run->folder().path.string()},
                      {"variant", run->name()},
                      {"strategies", run->experiment().strategy.use},
                      {"identity", run->record().summary.at("identity")}});
    }
    nlohmann::json json = {{"format_version", 1},
                           {"runs", runs},
                           {"base_model", runs_.front()->experiment().encoder.folder},
                           {"base_encoder_sha256", pretrained_->encoder_digest},
                           {"encoder_sha256", encoder_digest(*learner.encoder, learner.parameters)},
                           {"not_merged", left},
                           {"largest_error", largest_error_},
                           {"bound", options_.largest_error},
                           {"texts", texts_.size()}};
    if (options_.weights.empty()) return json;
    json["weights"] = options_.weights;
    json["method"] = options_.method;
    if (options_.method != "linear") json["density"] = options_.density;
    if (options_.method == "dare") json["seed"] = options_.seed;
    return json;
  }

  const MergeOptions& options_;
  const Invocation& invocation_;
  LanePool pool_;
  std::vector<std::unique_ptr<StoredRun>> runs_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<Learner> pretrained_;
  std::vector<Tokens> texts_;
  double largest_error_ = 0;
};

class MergeCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage = "--run RUN [--run RUN ... --weights W,W... [--method linear|ties|dare]] --output DIR",
        .text =
            "Folds what a run has learned into the weights of its encoder, compares vectors of texts of its data set "
            "before\n"
            "and after, and writes a sentence-transformers folder. Several runs on one encoder become one by weights."};
  }
  Options& options() override { return options_; }
  ExitCode run(const Invocation& invocation) override {
    Merge(options_, invocation).run();
    return ExitCode::done;
  }

 private:
  MergeOptions options_;
};

}  // namespace

std::unique_ptr<Subcommand> make_merge_command() { return std::make_unique<MergeCommand>(); }

}  // namespace coldframe
