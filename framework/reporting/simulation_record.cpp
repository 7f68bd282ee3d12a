#include "framework/reporting/simulation_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/data/hdf5_file.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_format = 1;
constexpr std::string_view k_kind = "coldframe simulation";

void require_parallel(const SimulationRecord& record, const std::filesystem::path& path) {
  for (const SimulatedPolicy& policy : record.policies) {
    const std::size_t users = policy.users.size(), steps = policy.pages_by_step.size();
    const bool parallel = policy.pages.size() == users && policy.clicks.size() == users &&
                          policy.expected.size() == users && policy.clicks_by_step.size() == steps &&
                          policy.expected_by_step.size() == steps;
    if (!parallel) {
      throw DataError(fmt::format("{} is no simulation record", path.string()),
                      fmt::format("the columns of policy {} differ in length", policy.name), "simulate again");
    }
    if (policy.users != record.policies.front().users) {
      throw DataError(fmt::format("{} is no simulation record", path.string()),
                      fmt::format("{} and {} have other users", record.policies.front().name, policy.name),
                      "simulate again");
    }
    if (std::ranges::adjacent_find(policy.users, std::greater_equal{}) != policy.users.end()) {
      throw DataError(fmt::format("{} is no simulation record", path.string()),
                      fmt::format("users of {} are not ascending", policy.name), "simulate again");
    }
  }
}

// One list of columns for both directions, so that they cannot drift apart.
void each_column(auto& policy, auto&& column) {
  column("users", policy.users);
  column("pages", policy.pages);
  column("clicks", policy.clicks);
  column("expected", policy.expected);
  column("pages_by_step", policy.pages_by_step);
  column("clicks_by_step", policy.clicks_by_step);
  column("expected_by_step", policy.expected_by_step);
  column("shown", policy.shown);
}

}  // namespace

const SimulatedPolicy* SimulationRecord::find(std::string_view policy) const {
  const auto found = std::ranges::find(policies, policy, &SimulatedPolicy::name);
  return found == policies.end() ? nullptr : &*found;
}

void write_simulation_record(const std::filesystem::path& path, const SimulationRecord& record) {
  require_parallel(record, path);
  AtomicFile target(path);
  Hdf5File file = Hdf5File::create(target.temporary());
  file.write_attribute("/", "kind", k_kind);
  file.write_attribute("/", "format", k_format);
  file.write_strings("/summary", std::vector<std::string>{record.summary.dump()});
  file.write_strings("/config", std::vector<std::string>{record.config.dump()});
  file.make_group("/policies");
  for (std::size_t i = 0; i < record.policies.size(); ++i) {
    const SimulatedPolicy& policy = record.policies[i];
    const std::string group = fmt::format("/policies/{:03}", i);
    file.make_group(group);
    file.write_attribute(group, "name", std::string_view(policy.name));
    file.write_attribute(group, "role", std::string_view(policy.role));
    each_column(policy,
                [&](const char* name, const auto& values) { file.write(fmt::format("{}/{}", group, name), values); });
  }
  file.close();
  target.commit();
}

SimulationRecord read_simulation_record(const std::filesystem::path& path) {
  const Hdf5File file = Hdf5File::open(path);
  const bool ours = file.has_attribute("/", "kind") && file.read_text("/", "kind") == k_kind &&
                    file.has_attribute("/", "format") && file.read_integer("/", "format") == k_format;
  if (!ours) {
    throw DataError(fmt::format("{} is no simulation record of format {}", path.string(), k_format),
                    "another program or version wrote it", "give what `coldframe simulate` wrote, or simulate again");
  }
  const auto json_at = [&](const char* object) {
    const std::vector<std::string> texts = file.read_strings(object);
    if (texts.size() != 1) {
      throw DataError(fmt::format("{} is damaged", path.string()), fmt::format("{} holds no text", object));
    }
    return parse_json(texts.front(), fmt::format("{}:{}", path.string(), object));
  };
  SimulationRecord record{json_at("/summary"), json_at("/config"), {}};
  for (const std::string& name : file.children("/policies")) {
    const std::string group = "/policies/" + name;
    SimulatedPolicy policy;
    policy.name = file.read_text(group, "name");
    policy.role = file.read_text(group, "role");
    each_column(policy, [&]<class T>(const char* column, std::vector<T>& values) {
      values = file.read<T>(fmt::format("{}/{}", group, column));
    });
    record.policies.push_back(std::move(policy));
  }
  require_parallel(record, path);
  return record;
}

}  // namespace coldframe
