#include "framework/comm/topology.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "framework/comm/position.h"

namespace coldframe {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Folder of this process's control group (v2: "0::/path"), relative to the mount.
std::string control_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

/// The affinity mask of a process (0: this thread); empty when it cannot be read.
std::vector<int> cores_of(pid_t process) {
  std::vector<int> cores;
  // Machines with more cores than a cpu_set_t holds make the plain call fail, so the set grows until it fits.
  for (int capacity = CPU_SETSIZE; capacity <= (1 << 18); capacity *= 2) {
    cpu_set_t* set = CPU_ALLOC(capacity);
    const std::size_t bytes = CPU_ALLOC_SIZE(capacity);
    const bool fits = sched_getaffinity(process, bytes, set) == 0;
    for (int core = 0; fits && core < capacity; ++core) {
      if (CPU_ISSET_S(core, bytes, set)) cores.push_back(core);
    }
    CPU_FREE(set);
    if (fits) break;
  }
  return cores;
}

/// Binds this thread. The kernel keeps within the control group's cores; on failure everything stays as it was.
void use_cores(const std::vector<int>& cores) {
  cpu_set_t* set = CPU_ALLOC(cores.back() + 1);
  const std::size_t bytes = CPU_ALLOC_SIZE(cores.back() + 1);
  CPU_ZERO_S(bytes, set);
  for (const int core : cores) CPU_SET_S(core, bytes, set);
  sched_setaffinity(0, bytes, set);
  CPU_FREE(set);
}

detail::Placement describe_this_process() {
  detail::Placement mine{detail::this_host() + "/" + first_line("/proc/sys/kernel/random/boot_id"), allowed_cores(),
                         cpu_quota()};
  // Open MPI says so to a process that it has bound; its daemon, the parent, is bound by nobody but the user.
  if (std::getenv("OMPI_MCA_orte_bound_at_launch") != nullptr) mine.launcher_cores = cores_of(getppid());
  return mine;
}

}  // namespace

std::vector<int> allowed_cores() {
  std::vector<int> cores = cores_of(0);
  if (cores.empty()) cores.push_back(0);
  return cores;
}

double cpu_quota() {
  double quota = std::numeric_limits<double>::infinity();
  // Every level above may set a limit; the tightest one holds.
  std::string group = control_group();
  while (true) {
    quota = std::min(quota, detail::parse_cpu_max(first_line("/sys/fs/cgroup" + group + "/cpu.max")));
    const std::size_t slash = group.rfind('/');
    if (group.empty() || slash == std::string::npos) break;
    group.resize(slash);
  }
  const std::string v1_quota = first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const std::string v1_period = first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (!v1_quota.empty() && v1_quota[0] != '-') {
    quota = std::min(quota, detail::parse_cpu_max(v1_quota + " " + v1_period));
  }
  return quota;
}

Topology discover_topology(const Group& group) {
  const detail::Placement mine = describe_this_process();
  // JSON has no infinity: no quota travels as 0.
  const nlohmann::json text = {mine.machine, mine.cores, std::isinf(mine.quota) ? 0.0 : mine.quota,
                               mine.launcher_cores};
  std::vector<detail::Placement> ranks;
  for (const std::string& theirs : all_gather_text(group, text.dump())) {
    const nlohmann::json parsed = nlohmann::json::parse(theirs);
    ranks.push_back({parsed[0].get<std::string>(), parsed[1].get<std::vector<int>>(), parsed[2].get<double>(),
                     parsed[3].get<std::vector<int>>()});
  }
  Topology topology = detail::place(ranks, group.rank());
  if (topology.unbound) use_cores(topology.cores);
  return topology;
}

namespace detail {
namespace {

/// Whether the launcher may use a core that it gave to none of its ranks on this machine.
bool leaves_cores_idle(const std::vector<Placement>& ranks, const std::string& machine) {
  std::set<int> used, usable;
  for (const Placement& placement : ranks) {
    if (placement.machine != machine) continue;
    if (placement.launcher_cores.empty()) return false;
    used.insert(placement.cores.begin(), placement.cores.end());
    usable.insert(placement.launcher_cores.begin(), placement.launcher_cores.end());
  }
  return !std::includes(used.begin(), used.end(), usable.begin(), usable.end());
}

}  // namespace

Topology place(const std::vector<Placement>& ranks, int me) {
  const Placement& mine = ranks[static_cast<std::size_t>(me)];
  Topology topology;
  topology.ranks_on_this_host = 0;
  topology.unbound = leaves_cores_idle(ranks, mine.machine);
  const auto cores_for = [&](const Placement& placement) {
    return topology.unbound ? placement.launcher_cores : placement.cores;
  };
  std::set<std::string> machines;
  std::map<int, int> users_of_core;
  for (int r = 0; r < static_cast<int>(ranks.size()); ++r) {
    const Placement& placement = ranks[static_cast<std::size_t>(r)];
    machines.insert(placement.machine);
    if (placement.machine != mine.machine) continue;
    if (r < me) ++topology.local_rank;
    ++topology.ranks_on_this_host;
    for (const int core : cores_for(placement)) ++users_of_core[core];
  }
  topology.hosts = static_cast<int>(machines.size());
  topology.cores = cores_for(mine);
  topology.cores_of_host = static_cast<int>(users_of_core.size());
  double share = 0;
  for (const int core : topology.cores) share += 1.0 / users_of_core[core];
  if (mine.quota > 0) share = std::min(share, mine.quota / topology.ranks_on_this_host);
  topology.default_threads = std::max(1, static_cast<int>(std::floor(share + 1e-9)));
  return topology;
}

double parse_cpu_max(const std::string& text) {
  std::istringstream words(text);
  double quota = 0;
  double period = 0;
  if (words >> quota >> period && quota > 0 && period > 0) return quota / period;
  return std::numeric_limits<double>::infinity();
}

}  // namespace detail
}  // namespace coldframe
