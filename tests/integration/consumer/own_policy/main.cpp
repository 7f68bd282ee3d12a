// A program of one's own: everything that `coldframe` does, with two policies from outside the repository.
//   own_policy simulate --simulation.policies=random,keyed_shuffle,onboard:popularity:3:liked_together ...
//   own_policy check
// Expected output of `check`:
//   keyed_shuffle shows 3 of 5 candidates
//   pages of two: 20 ordered ones, each .05 of 20000 users, chi-square ... with 19 degrees of freedom (99.9 %: 43.8)
//   a missing store is refused with exit code 3
#include <cstdio>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "framework/cli/program.h"
#include "framework/core/error.h"
#include "framework/data/dataset_store.h"
#include "framework/simulation/policy_registry.h"
#include "keyed_shuffle.h"
#include "liked_together.h"

namespace {

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

void add_policies(PolicyRegistry& registry) {
  registry.add({.name = "keyed_shuffle",
                .summary = "a random order, keyed by user and page",
                .make = [](const PolicyMaking& making) -> std::shared_ptr<const Policy> {
                  return std::make_shared<KeyedShuffle>(making.name, making.seed);
                }});
  registry.add({.name = "liked_together",
                .summary = "what people of role T liked together with the newcomer's likes",
                .teachers = PolicyTeachers::people,
                .history = PolicyHistory::read,
                .make = [](const PolicyMaking& making) -> std::shared_ptr<const Policy> {
                  return std::make_shared<LikedTogether>(making);
                }});
}

/// The policy by itself, as any code of the library would ask it: it draws from the law that weigh() tells.
int check() {
  const std::vector<ItemId> candidates{ItemId{0}, ItemId{1}, ItemId{2}, ItemId{3}, ItemId{4}};
  const KeyedShuffle policy("keyed_shuffle", 1);
  const auto ask = [&](std::uint64_t user, std::size_t slate_size) {
    const PolicyRequest request{.user = UserKey{user}, .candidates = candidates, .slate_size = slate_size};
    Slate slate;
    policy.rank({&request, 1}, {&slate, 1});
    return slate;
  };
  std::printf("%s shows %zu of %zu candidates\n", policy.name().c_str(), ask(7, 3).items.size(), candidates.size());
  constexpr int k_users = 20'000;
  constexpr double k_quantile = 43.8;
  std::map<std::vector<ItemId>, double> counts;
  for (std::uint64_t user = 0; user < k_users; ++user) counts[ask(user, 2).items] += 1;
  double chi_square = 0;
  for (const auto& [items, count] : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  std::printf(
      "pages of two: %zu ordered ones, each .05 of %d users, chi-square %.1f with 19 degrees of freedom (99.9 "
      "%%: %.1f)\n",
      counts.size(), k_users, chi_square, k_quantile);
  try {
    read_dataset("missing.h5");
  } catch (const Error& error) {
    std::printf("a missing store is refused with exit code %d\n", static_cast<int>(error.exit_code()));
  }
  return counts.size() == 20 && chi_square < k_quantile ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "check") return check();
  return run_program(argc, argv, "own_policy", {.policies = add_policies});
}
