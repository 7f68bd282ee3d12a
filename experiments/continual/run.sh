#!/usr/bin/env bash
# Trains the same stream of tasks by every method and sets them side by side. Can be stopped at any time and started again:
# finished runs are passed over, others go on from their last checkpoint.
#   experiments/continual/run.sh [RANKS] [METHODS...]      (default 2 ranks, all methods)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export COLDFRAME=${COLDFRAME:-build/release/bin/coldframe}
ranks=${1:-2}
shift || true
methods=("${@:-frozen naive joint replay der agem ewc online_ewc si lwf adapters averaging}")
here=experiments/continual

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$COLDFRAME" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
runs=()
for method in ${methods[*]}; do
  run=runs/continual/$method/fold-0/seed-1
  mode=
  if [[ -d $run ]]; then mode=--resume; fi
  cluster/mpirun/run.sh "$ranks" train --config $here/base.ini --config "$here/$method.ini" $mode
  cluster/mpirun/run.sh "$ranks" evaluate --run "$run"
  runs+=("$run")
done
"$COLDFRAME" compare "${runs[@]}" --output runs/continual/report.html
