#include "framework/reporting/run_agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

std::string variant_of(const NamedRun& run) { return run.record.summary.at("variant"); }
std::int64_t fold_of(const NamedRun& run) { return run.record.summary.at("fold"); }
std::int64_t seed_of(const NamedRun& run) { return run.record.summary.at("seed"); }

[[noreturn]] void differ(const NamedRun& a, const NamedRun& b, std::string_view what, std::string_view suggestion) {
  throw DataError(fmt::format("cannot compare {} with {}", a.name, b.name), what, suggestion);
}

/// The value at a JSON pointer, null when it is absent.
Json value_at(const NamedRun& run, const char* pointer) {
  return run.record.summary.value(Json::json_pointer(pointer), Json());
}

void require_evaluated(const NamedRun& run) {
  for (const char* key : {"variant", "fold", "seed"}) {
    if (!run.record.summary.contains(key)) {
      throw DataError(fmt::format("{} is damaged", run.name), fmt::format("its summary has no {}", key));
    }
  }
  if (!run.record.summary.value("finished", false)) {
    throw DataError(fmt::format("{} is not finished", run.name),
                    "its numbers would be those of another length of training",
                    "go on with `coldframe train --resume`");
  }
  if (run.record.newcomers.empty()) {
    throw DataError(fmt::format("{} was not evaluated", run.name), "it has no results on newcomers",
                    fmt::format("run `coldframe evaluate --run {}`", run.name));
  }
}

/// Records from before the number was stored follow the first definitions.
void require_same_definitions(const NamedRun& a, const NamedRun& b) {
  const char* pointer = "/evaluation/metric_definitions";
  const auto version = [&](const NamedRun& run) { return run.record.summary.value(Json::json_pointer(pointer), 1); };
  if (version(a) == version(b)) return;
  differ(a, b, fmt::format("their metrics are defined differently: version {} and {}", version(a), version(b)),
         "evaluate both with one version of coldframe");
}

/// What must be equal in all runs.
void require_same_question(const NamedRun& a, const NamedRun& b) {
  const std::pair<const char*, const char*> facts[] = {{"/identity/data", "other data"},
                                                       {"/evaluation/items", "another number of items"},
                                                       {"/evaluation/user_vector", "histories enter in another way"},
                                                       {"/evaluation/options/masked", "other masked likes"},
                                                       {"/evaluation/options/tie_seed", "another order of ties"},
                                                       {"/evaluation/ordered_by_time", "another order of histories"}};
  for (const auto& [pointer, what] : facts) {
    const Json mine = value_at(a, pointer), theirs = value_at(b, pointer);
    if (mine != theirs) {
      differ(a, b, fmt::format("{}: {} and {}", what, mine.dump(), theirs.dump()), "evaluate both in the same way");
    }
  }
  require_same_definitions(a, b);
}

void require_same_people(const NamedRun& a, const NamedRun& b) {
  for (const char* role : {"held_out", "train", "validate"}) {
    const std::string pointer = fmt::format("/roles/{}", role);
    if (value_at(a, pointer.c_str()) != value_at(b, pointer.c_str())) {
      differ(a, b, fmt::format("role {} holds other users", role), "train both with the same [data] section");
    }
  }
}

/// All rows of a fold must have the users and metrics of its first row.
void require_same_table(const NamedRun& a, const NamedRun& b) {
  const NewcomerTable& first = a.record.newcomers.front().table;
  for (const NewcomerRow& row : b.record.newcomers) {
    if (row.table.metrics != first.metrics) {
      differ(a, b, fmt::format("row {} has other metrics", row.name),
             "evaluate both with the same [evaluation] section");
    }
    if (row.table.users != first.users) {
      differ(a, b, fmt::format("row {} has other users", row.name), "evaluate both with the same [evaluation] section");
    }
  }
}

