#include <fmt/format.h>

#include <cmath>
#include <ostream>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/simulation/population_file.h"
#include "framework/simulation/realism.h"

namespace coldframe {
namespace {

struct RealismCommandOptions final : Options {
  std::int64_t draws = 1024;
  std::int64_t popular_items = 100;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "draws", .doc = "prior draws of the held-out likelihood", .minimum = 1, .maximum = 1e6},
                  draws);
    visitor.visit({.name = "popular-items",
                   .doc = "most liked items of W, between which co-occurrence and groups are compared",
                   .minimum = 2,
                   .maximum = 5000},
                  popular_items);
  }
};

std::string number(double value) { return std::isnan(value) ? "n/a" : fmt::format("{:.4f}", value); }

std::string line(const WorldRealism& row, double unigram) {
  return fmt::format("{:<14}{:>12}{:>12}{:>14}{:>16}{:>14}\n", row.world, number(row.log_likelihood),
                     fmt::format("{:+.4f}", row.log_likelihood - unigram), number(row.popularity_distance),
                     number(row.co_occurrence), number(row.group_taste));
}

std::string realism_text(const Population& population, const RealismReport& report) {
  std::string text =
      fmt::format("population of {} against {} users of role H with {} likes\n\n{:<14}{:>12}{:>12}{:>14}{:>16}{:>14}\n",
                  population.data_name, report.held_out_users, report.held_out_likes, "", "log p/like", "- unigram",
                  "popularity TV", "co-occurrence r", "groups r");
  text += line(report.people, report.people.log_likelihood);
  for (const WorldRealism& world : report.worlds) text += line(world, report.people.log_likelihood);
  text +=
      "\nFirst row: the people of W themselves, with their smoothed counts as likelihood. A twin copies attributes "
      "and\n"
      "number of likes of a user of H, so activity is not tested.\n\nnot identifiable from this log:\n";
  for (const CardEntry& entry : population.card) {
    if (entry.identifiability != Identifiability::not_identifiable) continue;
    text += fmt::format("  {:<28} {}\n", entry.name, entry.evidence);
  }
  return text;
}

class RealismCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage = "--config FILE [--SECTION.KEY=VALUE ...] [--draws N] [--popular-items N]",
        .text =
            "Compares the worlds of a population with the people of role H, whom no world has met: likelihood, "
            "popularity,\n"
            "co-occurrence and tastes of groups, each beside what the people of W reach. Names what cannot be known.",
        .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    const ExperimentData data(experiment_);
    const Population population = read_population(experiment_.population.path);
    require_same_items(population, data.dataset);
    const RealismOptions options{static_cast<std::size_t>(options_.draws),
                                 static_cast<std::size_t>(options_.popular_items)};
    invocation.output << realism_text(population,
                                      check_realism(population, data.dataset, data.roles, data.likes, options));
    return ExitCode::done;
  }

 private:
  RealismCommandOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_realism_command() { return std::make_unique<RealismCommand>(); }

}  // namespace coldframe
