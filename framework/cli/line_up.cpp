#include "framework/cli/line_up.h"

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/informed_oracle.h"

namespace coldframe {
namespace {

constexpr double k_usual_scale = 20.0;  // 1 / temperature of an encoder that was never trained here

/// Counts of role T, never of the world.
std::vector<float> popularity(const ExperimentData& data) {
  const std::vector<std::uint32_t> counts = data.likes.count_by_item(data.roles.users(Role::train));
  return {counts.begin(), counts.end()};
}

}  // namespace

LineUp::LineUp(const Setting& setting, std::span<const std::unique_ptr<StoredRun>> runs) : setting_(setting) {
  for (const std::string& name : setting.encoders.options.policies) add_named(name);
  if (!runs.empty()) {
    add_encoder("frozen encoder", runs.front()->load_pretrained(), *runs.front(), k_usual_scale, "baseline");
  }
  for (const std::unique_ptr<StoredRun>& run : runs) {
    add_encoder(run->name(), run->load_learner(), *run, run->scale(), "strategy");
  }
}

void LineUp::add_named(const std::string& name) {
  const SimulationOptions& simulation = setting_.encoders.options;
  const Catalogue& catalogue = setting_.encoders.catalogue;
  const auto seed = static_cast<std::uint64_t>(simulation.seed);
  const TieBreak ties = catalogue.ties(seed);
  if (name == "random") add(std::make_unique<RandomPolicy>(name, seed, catalogue), "floor");
  if (name == "popularity") {
    add(std::make_unique<FixedScorePolicy>(name, popularity(setting_.encoders.data), ties), "baseline");
  }
  if (name == "informed_oracle") {
    const InformedOracleOptions options{.draws = static_cast<std::size_t>(simulation.oracle_draws),
                                        .close_candidates = static_cast<std::size_t>(simulation.oracle_candidates),
                                        .seed = seed,
                                        .dynamics = &setting_.dynamics};
    add(std::make_unique<InformedOracle>("informed oracle", setting_.newcomers, setting_.user_model, ties, options), "ceiling");
  }
  if (name == "oracle") {
    oracle_ = std::make_unique<LatentOracle>(name, setting_.user_model, ties);
    contestants_.emplace_back(*oracle_);
    roles_.emplace_back("ceiling");
  }
}

void LineUp::add(std::unique_ptr<Policy> policy, std::string role) {
  policies_.push_back(std::move(policy));
  contestants_.emplace_back(*policies_.back());
  roles_.push_back(std::move(role));
}

void LineUp::add_encoder(std::string name, std::unique_ptr<Learner> learner, const StoredRun& run, double scale, std::string role) {
  encoders_.push_back(
      std::make_unique<EncoderContestant>(std::move(name), std::move(learner), run.experiment(), scale, setting_.encoders));
  contestants_.emplace_back(encoders_.back()->policy());
  roles_.push_back(std::move(role));
}

}  // namespace coldframe
