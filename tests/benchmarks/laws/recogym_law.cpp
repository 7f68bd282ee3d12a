#include "tests/benchmarks/laws/recogym_law.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/detail/vector_exp.h"

namespace coldframe::bench {
namespace {

constexpr std::size_t k_dimension = RecogymOptions::k_dimension;
constexpr std::uint32_t k_pages = SimulationRandom::k_pages;

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

/// Logit to rate of clicks, about 2 %.
double click_rate(double logit) { return sigmoid(5.0 * sigmoid(2.0 * sigmoid(0.3 * logit) - 2.0) - 6.0); }

}  // namespace

RecogymLaw::RecogymLaw(const RecogymOptions& options, std::span<const double> factors,
                       std::span<const double> popularity, std::uint64_t seed)
    : options_(options),
      factors_(factors.size()),
      popularity_(popularity.begin(), popularity.end()),
      births_(seed, Purpose::population),
      events_(seed, Purpose::choice),
      drifts_(seed, Purpose::drift) {
  if (popularity.empty() || factors.size() != k_dimension * popularity.size()) {
    throw DataError("factors and popularity of products do not fit");
  }
  for (std::size_t p = 0; p < popularity.size(); ++p) {
    for (std::size_t l = 0; l < k_dimension; ++l) factors_[l * popularity.size() + p] = factors[p * k_dimension + l];
  }
}

void RecogymLaw::weigh_views(const State& state, std::span<double> out) const {
  const std::size_t count = products();
  const double* f = factors_.data();
  for (std::size_t p = 0; p < count; ++p) {
    out[p] = popularity_[p] + state[0] * f[p] + state[1] * f[count + p] + state[2] * f[2 * count + p] +
             state[3] * f[3 * count + p] + state[4] * f[4 * count + p];
  }
  const double largest = *std::max_element(out.begin(), out.end());
  for (double& weight : out) weight -= largest;
  detail::exp_all(out);
}

void RecogymLaw::view_probabilities(const State& state, std::span<double> out) const {
  weigh_views(state, out);
  const double total = std::accumulate(out.begin(), out.end(), 0.0);
  for (double& weight : out) weight /= total;
}

double RecogymLaw::click_probability(const State& state, std::uint32_t product) const {
  double logit = popularity_[product];
  for (std::size_t l = 0; l < k_dimension; ++l) logit += state[l] * factors_[l * products() + product];
  return click_rate(logit);
}

void RecogymLaw::drift(UserKey user, std::uint32_t session, std::uint32_t event, State& state) const {
  std::array<double, 8> normals{};
  for (std::uint32_t slot = 0; slot < 2; ++slot) {
    const PhiloxBlock words = drifts_.block(user, session, event, slot);
    const auto first = standard_normals(words[0], words[1]);
    std::copy(first.begin(), first.end(), normals.begin() + 4 * slot);
    if (slot == 1) break;
    const auto second = standard_normals(words[2], words[3]);
    std::copy(second.begin(), second.end(), normals.begin() + 2);
  }
  for (std::size_t l = 0; l < k_dimension; ++l) state[l] += options_.drift * normals[l];
}

std::uint32_t RecogymLaw::view(const State& state, double uniform, Scratch& scratch) const {
  std::vector<double>& weights = scratch.weights;
  weigh_views(state, weights);
  double left = uniform * std::accumulate(weights.begin(), weights.end(), 0.0);
  std::size_t product = 0;
  while (product + 1 < weights.size() && (left -= weights[product]) >= 0) ++product;
  return static_cast<std::uint32_t>(product);
}

UserRow RecogymLaw::live_one(UserKey user, Scratch& scratch) const {
  enum class Mood { organic, bandit, gone };
  UserRow row{user.value(), 0, 0, 0};
  State state{};
  keyed_normals(births_, user, 0, state);
  State when_shown = state;  // tastes at the first recommendation after a view: later ones meet the same
  Mood mood = Mood::organic;
  for (std::uint32_t event = 0; mood != Mood::gone; ++event) {
    const std::uint32_t session = event / k_pages, page = event % k_pages;
    const PhiloxBlock words = events_.block(user, session, page);
    const Mood before = mood;
    bool clicked = false;
    row.pages += 1;
    if (mood == Mood::organic) {
      scratch.views.push_back(view(state, uniform_double(words[1]), scratch));
    } else {
      const double p = click_probability(when_shown, uniform_below(words[2], static_cast<std::uint32_t>(products())));
      clicked = uniform_double(words[1]) < p;
      row.clicks += clicked ? 1u : 0u;
      row.expected += FixedSum::to_fixed(p);
    }
    const double away = mood == Mood::organic ? options_.organic_to_bandit : options_.bandit_to_organic;
    const double u = uniform_double(words[0]);
    if (u < options_.leave) {
      mood = Mood::gone;
    } else if (u < options_.leave + away) {
      mood = mood == Mood::organic ? Mood::bandit : Mood::organic;
    }
    if (mood == Mood::organic) drift(user, session, page, state);
    if (before == Mood::organic && mood == Mood::bandit) when_shown = state;
    if (clicked) mood = Mood::organic;
  }
  return row;
}

void RecogymLaw::live(std::uint64_t first, std::span<UserRow> rows) const {
  Scratch scratch{std::vector<double>(products()), {}};
  for (std::size_t u = 0; u < rows.size(); ++u) {
    scratch.views.clear();
    rows[u] = live_one(UserKey(first + u), scratch);
  }
}

}  // namespace coldframe::bench
