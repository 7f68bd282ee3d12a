// How many pages of simulated users the replay engine lives through in a second, as `simulate` runs it: newcomers
// drawn, pages filled, clicks drawn, everything counted and digested.
//
//   replay_job --case slates|random|popularity|encoder|stream [--items 1682] [--width 384] [--threads 1] [--seconds 3]
//   [--pages 20]
//   [--json FILE]
//
// slates: pages of 10 items that are given, multinomial logit; width is that of the latent taste.
// random, popularity: the same, with pages of the policies of that name.
// encoder: pages that an encoder policy fills from the whole catalogue; width is that of its vectors, taste has 8.
// stream: as slates, but once over all users, and what blocks of users brought about is handed over and dropped: how
// much memory the replay itself takes. Otherwise the same users are replayed again and again; every replay must have
// the digest of the first one, which one thread made in blocks of another size.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/encoder_policy.h"
#include "framework/simulation/replay.h"
#include "tests/benchmarks/job_main.h"
#include "tests/benchmarks/process_facts.h"
#include "tests/simulation/synthetic_world.h"

namespace coldframe::bench {
namespace {

struct ReplayJobOptions final : Options {
  std::string which = "slates", json;
  std::int64_t items = 1682, width = 384, threads = 1, pages = 20, users = 512;
  double seconds = 3;

  void describe(OptionVisitor& visitor) override {
    visitor.visit(
        {.name = "case", .doc = "what fills pages", .choices = {"slates", "random", "popularity", "encoder", "stream"}},
        which);
    visitor.visit({.name = "items", .doc = "in the catalogue", .minimum = 10}, items);
    visitor.visit({.name = "width", .doc = "of vectors (encoder), else of taste", .minimum = 1}, width);
    visitor.visit({.name = "threads", .doc = "of the replay", .minimum = 1}, threads);
    visitor.visit({.name = "pages", .doc = "per user", .minimum = 1}, pages);
    visitor.visit({.name = "users", .doc = "per replay", .minimum = 1}, users);
    visitor.visit({.name = "seconds", .doc = "to measure", .minimum = 0}, seconds);
    visitor.visit({.name = "json", .doc = "file for the results"}, json);
  }
};

/// Shows prepared slates.
class GivenSlates final : public Policy {
 public:
  explicit GivenSlates(std::size_t items) {
    const KeyedRandom random(3, Purpose::exploration);
    for (std::uint32_t s = 0; s < k_slates; ++s) {
      std::vector<ItemId>& slate = slates_.emplace_back();
      for (std::uint32_t draw = 0; slate.size() < 10; ++draw) {
        const ItemId item(uniform_below(random.block(UserKey(s), 0, 0, draw)[0], static_cast<std::uint32_t>(items)));
        if (std::ranges::find(slate, item) == slate.end()) slate.push_back(item);
      }
    }
  }
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::deterministic; }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override {
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const std::uint64_t at = requests[r].user.value() * 31 + requests[r].time.page;
      certain_slate(slates_[at % k_slates], slates[r]);
    }
  }

 private:
  static constexpr std::uint32_t k_slates = 1024;
  std::string name_ = "given";
  std::vector<std::vector<ItemId>> slates_;
};

VectorTable random_table(std::size_t rows, std::size_t width, std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::initialisation);
  std::vector<float> values(rows * width);
  for (std::size_t at = 0; at < values.size(); ++at) {
    const PhiloxBlock words = random.block(UserKey(at / width), 0, 0, static_cast<std::uint32_t>(at % width));
    values[at] = static_cast<float>(standard_normals(words[0], words[1])[0]);
  }
  return VectorTable(rows, width, std::move(values));
}

