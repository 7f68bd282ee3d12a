#include "framework/cli/subcommands.h"
#include "framework/cli/training_run.h"
#include "framework/comm/stop_signal.h"

namespace coldframe {
namespace {

struct TrainOptions final : Options {
  bool resume = false;
  bool overwrite = false;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "resume", .doc = "go on from the newest intact checkpoint of the run folder"}, resume);
    visitor.visit({.name = "overwrite", .doc = "empty an existing run folder first"}, overwrite);
  }
  std::vector<Problem> validate() const override {
    if (resume && overwrite) return {{"resume", "(contradicts --overwrite) give one of them"}};
    return {};
  }
  ExistingRun existing() const {
    return resume ? ExistingRun::resume : overwrite ? ExistingRun::overwrite : ExistingRun::refuse;
  }
};

class TrainCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--config FILE [--config FILE ...] [--SECTION.KEY=VALUE ...] [--resume | --overwrite]",
            .text =
                "Fine-tunes the encoder on users of role T. Start it with mpirun or srun for several ranks, or alone.\n"
                "The run folder is ROOT/NAME/VARIANT/fold-F/seed-S; its path is printed at the end.",
            .config = ConfigUse::allowed,
            .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }

  ExitCode run(const Invocation& invocation) override {
    install_stop_handlers();
    return TrainingRun(experiment_, invocation, options_.existing()).run();
  }

 private:
  TrainOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace coldframe
