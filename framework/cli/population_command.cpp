#include <fmt/format.h>

#include <ostream>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/profile_text.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/simulation/population.h"
#include "framework/simulation/population_file.h"

namespace coldframe {
namespace {

struct PopulationCommandOptions final : Options {
  bool overwrite = false;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "overwrite", .doc = "replace an existing population file"}, overwrite);
  }
};

class PopulationCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--config FILE [--SECTION.KEY=VALUE ...] [--overwrite]",
            .text =
                "Fits worlds (laws of taste) on the users of role W and writes a population: a generator of newcomers whose\n"
                "attributes follow a smoothed law and who copy nobody. Prints its card: what is fitted, assumed, not\n"
                "identifiable.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    const std::filesystem::path path = experiment_.population.path;
    if (path.empty()) throw ConfigError("population.path is missing", "nowhere to write", "try populations/NAME.h5");
    if (!options_.overwrite && std::filesystem::exists(path)) {
      throw IoError(fmt::format("cannot write {}", path.string()), "it exists", "give --overwrite to replace it");
    }
    const ExperimentData data(experiment_);
    log_info("fitting worlds on {} users of role W", data.roles.users(Role::world).size());
    const Population population = make_population(data.dataset, data.roles, data.likes, experiment_.population,
                                                  profile_renderer(experiment_.text, data.dataset.users), experiment_.text.user);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    write_population(path, population);
    invocation.output << card_text(population) << path.string() << '\n';
    return ExitCode::done;
  }

 private:
  PopulationCommandOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_population_command() { return std::make_unique<PopulationCommand>(); }

}  // namespace coldframe
