#!/usr/bin/env bash
# Trains and evaluates every strategy on every fold. Can be stopped at any time and started again: finished runs are
# passed over, others go on from their last checkpoint.
#   experiments/movielens/run.sh [RANKS] [FOLDS...]        (default 2 ranks, folds 0 1 2 3 4)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export COLDFRAME=${COLDFRAME:-build/release/bin/coldframe}
ranks=${1:-2}
shift || true
folds=("${@:-0 1 2 3 4}")
here=experiments/movielens

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$COLDFRAME" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
for fold in ${folds[*]}; do
  for strategy in lora pfeiffer full; do
    run=runs/movielens/$strategy/fold-$fold/seed-1
    mode=
    if [[ -d $run ]]; then mode=--resume; fi
    cluster/mpirun/run.sh "$ranks" train --config $here/base.ini --config "$here/$strategy.ini" --data.fold="$fold" $mode
    cluster/mpirun/run.sh "$ranks" evaluate --run "$run"
  done
done
"$COLDFRAME" compare runs/movielens/*/fold-*/seed-1 --output runs/movielens/report.html

# The same encoders with the other user vector, on copies: a run's record holds one evaluation.
rm -rf runs/movielens-recompose
for run in runs/movielens/*/fold-*/seed-1; do
  copy=runs/movielens-recompose/${run#runs/movielens/}
  mkdir -p "$(dirname "$copy")"
  cp -r "$run" "$copy"
  cluster/mpirun/run.sh "$ranks" evaluate --run "$copy" --evaluation.user_vector=recompose
done
"$COLDFRAME" compare runs/movielens-recompose/*/fold-*/seed-1 --output runs/movielens-recompose/report.html
