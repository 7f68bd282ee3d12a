#include "framework/reporting/simulation_agreement.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

[[noreturn]] void differ(const NamedSimulation& a, const NamedSimulation& b, std::string_view what) {
  throw DataError(fmt::format("cannot compare {} with {}", a.name, b.name), what, "simulate both in the same way");
}

}  // namespace

void require_same_race(const NamedSimulation& a, const NamedSimulation& b) {
  const std::pair<const char*, const char*> facts[] = {{"data", "other data"},
                                                       {"population_digest", "another population"},
                                                       {"world", "another world"},
                                                       {"lambda", "another lambda"},
                                                       {"user_model", "another user model"},
                                                       {"choice", "other choices"},
                                                       {"dynamics", "users change in another way"},
                                                       {"world_drift", "the world drifts in another way"},
                                                       {"mix_drift", "the mix of newcomers changes in another way"},
                                                       {"vocabulary_drift", "words change in another way"},
                                                       {"catalogue", "items come and go in another way"},
                                                       {"ads", "places are sold in another way"},
                                                       {"search", "newcomers search in another way"},
                                                       {"onboarding", "newcomers answer in another way"},
                                                       {"seed", "another seed"},
                                                       {"pages", "another number of pages"},
                                                       {"slate_size", "slates of another size"},
                                                       {"user_vector", "clicks enter in another way"}};
  for (const auto& [key, what] : facts) {
    const Json mine = a.record.summary.value(key, Json()), theirs = b.record.summary.value(key, Json());
    if (mine != theirs) differ(a, b, fmt::format("{}: {} and {}", what, mine.dump(), theirs.dump()));
  }
  if (a.record.policies.empty() || b.record.policies.empty()) differ(a, b, "nobody was in the race");
  if (a.record.policies.front().users != b.record.policies.front().users) differ(a, b, "other users");
}

}  // namespace coldframe
