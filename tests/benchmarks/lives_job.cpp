// Users under laws of whole lives (framework/simulation/lives.h), pages given: user-steps per second.
//
//   lives_job --law factors --width 128                          multinomial logit, 10 of 1,682 items, 20 pages a user
//   lives_job --law sardine --setting FILE.json                  law and embeddings of the package sardine-rec
//   lives_job --law recogym --setting FILE.json                  law and factors of the package recogym
//
// A setting, as tests/benchmarks/peers/simulators.py writes it, also holds probabilities of that package for states and
// pages of its own: they are computed here too, and more than 1e-6 apart ends the job. Sums of all repeats must agree
// with those on another number of threads and blocks. Prints one line; --json FILE for scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/simulation/multinomial_logit.h"
#include "tests/benchmarks/job_main.h"
#include "tests/benchmarks/laws/factor_law.h"
#include "tests/benchmarks/laws/recogym_law.h"
#include "tests/benchmarks/laws/sardine_law.h"
#include "tests/benchmarks/machine_limits.h"
#include "tests/benchmarks/process_facts.h"

namespace coldframe::bench {
namespace {

using Json = nlohmann::json;

constexpr double k_tolerance = 1e-6;

struct LivesOptions final : Options {
  std::string law = "factors", setting, json;
  std::int64_t items = 1682, width = 128, pages = 20, users = 4096, threads = 1;
  double seconds = 3;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "law", .doc = "how users live", .choices = {"factors", "sardine", "recogym"}}, law);
    visitor.visit({.name = "setting", .doc = "what the package was asked, .json"}, setting);
    visitor.visit({.name = "items", .doc = "in the catalogue (factors)", .minimum = 10}, items);
    visitor.visit({.name = "width", .doc = "of tastes (factors)", .minimum = 1}, width);
    visitor.visit({.name = "pages", .doc = "per user (factors)", .minimum = 1}, pages);
    visitor.visit({.name = "users", .doc = "per repeat", .minimum = 1}, users);
    visitor.visit({.name = "threads", .doc = "of the replay", .minimum = 1}, threads);
    visitor.visit({.name = "seconds", .doc = "to measure", .minimum = 0}, seconds);
    visitor.visit({.name = "json", .doc = "file for the results"}, json);
  }
  std::vector<Problem> validate() const override {
    if (law == "factors" || !setting.empty()) return {};
    return {{"setting", "(is missing) give what tests/benchmarks/peers/simulators.py wrote"}};
  }
};

/// A law, and how far it is from where it comes from.
struct Checked {
  std::unique_ptr<GivenPages> pages;
  std::unique_ptr<LifeLaw> law;
  double largest_error = 0;
  std::size_t compared = 0;

  void compare(double ours, double theirs) {
    largest_error = std::max(largest_error, std::abs(ours - theirs));
    ++compared;
  }
};

/// Against MultinomialLogit on float64 logits: expected clicks and clicks of the first users.
Checked factors(const LivesOptions& options) {
  Checked checked;
  const auto items = static_cast<std::size_t>(options.items), width = static_cast<std::size_t>(options.width);
  const auto pages = static_cast<std::uint32_t>(options.pages);
  const KeyedRandom random(1, Purpose::initialisation);
  std::vector<float> table(items * width);
  for (std::size_t at = 0; at < table.size(); ++at) {
    const PhiloxBlock words = random.block(UserKey(at / width), 0, 0, static_cast<std::uint32_t>(at % width));
    table[at] = static_cast<float>(standard_normals(words[0], words[1])[0] / std::sqrt(static_cast<double>(width)));
  }
  checked.pages = std::make_unique<GivenPages>(static_cast<std::uint32_t>(items), 10, true);
  constexpr double k_no_click = 4.0;
  auto law = std::make_unique<FactorLaw>(table, width, k_no_click, pages, *checked.pages, 7);
  const MultinomialLogit model({1.0, 0.0});
  std::vector<UserRow> rows(64);
  law->live(0, rows);
  std::uint64_t others = 0;
  for (const UserRow& row : rows) {
    double expected = 0;
    std::uint32_t clicks = 0;
    for (std::uint32_t number = 0; number < pages; ++number) {
      const std::span<const std::uint32_t> page = checked.pages->page(row.user, number);
      const std::vector<double> logits = law->logits(UserKey(row.user), page);
      std::vector<std::uint8_t> clicked(page.size());
      std::vector<double> probabilities(page.size());
      expected += model.react(law->random(), {UserKey(row.user), 0, number, logits, page}, clicked, probabilities);
      clicks += static_cast<std::uint32_t>(std::ranges::count(clicked, 1));
    }
    checked.compare(static_cast<double>(row.expected) * FixedSum::k_unit / pages, expected / pages);
    others += clicks != row.clicks ? 1 : 0;
  }
  // A draw within rounding of a probability may fall the other way.
  if (others > 1) throw NumericError(fmt::format("{} users click otherwise", others), "float32 against the definition");
  checked.law = std::move(law);
  return checked;
}

