#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string_view>
#include <system_error>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/profile_text.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/simulation/enlarged_population.h"
#include "framework/simulation/newcomer_table.h"
#include "framework/simulation/population.h"
#include "framework/simulation/population_file.h"

namespace coldframe {
namespace {

struct PopulationCommandOptions final : Options {
  bool overwrite = false;
  std::int64_t synthetic_items = 0;
  std::int64_t materialise = 0;
  std::string newcomers;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "overwrite", .doc = "replace existing files"}, overwrite);
    visitor.visit(
        {.name = "synthetic-items",
         .doc = "items beyond those of the data set, with attributes like theirs and tastes regressed on these",
         .unit = "items",
         .minimum = 0,
         .maximum = 1e6},
        synthetic_items);
    visitor.visit({.name = "materialise",
                   .doc = "write this many newcomers as rows, too; from an existing population without fitting again",
                   .minimum = 0,
                   .maximum = 1e9},
                  materialise);
    visitor.visit({.name = "newcomers", .doc = "file for these rows (.h5)"}, newcomers);
  }
  std::vector<Problem> validate() const override {
    if ((materialise > 0) == !newcomers.empty()) return {};
    return {{"materialise", "(needs --newcomers FILE, and that needs it) give both, or none"}};
  }
};

class PopulationCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage =
                "--config FILE [--SECTION.KEY=VALUE ...] [--overwrite] [--synthetic-items N] [--materialise N "
                "--newcomers FILE.h5]",
            .text =
                "Fits worlds (laws of taste) on the users of role W and writes a population: a generator of newcomers "
                "whose\n"
                "attributes follow a smoothed law and who copy nobody. Prints its card: what is fitted, assumed, not\n"
                "identifiable. With --synthetic-items its worlds have more items than the data. With --materialise "
                "newcomers are also\n"
                "written as rows; then an existing population is kept.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    const std::filesystem::path path = experiment_.population.path;
    if (path.empty()) throw ConfigError("population.path is missing", "nowhere to write", "try populations/NAME.h5");
    require_other_file("population.path", path, experiment_.data.path);
    require_other_file("--newcomers", options_.newcomers, experiment_.data.path);
    require_other_file("--newcomers", options_.newcomers, path);
    require_free(options_.newcomers);
    if (options_.materialise > 0 && !options_.overwrite && std::filesystem::exists(path)) {
      write_rows(read_population(path), invocation);
      return ExitCode::done;
    }
    require_free(path);
    require_other_template();
    require_tastes_for_synthetic_items();
    const ExperimentData data(experiment_);
    log_info("fitting worlds on {} users of role W", data.roles.users(Role::world).size());
    Progress progress("fit", "worlds", 0, invocation.clock);
    Population population = make_population(
        data.dataset, data.roles, data.likes, experiment_.population,
        profile_renderer(newcomer_texts(), data.dataset.users,
                         experiment_.population.user_template.empty() ? "text.user" : "population.user_template"),
        newcomer_texts().user, [&](std::size_t done, std::size_t all) {
          progress.note(fmt::format("of {}", all));
          progress.set(static_cast<std::int64_t>(done));
        });
    progress.finish();
    enlarge_population(population, data.dataset, static_cast<std::size_t>(options_.synthetic_items));
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    write_population(path, population);
    invocation.output << card_text(population) << path.string() << '\n';
    if (options_.materialise > 0) write_rows(population, invocation);
    return ExitCode::done;
  }

 private:
  void require_free(const std::filesystem::path& path) const {
    if (path.empty() || options_.overwrite || !std::filesystem::exists(path)) return;
    throw IoError(fmt::format("cannot write {}", path.string()), "it exists", "give --overwrite to replace it");
  }

  /// Even --overwrite does not replace what is read.
  static void require_other_file(std::string_view key, const std::filesystem::path& output,
                                 const std::filesystem::path& input) {
    std::error_code not_there;
    const bool same =
        std::filesystem::equivalent(output, input, not_there) || output.lexically_normal() == input.lexically_normal();
    if (output.empty() || !same) return;
    throw ConfigError(fmt::format("{} = {}", key, output.string()), "it is read, too", "name another file");
  }

  void require_other_template() const {
    if (experiment_.population.user_template.empty() || experiment_.population.user_template != experiment_.text.user)
      return;
    throw ConfigError("population.user_template equals text.user",
                      "it is there to differ from what encoders are trained on",
                      "write another sentence, or leave it empty");
  }

  /// Before anything is fitted.
  void require_tastes_for_synthetic_items() const {
    const std::vector<std::string>& tastes = experiment_.population.tastes;
    if (options_.synthetic_items == 0 || std::ranges::find(tastes, "chain") == tastes.end()) return;
    throw ConfigError(fmt::format("--synthetic-items {} with population.tastes = ... chain", options_.synthetic_items),
                      "links of the chain belong to pairs of items, about which attributes say too little",
                      "use population.tastes = softmax, topics");
  }

  TextOptions newcomer_texts() const {
    TextOptions texts = experiment_.text;
    if (!experiment_.population.user_template.empty()) texts.user = experiment_.population.user_template;
    return texts;
  }

  void write_rows(const Population& population, const Invocation& invocation) const {
    const std::filesystem::path path = options_.newcomers;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    std::optional<PopulationMix> mix;
    if (experiment_.mix_drift.active()) mix.emplace(population.observables, experiment_.mix_drift);
    Progress progress("write", "newcomers", options_.materialise, invocation.clock);
    write_newcomer_table(
        path, population, 0, static_cast<std::uint64_t>(options_.materialise),
        [&](std::uint64_t rows) { progress.set(static_cast<std::int64_t>(rows)); }, mix ? &*mix : nullptr);
    progress.finish();
    invocation.output << path.string() << '\n';
  }

  PopulationCommandOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_population_command() { return std::make_unique<PopulationCommand>(); }

}  // namespace coldframe
