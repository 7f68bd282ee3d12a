// A user model written outside the repository: proved against its own likelihood, registered under a name, and met by
// simulated newcomers.
// Expected output (click rates are solved to those asked for):
//   32 outcomes of a page have a total probability of 1.000000000
//   40000 pages agree with the likelihood: chi-square 28.7 with 31 degrees of freedom (99.9 %: 61.1)
//   best page of 3 out of 6 items: none of 120 ordered pages is better
//   hurried_reader: random .08, popularity .30, as asked for
//   expected clicks per page: random ..., popularity ..., oracle ...
#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/choice_calibration.h"
#include "framework/simulation/replay.h"
#include "hurried_reader.h"
#include "tiny_world.h"

namespace {

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

const std::vector<double> k_page = {0.8, -0.4, 1.7, 0.1, -1.2};
constexpr std::size_t k_outcomes = 32;

void require(bool truth, const char* what) {
  if (!truth) throw NumericError(what);
}

std::vector<std::uint8_t> outcome(std::size_t bits) {
  std::vector<std::uint8_t> clicks(k_page.size());
  for (std::size_t k = 0; k < clicks.size(); ++k) clicks[k] = (bits >> k) & 1;
  return clicks;
}

/// The likelihood is one of outcomes, and the expected clicks are its means.
void check_likelihood(const UserModel& model) {
  double total = 0;
  std::vector<double> mean(k_page.size(), 0.0), expected(k_page.size());
  for (std::size_t bits = 0; bits < k_outcomes; ++bits) {
    const double p = std::exp(model.log_likelihood(k_page, outcome(bits)));
    total += p;
    for (std::size_t k = 0; k < k_page.size(); ++k) mean[k] += p * outcome(bits)[k];
  }
  model.expected_clicks(k_page, expected);
  for (std::size_t k = 0; k < k_page.size(); ++k) {
    require(std::abs(mean[k] - expected[k]) < 1e-12, "expected clicks differ from the likelihood");
  }
  std::printf("%zu outcomes of a page have a total probability of %.9f\n", k_outcomes, total);
  require(std::abs(total - 1.0) < 1e-12, "probabilities do not add up");
}

/// The sampler draws from the likelihood.
void check_samples(const UserModel& model) {
  constexpr int k_pages = 40'000;
  constexpr double k_quantile = 61.1;  // 99.9 % of chi-square with 31 degrees of freedom
  const SimulationRandom random(11);
  const std::vector<std::uint32_t> slots = {10, 20, 30, 40, 50};
  std::vector<double> counts(k_outcomes, 0.0);
  std::vector<std::uint8_t> clicks(k_page.size());
  for (std::uint64_t user = 0; user < k_pages; ++user) {
    model.sample(random, {UserKey(user), 2, 3, k_page, slots}, clicks);
    std::size_t bits = 0;
    for (std::size_t k = 0; k < clicks.size(); ++k) bits |= static_cast<std::size_t>(clicks[k]) << k;
    counts[bits] += 1;
  }
  double chi_square = 0;
  for (std::size_t bits = 0; bits < k_outcomes; ++bits) {
    const double expected = k_pages * std::exp(model.log_likelihood(k_page, outcome(bits)));
    chi_square += (counts[bits] - expected) * (counts[bits] - expected) / expected;
  }
  require(chi_square < k_quantile, "samples differ from the likelihood");
  std::printf("%d pages agree with the likelihood: chi-square %.1f with 31 degrees of freedom (99.9 %%: %.1f)\n",
              k_pages, chi_square, k_quantile);
}

/// What the model takes for the best page is, by enumeration; and a belief adds up to the same clicks.
void check_best_page(const UserModel& model) {
  const std::vector<double> utilities = {0.3, 1.1, -0.7, 0.9, 2.0, -0.2};
  const std::vector<std::uint64_t> ties = {0, 1, 2, 3, 4, 5};
  std::vector<double> best;
  for (const std::size_t i : model.best_slate(utilities, ties, 3).order) best.push_back(utilities[i]);
  int pages = 0;
  for (std::size_t a = 0; a < 6; ++a) {
    for (std::size_t b = 0; b < 6; ++b) {
      for (std::size_t c = 0; c < 6; ++c) {
        if (a == b || a == c || b == c) continue;
        ++pages;
        const std::vector<double> page = {utilities[a], utilities[b], utilities[c]};
        require(expected_reward(model, page) <= expected_reward(model, best) + 1e-12, "a better page exists");
      }
    }
  }
  const auto belief = model.belief(1);
  belief->clear();
  double gains = 0;
  for (const double utility : best) {
    std::vector<float> column = {static_cast<float>(utility)};
    belief->attractions(column, column);
    gains += belief->gain(column, std::vector<float>{1.0f});
    belief->append(column);
  }
  require(std::abs(gains - expected_reward(model, best)) < 1e-5, "a belief expects other clicks");
  std::printf("best page of 3 out of 6 items: none of %d ordered pages is better\n", pages);
}

/// Newcomers who choose by it: its click rates are solved, and it is replayed under three policies.
void simulate(const UserModelRegistry& user_models) {
  const Dataset people = invented_people();
  const Population population = newcomers_like(people);
  const Catalogue catalogue(people);
  SimulationOptions options;
  options.user_model = "hurried_reader";
  options.users = 300;
  options.pages = 3;
  options.slate_size = 5;
  options.threads = 1;
  const ChoiceCalibration choices = calibrate_choices_for(population, catalogue, options, user_models);
  const auto model = make_user_model(options, choices.scale, user_models);
  std::printf("%s: random %.2f, popularity %.2f, as asked for\n", std::string(model->name()).c_str(),
              choices.reached.random, choices.reached.popular);
  const Newcomers newcomers(population, population.world("softmax-0"), 1.0);
  const RandomPolicy random("random", 1, catalogue);
  const std::vector<float> counts(population.world_popularity.begin(), population.world_popularity.end());
  const FixedScorePolicy popularity("popularity", counts, catalogue.ties(1));
  const LatentOracle oracle("oracle", *model, catalogue.ties(1));
  const Contestant contestants[] = {Contestant(random), Contestant(popularity), Contestant(oracle)};
  const ReplayResult result = replay({&newcomers, &catalogue, model.get()}, contestants, options, {0, 300});
  std::printf("expected clicks per page: random %.3f, popularity %.3f, oracle %.3f\n",
              result.policies[0].expected_rate(), result.policies[1].expected_rate(),
              result.policies[2].expected_rate());
  require(result.policies[1].expected_rate() > result.policies[0].expected_rate() &&
              result.policies[2].expected_rate() > result.policies[1].expected_rate(),
          "knowing more does not help");
}

}  // namespace

int main() {
  try {
    UserModelRegistry user_models;
    add_builtin_user_models(user_models);
    user_models.add({"hurried_reader", "two thirds of the visits end at the first click",
                     [](const SimulationOptions&, const ChoiceScale& scale) -> std::unique_ptr<UserModel> {
                       return std::make_unique<HurriedReader>(scale, 2.0 / 3.0);
                     }});
    SimulationOptions options;
    options.user_model = "hurried_reader";
    const auto model = make_user_model(options, {1.0, 0.5}, user_models);
    check_likelihood(*model);
    check_samples(*model);
    check_best_page(*model);
    simulate(user_models);
  } catch (const Error& error) {
    std::printf("%s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
  return 0;
}