Checked sardine(const Json& setting) {
  Checked checked;
  SardineOptions o;
  const Json& numbers = setting.at("options");
  o.items = numbers.at("num_items");
  o.topics = numbers.at("num_topics");
  o.slate = numbers.at("slate_size");
  o.steps = numbers.at("episode_length");
  o.offset = numbers.at("env_offset");
  o.slope = numbers.at("env_slope");
  o.omega = numbers.at("env_omega");
  o.recent = numbers.at("recent_items_maxlen");
  o.boredom = numbers.at("boredom_threshold");
  o.window = numbers.at("boredom_moving_window");
  o.click_prop = numbers.at("click_prop");
  o.penalty_from = numbers.at("diversity_threshold");
  o.penalty = numbers.at("diversity_penalty");
  checked.pages = std::make_unique<GivenPages>(static_cast<std::uint32_t>(o.items), o.slate, false);
  auto law = std::make_unique<SardineLaw>(o, setting.at("embeddings").get<std::vector<double>>(), *checked.pages, 7);
  std::vector<double> probabilities(o.slate);
  for (const Json& life : setting.at("lives")) {
    SardineUser user = law->born(life.at("taste").get<std::vector<double>>());
    for (const Json& step : life.at("steps")) {
      const auto page = step.at("slate").get<std::vector<std::uint32_t>>();
      const auto clicks = step.at("clicks").get<std::vector<std::uint8_t>>();
      const auto theirs = step.at("probabilities").get<std::vector<double>>();
      law->weigh(user, page, probabilities);
      for (std::size_t k = 0; k < page.size(); ++k) checked.compare(probabilities[k], theirs.at(k));
      law->after(user, page, clicks);
    }
  }
  checked.law = std::move(law);
  return checked;
}

Checked recogym(const Json& setting) {
  Checked checked;
  const auto factors = setting.at("factors").get<std::vector<double>>();
  const auto popularity = setting.at("popularity").get<std::vector<double>>();
  auto law = std::make_unique<RecogymLaw>(RecogymOptions{}, factors, popularity, 7);
  std::vector<double> views(popularity.size());
  for (const Json& moment : setting.at("moments")) {
    const auto state = moment.at("state").get<RecogymLaw::State>();
    const auto theirs = moment.at("views").get<std::vector<double>>();
    const auto clicks = moment.at("clicks").get<std::vector<double>>();
    law->view_probabilities(state, views);
    for (std::size_t p = 0; p < views.size(); ++p) {
      checked.compare(views[p], theirs.at(p));
      checked.compare(law->click_probability(state, static_cast<std::uint32_t>(p)), clicks.at(p));
    }
  }
  checked.law = std::move(law);
  return checked;
}

Checked make(const LivesOptions& options) {
  if (options.law == "factors") return factors(options);
  const Json setting = read_json(options.setting);
  return options.law == "sardine" ? sardine(setting) : recogym(setting);
}

std::string name_of(const LivesOptions& options) {
  return options.law == "factors" ? fmt::format("factors of width {}", options.width) : options.law;
}

Json measure(const LivesOptions& options) {
  const Checked checked = make(options);
  if (!(checked.largest_error <= k_tolerance)) {
    throw NumericError(fmt::format("probabilities differ by {:.2e}", checked.largest_error), "1e-6 is allowed");
  }
  const auto users = static_cast<std::uint64_t>(options.users);
  const Lives first = live(*checked.law, 0, users, options.threads == 1 ? 2 : 1, 48);
  double best = 0, steps = 0;
  const double begin = monotonic_seconds();
  do {
    const double started = monotonic_seconds();
    const Lives again = live(*checked.law, 0, users, options.threads);
    const double seconds = monotonic_seconds() - started;
    if (!(again == first)) throw NumericError("lives have other bits than the first time", "threads or blocks differ");
    best = std::max(best, static_cast<double>(again.pages) / seconds);
    steps += static_cast<double>(again.pages);
  } while (monotonic_seconds() - begin < options.seconds);
  const double mean = steps / (monotonic_seconds() - begin);
  const double peak = fma_peak_gflops(0.1), copy = copy_gigabytes(0.1);
  const double rate = static_cast<double>(first.clicks) / static_cast<double>(first.pages);
  fmt::print(
      "{}: {:.0f} user-steps/s at best, {:.0f} on average, {} threads; {:.3f} clicks a step, {} numbers compared, "
      "largest difference {:.1e}; one core does {:.1f} GFLOP/s and copies {:.1f} GB/s\n",
      name_of(options), best, mean, options.threads, rate, checked.compared, checked.largest_error, peak, copy);
  return {{"law", options.law},
          {"width", options.law == "factors" ? Json(options.width) : Json()},
          {"fma_peak_gflops", peak},
          {"copy_gigabytes", copy},
          {"threads", options.threads},
          {"best_steps_per_second", best},
          {"mean_steps_per_second", mean},
          {"clicks_per_step", rate},
          {"expected_per_step", first.expected.value() / static_cast<double>(first.pages)},
          {"steps_per_user", static_cast<double>(first.pages) / static_cast<double>(first.users)},
          {"compared", checked.compared},
          {"largest_difference", checked.largest_error}};
}

}  // namespace
}  // namespace coldframe::bench

int main(int argument_count, char** arguments) {
  using namespace coldframe;
  bench::LivesOptions options;
  return bench::job_main(argument_count, arguments, options, [&] {
    const nlohmann::json result = bench::measure(options);
    if (!options.json.empty()) write_json(options.json, result);
  });
}