class Job {
 public:
  explicit Job(const ReplayJobOptions& options)
      : options_(options),
        items_(static_cast<std::size_t>(options.items)),
        given_(options.which != "encoder"),
        width_(static_cast<std::size_t>(options.width)),
        population_(
            small_population(items_, given_ ? width_ : 8, given_ ? 1.0 / std::sqrt(static_cast<double>(width_)) : 0.5)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(small_catalogue(items_)),
        slates_(items_),
        random_("random", 3, catalogue_),
        popularity_("popularity", random_popularity(items_), catalogue_.ties(1)),
        table_{random_table(items_, given_ ? 1 : width_, 1), {}, 20.0f},
        profiles_(random_table(population_.observables.pool.size(), given_ ? 1 : width_, 2)),
        users_(profiles_, table_.vectors, 10),
        encoder_("encoder", table_, users_, catalogue_.ties(1)) {
    simulation_.pages = options.pages;
    simulation_.slate_size = 10;
    simulation_.clicked_items = given_ ? "stay" : "leave";
    model_ = make_user_model(simulation_, {1.0, 4.0});
    simulation_.threads = 1;
    simulation_.block_users = 48;
    if (options.which != "stream") digest_ = once().digest();
    simulation_.threads = options.threads;
    simulation_.block_users = SimulationOptions().block_users;
  }

  /// Pages per second of wall time, the best replay and the mean over all of them.
  nlohmann::json measure() {
    double best = 0, pages = 0;
    const double begin = monotonic_seconds();
    do {
      const double started = monotonic_seconds();
      const ReplayResult result = once();
      const double seconds = monotonic_seconds() - started;
      if (result.digest() != digest_) throw NumericError("a replay has other bits than the first one");
      const auto shown = static_cast<double>(result.policies[0].pages);
      pages += shown;
      best = std::max(best, shown / seconds);
    } while (monotonic_seconds() - begin < options_.seconds);
    const double mean = pages / (monotonic_seconds() - begin);
    fmt::print("{}: {} items, width {}, {} threads: {:.0f} pages/s at best, {:.0f} on average, {} MB at most\n",
               options_.which, items_, width_, options_.threads, best, mean, peak_memory_bytes() >> 20);
    return {{"case", options_.which},       {"items", items_},         {"width", width_},
            {"threads", options_.threads},  {"pages", options_.pages}, {"best_pages_per_second", best},
            {"mean_pages_per_second", mean}};
  }

  nlohmann::json stream() const {
    std::uint64_t pages = 0, users = 0;
    const double started = monotonic_seconds();
    once([&](const ReplayResult& part) {
      pages += part.policies[0].pages;
      users += part.policies[0].users.size();
    });
    const double rate = static_cast<double>(pages) / (monotonic_seconds() - started);
    if (users != static_cast<std::uint64_t>(options_.users)) throw NumericError("users are missing");
    const std::int64_t peak = peak_memory_bytes();
    fmt::print("stream: {} users, {:.0f} pages/s, {:.1f} MB at most\n", users, rate, 1e-6 * static_cast<double>(peak));
    return {{"case", options_.which}, {"users", users}, {"pages_per_second", rate}, {"peak_bytes", peak}};
  }

 private:
  ReplayResult once(const std::function<void(ReplayResult)>& take = {}) const {
    const Contestant contestant(policy());
    const auto users = static_cast<std::uint64_t>(options_.users);
    return replay({&newcomers_, &catalogue_, model_.get()}, {&contestant, 1}, simulation_,
                  {0, users, KeepLog::no, {}, {}, take});
  }

  const Policy& policy() const {
    if (options_.which == "random") return random_;
    if (options_.which == "popularity") return popularity_;
    return given_ ? static_cast<const Policy&>(slates_) : encoder_;
  }

  static std::vector<float> random_popularity(std::size_t items) {
    const KeyedRandom random(5, Purpose::initialisation);
    std::vector<float> counts;
    for (std::uint32_t i = 0; i < items; ++i) {
      counts.push_back(static_cast<float>(uniform_below(random.block(UserKey(i))[0], 500)));
    }
    return counts;
  }

  const ReplayJobOptions& options_;
  std::size_t items_;
  bool given_;
  std::size_t width_;
  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  GivenSlates slates_;
  RandomPolicy random_;
  FixedScorePolicy popularity_;
  ItemTable table_;
  VectorTable profiles_;
  RecomposedVectors users_;
  EncoderPolicy encoder_;
  SimulationOptions simulation_;
  std::unique_ptr<UserModel> model_;
  std::string digest_;
};

}  // namespace
}  // namespace coldframe::bench

int main(int argument_count, char** arguments) {
  using namespace coldframe;
  bench::ReplayJobOptions options;
  return bench::job_main(argument_count, arguments, options, [&] {
    bench::Job job(options);
    const nlohmann::json result = options.which == "stream" ? job.stream() : job.measure();
    if (!options.json.empty()) write_json(options.json, result);
  });
}
