#include "framework/simulation/session_lengths.h"

#include <algorithm>
#include <utility>

#include "framework/evaluation/bootstrap.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr double k_chance_level = 0.95;

}  // namespace

Distance beside_chance(double value, std::vector<double> redrawn) {
  std::ranges::sort(redrawn);
  return {value, sorted_quantile(redrawn, k_chance_level)};
}

CountDistribution session_lengths(std::span<const JudgedPage> pages) {
  CountDistribution lengths;
  std::size_t length = 0;
  for (std::size_t p = 0; p < pages.size(); ++p) {
    ++length;
    const bool goes_on =
        p + 1 < pages.size() && pages[p + 1].user == pages[p].user && pages[p + 1].session == pages[p].session;
    if (goes_on) continue;
    lengths.add(length);
    length = 0;
  }
  return lengths;
}

CountDistribution constant_hazard_lengths(double leave_probability, std::size_t most) {
  CountDistribution law;
  double left = 1;
  for (std::size_t length = 1; length < most; ++length) {
    law.add(length, left * leave_probability);
    left *= 1.0 - leave_probability;
  }
  law.add(most, left);
  return law;
}

Distance session_length_distance(const CountDistribution& sessions, const CountDistribution& law, std::uint64_t seed,
                                 std::size_t redraws) {
  const KeyedRandom random(derived_seed(seed, "session lengths"), Purpose::permutation);
  std::vector<double> redrawn;
  for (std::uint32_t draw = 0; draw < redraws; ++draw) {
    CountDistribution lengths;
    for (std::uint64_t session = 0; static_cast<double>(session) < sessions.total(); ++session) {
      lengths.add(law.quantile(random.uniform(UserKey(session), 0, 0, draw)));
    }
    redrawn.push_back(ks_distance(lengths, law));
  }
  return beside_chance(ks_distance(sessions, law), std::move(redrawn));
}

}  // namespace coldframe
