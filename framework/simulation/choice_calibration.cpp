#include "framework/simulation/choice_calibration.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"

namespace coldframe {
namespace {

constexpr std::uint64_t k_first_user = std::uint64_t{1} << 63;  // numbers no replay reaches
constexpr int k_bisections = 50;
constexpr double k_widest_no_click = 700.0;
constexpr double k_first_scale = 0.05;
constexpr double k_last_scale = 30.0;
constexpr double k_scale_step = 1.3;

using Pages = std::vector<std::vector<double>>;  // utilities of one first page per user

std::vector<ItemId> available_items(const Catalogue& catalogue, std::int64_t timestamp) {
  std::vector<ItemId> items;
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    const ItemId item(static_cast<std::uint32_t>(i));
    if (catalogue.available(item, timestamp)) items.push_back(item);
  }
  return items;
}

}  // namespace

/// Click rates of the two reference policies as functions of scale and no-click logit.
class ClickRateSolver {
 public:
  ClickRateSolver(const Newcomers& newcomers, const Catalogue& catalogue, const SimulationOptions& options,
                  const UserModelRegistry& user_models)
      : options_(options), user_model_(user_models.require(options.user_model)) {
    const Population& population = newcomers.population();
    const auto seed = static_cast<std::uint64_t>(options.seed);
    const RandomPolicy random("random", derived_seed(seed, "click rates"), catalogue);
    const std::vector<float> counts(population.world_popularity.begin(), population.world_popularity.end());
    const FixedScorePolicy popular("popularity", counts, catalogue.ties(seed));
    const std::vector<ItemId> candidates = available_items(catalogue, population.observables.start);
    if (candidates.empty()) {
      throw DataError("no item is available at population.start", "click rates cannot be solved",
                      "move population.start into the time of the catalogue");
    }
    const History nothing;
    for (std::int64_t u = 0; u < options.calibration_users; ++u) {
      const Newcomer who = newcomers.newcomer(k_first_user + static_cast<std::uint64_t>(u));
      const Latents latents = newcomers.latents(who);
      PolicyRequest request;
      request.user = who.key;
      request.profile_row = who.profile;
      request.profile = &newcomers.profile(who);
      request.history = &nothing;
      request.candidates = candidates;
      request.slate_size = static_cast<std::size_t>(options.slate_size);
      random_pages_.push_back(first_page(random, request, latents));
      popular_pages_.push_back(first_page(popular, request, latents));
    }
  }

  ClickRates rates(const ChoiceScale& scale) const {
    const std::unique_ptr<UserModel> model = user_model_.make(options_, scale);
    return {mean_rate(*model, random_pages_), mean_rate(*model, popular_pages_)};
  }

  /// The no-click logit with which the random policy has its rate at a given scale.
  ChoiceScale with_random_rate(double scale) const {
    double low = -k_widest_no_click;
    double high = k_widest_no_click;
    for (int step = 0; step < k_bisections; ++step) {
      const double middle = 0.5 * (low + high);
      const std::unique_ptr<UserModel> model = user_model_.make(options_, {scale, middle});
      (mean_rate(*model, random_pages_) > options_.random_click_rate ? low : high) = middle;
    }
    return {scale, 0.5 * (low + high)};
  }

  ChoiceScale with_both_rates() const {
    double below = 0;
    double highest = 0;
    for (double scale = k_first_scale; scale < k_last_scale; scale *= k_scale_step) {
      const double popular = rates(with_random_rate(scale)).popular;
      highest = std::max(highest, popular);
      if (popular >= options_.popular_click_rate) return between(below, scale);
      below = scale;
    }
    throw ConfigError(fmt::format("simulation.popular_click_rate = {}", options_.popular_click_rate),
                      fmt::format("with simulation.random_click_rate = {} the popularity policy reaches {:.4f} at most",
                                  options_.random_click_rate, highest),
                      fmt::format("choose a value between {} and {:.4f}", options_.random_click_rate, highest));
  }

 private:
  static std::vector<double> first_page(const Policy& policy, const PolicyRequest& request, const Latents& latents) {
    Slate slate;
    policy.rank({&request, 1}, {&slate, 1});
    const std::span<const double> all = latents.utilities(LatentKey());
    std::vector<double> utilities;
    for (const ItemId item : slate.items) utilities.push_back(all[item.value()]);
    return utilities;
  }

  static double mean_rate(const UserModel& model, const Pages& pages) {
    double sum = 0;
    for (const std::vector<double>& page : pages) sum += click_rate(model, page);
    return sum / static_cast<double>(pages.size());
  }

  ChoiceScale between(double low, double high) const {
    for (int step = 0; step < k_bisections; ++step) {
      const double middle = 0.5 * (low + high);
      (rates(with_random_rate(middle)).popular < options_.popular_click_rate ? low : high) = middle;
    }
    return with_random_rate(0.5 * (low + high));
  }

  const SimulationOptions& options_;
  const UserModelEntry& user_model_;
  Pages random_pages_;
  Pages popular_pages_;
};

ChoiceCalibration calibrate_choices(const Newcomers& newcomers, const Catalogue& catalogue,
                                    const SimulationOptions& options, const double* fixed_scale,
                                    const UserModelRegistry& user_models) {
  const ClickRateSolver solver(newcomers, catalogue, options, user_models);
  const ChoiceScale scale = fixed_scale != nullptr ? solver.with_random_rate(*fixed_scale) : solver.with_both_rates();
  const ClickRates reached = solver.rates(scale);
  if (std::abs(reached.random - options.random_click_rate) > 1e-6) {
    throw ConfigError(fmt::format("simulation.random_click_rate = {}", options.random_click_rate),
                      fmt::format("user model {} reaches {:.6f}", options.user_model, reached.random),
                      "choose another rate or another user model");
  }
  return {scale, reached};
}

ChoiceCalibration calibrate_choices_for(const Population& population, const Catalogue& catalogue,
                                        const SimulationOptions& options, const UserModelRegistry& user_models) {
  const World& world = population.world(options.world);
  const ChoiceCalibration fitted =
      calibrate_choices(Newcomers(population, world, 1.0), catalogue, options, nullptr, user_models);
  if (options.lambda == 1.0) return fitted;
  return calibrate_choices(Newcomers(population, world, options.lambda), catalogue, options, &fitted.scale.scale,
                           user_models);
}

}  // namespace coldframe
