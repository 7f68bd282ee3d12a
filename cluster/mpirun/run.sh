#!/usr/bin/env bash
# Runs coldframe on this machine with several MPI ranks:
#   cluster/mpirun/run.sh 2 train --config experiments/movielens/lora.ini
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

if [[ ! ${1:-} =~ ^[1-9][0-9]*$ ]]; then
  echo "run: number of ranks = '${1:-}' (must be a whole number above 0) try: cluster/mpirun/run.sh 2 train --config ..." >&2
  exit 2
fi
ranks=$1
shift

# Open MPI 4.1 pins a single rank to one core; a rank here may have several threads.
export OMPI_MCA_hwloc_base_binding_policy=none
# More ranks than cores are slow but right; waiting ranks then give way.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
# In containers everything is root.
if [[ $(id -u) == 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
exec mpirun -n "$ranks" "${COLDFRAME:-$root/build/release/bin/coldframe}" "$@"
