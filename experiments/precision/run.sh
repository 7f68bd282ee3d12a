#!/usr/bin/env bash
# Trains LoRA and the whole encoder in fp32 and in bf16 over seeds, and compares. Can be stopped at any time and started
# again: finished runs are passed over, others go on from their last checkpoint.
#   experiments/precision/run.sh [RANKS] [SEEDS...]        (default 2 ranks, seeds 1 2 3 4 5; about 20 minutes)
#   WRAP=COMMAND   is put before every run, for example a lock that keeps the machine quiet
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export COLDFRAME=${COLDFRAME:-build/release/bin/coldframe}
ranks=${1:-2}
shift || true
seeds=("${@:-1 2 3 4 5}")
here=experiments/precision

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$COLDFRAME" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
runs=()
for seed in ${seeds[*]}; do
  for strategy in lora full; do
    for precision in fp32 bf16; do
      run=runs/precision/$strategy-$precision/fold-0/seed-$seed
      runs+=(--run "$run")
      if [[ -d $run/model ]]; then continue; fi
      mode=
      if [[ -d $run ]]; then mode=--resume; fi
      ${WRAP:-} cluster/mpirun/run.sh "$ranks" train --config $here/base.ini --config "experiments/demo/$strategy.ini" $mode \
        --experiment.variant="$strategy-$precision" --encoder.precision="$precision" --experiment.seed="$seed"
    done
  done
done
${WRAP:-} cluster/mpirun/run.sh "$ranks" evaluate "${runs[@]}"
for strategy in lora full; do
  "$COLDFRAME" compare runs/precision/"$strategy"-{fp32,bf16}/fold-0/seed-* --evaluation.smallest_effect=0.01 \
    --output "runs/precision/$strategy.html"
done
mkdir -p docs/studies/precision
cp runs/precision/{lora,full}-{strategies,verdict-strategies,runs}.csv docs/studies/precision/
