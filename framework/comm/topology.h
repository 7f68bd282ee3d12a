#pragma once

#include <string>
#include <vector>

#include "framework/comm/group.h"

namespace coldframe {

/// Where a rank stands among the ranks of its host, and how many cores are its share.
struct Topology {
  int hosts = 1;
  int local_rank = 0;
  int ranks_on_this_host = 1;
  /// Threads this rank can run without taking cores from another rank: every core it may use is divided among the
  /// ranks of this host that may use it too (so bound and unbound ranks both come out right), the sum is capped by the
  /// share of the control-group quota; at least 1.
  int default_threads = 1;
  /// The cores this rank may use, ascending.
  std::vector<int> cores;
  /// Cores of this host that the ranks on it may use, together.
  int cores_of_host = 1;
  /// The launcher had bound the ranks of this host to some of its cores and left others idle; that binding is undone.
  bool unbound = false;
};

/// Collective. Hosts are told apart by name and boot id, since containers on several machines may share a name.
/// mpirun binds one or two ranks to one core each unless told otherwise: where its binding leaves cores idle that it may
/// use itself, the calling thread, and those it starts later, get them all. Bindings that cover the host stay.
Topology discover_topology(const Group& group);

/// The cores this process may run on (affinity mask), and the number of them that the control group's CPU quota allows.
std::vector<int> allowed_cores();
double cpu_quota();

namespace detail {
/// What one rank tells about itself; `cores` are the numbers in its affinity mask, `launcher_cores` those of the launcher
/// that bound it (empty: nobody did).
struct Placement {
  std::string machine;
  std::vector<int> cores;
  double quota = 0;
  std::vector<int> launcher_cores = {};
};
Topology place(const std::vector<Placement>& ranks, int me);
/// "max 100000" or "150000 100000" of cgroup v2's cpu.max -> number of cores; infinity without a limit.
double parse_cpu_max(const std::string& text);
}  // namespace detail

}  // namespace coldframe
