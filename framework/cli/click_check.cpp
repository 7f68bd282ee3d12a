#include "framework/cli/click_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "framework/cli/click_tables.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/data/dataset_store.h"
#include "framework/simulation/judged_log.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

void add_unknown(const std::string& name, const std::string& why, Json& report) {
  report["facts"]["not_identifiable"].push_back({{"name", name}, {"why", why}});
}

/// A log that was read, and everything asked about it.
class ClickCheck {
 public:
  ClickCheck(const ClickCheckSetting& setting, const ImpressionLog& log)
      : setting_(setting), dataset_(read_dataset(setting.log)), likes_(dataset_, setting.experiment.data.likes) {
    if (dataset_.items.ids != setting.data.dataset.items.ids) {
      throw DataError(fmt::format("{} shows items of another data set", setting.log), "data.path has other items",
                      "give a log of the items that the population was made from");
    }
    const std::vector<std::uint64_t>& fitted_on = setting.population.world_users.keys;
    judged_ = read_judged_log(dataset_, likes_, log, [&](UserId user) {
      return std::ranges::binary_search(fitted_on, dataset_.user_key(user).value());
    });
    const SimulationOptions& simulation = setting.experiment.simulation;
    options_.seed = setting.population.seed;
    options_.iterated_picks = simulation.iterated_picks;
    options_.bootstrap = setting.bootstrap;
    missing_ = missing_attribute(setting.population.observables.law, dataset_);
  }

  void add_to(Json& report, const ImpressionLog& log) {
    const NamedUtilities used = missing_.empty() ? of_world(simulation().world) : of_popularity();
    log_info("fitting user models to {} pages of {} users", judged_.pages.size(), judged_.users.size());
    const ClickRealism clicks = judge_clicks(with_utilities(judged_.pages, used.utilities), options_);
    report["facts"]["impressions"] = {{"log", setting_.log},
                                      {"policy", log.policy},
                                      {"digest", log.digest().hex()},
                                      {"users", clicks.users},
                                      {"pages", clicks.pages},
                                      {"users_left_out", judged_.users_left_out},
                                      {"search_pages_left_out", judged_.search_pages},
                                      {"utilities", used.name},
                                      {"lambda", simulation().lambda},
                                      {"best", clicks.best}};
    if (!clicks.unknown.empty()) return add_unknown("clicks", clicks.unknown, report);
    if (clicks.pages_at.size() == 1) {
      add_unknown("positions", "every page of the log has one position", report);
    }
    if (!missing_.empty()) {
      add_unknown("utilities of worlds", fmt::format("the log's users have no attribute '{}'", missing_), report);
    }
    for (const ClickLawJudgement& law : clicks.laws) {
      if (!law.refused.empty()) add_unknown(fmt::format("user model {}", law.law), law.refused, report);
    }
    const std::vector<UtilityJudgement> utilities = judge_all_utilities(clicks, used);
    const SessionLengths sessions = session_lengths_of_log();
    for (Json& table : click_tables({clicks, utilities, used.name, sessions, setting_.bootstrap.level})) {
      report["tables"].push_back(std::move(table));
    }
  }

 private:
  const SimulationOptions& simulation() const { return setting_.experiment.simulation; }

  NamedUtilities of_popularity() const {
    return {"popularity", popularity_utilities(judged_, setting_.population.world_popularity)};
  }

  NamedUtilities of_world(const std::string& name, bool renamed = false) const {
    const std::string called = renamed ? name + ", renamed" : name;
    log_info("utilities of {} for {} users", called, judged_.users.size());
    const Newcomers newcomers(setting_.population, setting_.population.world(name), simulation().lambda);
    WorldUtilityOptions options{setting_.draws, setting_.population.seed, {}};
    if (renamed) options.stands_for = renamed_as(setting_.population);
    return {called, world_utilities(judged_, dataset_, newcomers, options)};
  }

  /// Bootstrap refits are left out: they ask how sure the fit of a world is, not whether it is right.
  std::vector<UtilityJudgement> judge_all_utilities(const ClickRealism& clicks, const NamedUtilities& used) const {
    if (clicks.best.empty() || !missing_.empty()) return {};
    std::vector<NamedUtilities> sources = {of_popularity()};
    for (const World& world : setting_.population.latents.worlds) {
      if (world.name() == used.name) {
        sources.push_back(used);
      } else if (world.replicate == 0) {
        sources.push_back(of_world(world.name()));
      }
    }
    sources.push_back(of_world(simulation().world, true));
    return judge_utilities(judged_.pages, sources, clicks.best, options_);
  }

  SessionLengths session_lengths_of_log() const {
    SessionLengths out;
    const DynamicsOptions& dynamics = setting_.experiment.dynamics;
    const CountDistribution lengths = session_lengths(judged_.pages);
    if (lengths.constant() && lengths.mean() == 1) {
      out.unknown = "not identifiable from this log: every session has one page";
    } else if (judged_.search_pages > 0) {
      out.unknown = "n/a: pages of search sessions are left out";
    } else if (dynamics.leave_satisfaction > 0 || dynamics.leave_fatigue > 0 || dynamics.session_budget_seconds > 0) {
      out.unknown = "n/a: [dynamics] changes how long users stay";
    }
    if (!out.unknown.empty()) return out;
    const CountDistribution law =
        constant_hazard_lengths(simulation().leave_probability, static_cast<std::size_t>(simulation().pages));
    out.log_mean = lengths.mean();
    out.law_mean = law.mean();
    out.distance = session_length_distance(lengths, law, options_.seed);
    return out;
  }

  const ClickCheckSetting& setting_;
  Dataset dataset_;
  Likes likes_;
  JudgedLog judged_;
  ClickRealismOptions options_;
  std::string missing_;  // an attribute of the population that the log's users do not have
};

}  // namespace

void add_click_check(const ClickCheckSetting& setting, nlohmann::json& report) {
  const std::optional<ImpressionLog> log = read_impression_log(setting.log);
  if (!log || log->size() == 0) {
    report["facts"]["impressions"] = {{"log", setting.log}};
    const char* why = log ? "it has an empty table of impressions" : "it says what was liked, not what was shown where";
    return add_unknown("clicks", fmt::format("{}: {}", setting.log, why), report);
  }
  ClickCheck(setting, *log).add_to(report, *log);
}

}  // namespace coldframe
