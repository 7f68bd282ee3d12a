#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "framework/cli/frozen_layers.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/training_run.h"
#include "framework/comm/stop_signal.h"
#include "framework/core/error.h"
#include "framework/core/log.h"

namespace coldframe {
namespace {

struct TrainOptions final : Options {
  bool resume = false;
  bool overwrite = false;
  std::vector<std::string> variants;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "resume", .doc = "go on from the newest intact checkpoint of the run folder"}, resume);
    visitor.visit({.name = "overwrite", .doc = "empty an existing run folder first"}, overwrite);
    visitor.visit({.name = "variant",
                   .doc = "file that makes a variant of the configuration, any number: all are trained, one after the "
                          "other, and share the prefix cache"},
                  variants);
  }
  std::vector<Problem> validate() const override {
    if (resume && overwrite) return {{"resume", "(contradicts --overwrite) give one of them"}};
    return {};
  }
  ExistingRun existing() const {
    return resume ? ExistingRun::resume : overwrite ? ExistingRun::overwrite : ExistingRun::refuse;
  }
};

/// A configuration of its own: the common files, the variant's file over them, the command line over both.
struct Variant {
  Variant(const ConfigSources& common, const std::filesystem::path& file) {
    experiment.add_to(schema);
    ConfigSources sources = common;
    sources.files.push_back(file);
    config = load_config(schema, sources);
  }
  Variant(const Variant&) = delete;

  Experiment experiment;
  ConfigSchema schema;
  ResolvedConfig config;
};

class TrainCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage =
                "--config FILE [--config FILE ...] [--SECTION.KEY=VALUE ...] [--variant FILE ...] [--resume | "
                "--overwrite]",
            .text =
                "Fine-tunes the encoder on users of role T. Start it with mpirun or srun for several ranks, or alone.\n"
                "The run folder is ROOT/NAME/VARIANT/fold-F/seed-S; its path is printed at the end. With --variant one "
                "job\ntrains several configurations, each with the bits and the folder that it would have alone.",
            .config = ConfigUse::allowed,
            .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }

  ExitCode run(const Invocation& invocation) override {
    install_stop_handlers();
    PrefixCaches caches;
    if (options_.variants.empty()) return TrainingRun(experiment_, invocation, options_.existing(), caches).run();
    agree_on_errors(invocation.group, "variants", [&] { load_variants(invocation); });
    return run_variants(invocation, caches);
  }

 private:
  /// Every mistake is found before the first variant begins.
  void load_variants(const Invocation& invocation) {
    std::set<std::filesystem::path> folders;
    for (const std::string& file : options_.variants) {
      const Variant& variant = *variants_.emplace_back(std::make_unique<Variant>(invocation.line.sources, file));
      const RunFolder folder{variant.experiment.run_folder()};
      if (!folders.insert(folder.path).second) {
        throw ConfigError(fmt::format("two variants go to {}, the second by {}", folder.path.string(), file),
                          "each needs a folder of its own", "set experiment.variant in it");
      }
      if (invocation.group.is_root()) check_run_folder(folder, variant.config, options_.existing());
    }
  }

  ExitCode run_variants(const Invocation& invocation, PrefixCaches& caches) {
    // Hooks of a variant that is done must not hear of the failure of a later one.
    const auto hooks = std::make_shared<FailureHooks>();
    invocation.on_failure.add([hooks](const Failure& failure) { hooks->run(failure); });
    for (const std::unique_ptr<Variant>& variant : variants_) {
      *hooks = FailureHooks();
      const Invocation own{
          invocation.line,   variant->config, invocation.provenance, invocation.clock, invocation.group,
          invocation.output, *hooks};
      const ExitCode code = TrainingRun(variant->experiment, own, options_.existing(), caches).run();
      if (invocation.group.is_root()) detach_log_file();
      if (code != ExitCode::done) return code;
    }
    return ExitCode::done;
  }

  TrainOptions options_;
  Experiment experiment_;
  std::vector<std::unique_ptr<Variant>> variants_;
};

}  // namespace

std::unique_ptr<Subcommand> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace coldframe