/// Two runs of one variant may differ in seed, fold and where they ran, in nothing that makes the strategy.
void require_same_recipe(const NamedRun& a, const NamedRun& b) {
  if (value_at(a, "/identity/encoder") != value_at(b, "/identity/encoder")) {
    differ(a, b, "one variant, two encoders", "give them different experiment.variant names");
  }
  std::set<std::string> sections;
  for (const NamedRun* run : {&a, &b}) {
    for (const auto& [section, values] : run->record.config.items()) sections.insert(section);
  }
  for (const std::string& section : sections) {
    const std::string head = section.substr(0, section.find('.'));
    if (head == "experiment" || head == "data" || head == "distributed" || head == "checkpoint") continue;
    if (head == "evaluation" || head == "expect") continue;
    if (a.record.config.value(section, Json()) != b.record.config.value(section, Json())) {
      differ(a, b, fmt::format("one variant ({}), but [{}] differs", variant_of(a), section),
             "give them different experiment.variant names");
    }
  }
}

void require_full_grid(std::span<const NamedRun> runs) {
  std::map<std::tuple<std::string, std::int64_t, std::int64_t>, const NamedRun*> cells;
  std::set<std::pair<std::int64_t, std::int64_t>> pairs;
  std::map<std::string, const NamedRun*> variants;
  for (const NamedRun& run : runs) {
    const auto [cell, added] = cells.try_emplace({variant_of(run), fold_of(run), seed_of(run)}, &run);
    if (!added) differ(*cell->second, run, "both have the same variant, fold and seed", "give one of them");
    pairs.insert({fold_of(run), seed_of(run)});
    variants.try_emplace(variant_of(run), &run);
  }
  std::set<std::int64_t> folds, seeds;
  for (const auto& [fold, seed] : pairs) {
    folds.insert(fold);
    seeds.insert(seed);
  }
  for (const auto& [variant, run] : variants) {
    for (const std::int64_t fold : folds) {
      for (const std::int64_t seed : seeds) {
        if (cells.contains({variant, fold, seed})) continue;
        const auto other =
            std::ranges::find_if(runs, [&](const NamedRun& r) { return fold_of(r) == fold || seed_of(r) == seed; });
        differ(*run, *other, fmt::format("variant {} has no run of fold {} with seed {}", variant, fold, seed),
               "train it, or leave that fold or seed out everywhere: comparisons are paired");
      }
    }
  }
}

void require_disjoint_folds(const std::map<std::int64_t, const NamedRun*>& first_of_fold) {
  std::map<std::uint64_t, const NamedRun*> owners;
  for (const auto& [fold, run] : first_of_fold) {
    for (const UserKey user : run->record.newcomers.front().table.users) {
      const auto [owner, added] = owners.try_emplace(user.value(), run);
      if (!added) differ(*owner->second, *run, "their folds test the same user twice", "use folds of one experiment");
    }
  }
}

}  // namespace

void require_comparable(std::span<const NamedRun> runs) {
  std::map<std::int64_t, const NamedRun*> first_of_fold;
  std::map<std::string, const NamedRun*> first_of_variant;
  for (const NamedRun& run : runs) require_evaluated(run);
  for (const NamedRun& run : runs) {
    require_same_question(runs.front(), run);
    const NamedRun& peer = *first_of_fold.try_emplace(fold_of(run), &run).first->second;
    require_same_people(peer, run);
    require_same_table(peer, run);
    if (run.record.newcomers.front().table.metrics != runs.front().record.newcomers.front().table.metrics) {
      differ(runs.front(), run, "they have other metrics", "evaluate both with the same [evaluation] section");
    }
    require_same_recipe(*first_of_variant.try_emplace(variant_of(run), &run).first->second, run);
  }
  require_full_grid(runs);
  require_disjoint_folds(first_of_fold);
}

void require_same_test(const NamedRun& a, const NamedRun& b) {
  for (const NamedRun* run : {&a, &b}) require_evaluated(*run);
  require_same_question(a, b);
  require_same_people(a, b);
  if (fold_of(a) != fold_of(b)) {
    differ(a, b, fmt::format("they test folds {} and {}", fold_of(a), fold_of(b)), "train both on one fold");
  }
  require_same_table(a, b);
}

}  // namespace coldframe
