#!/usr/bin/env bash
# Trains the same stream of tasks by every strategy and method and sets them side by side. Can be stopped at any time and
# started again: finished runs are passed over, others go on from their last checkpoint.
#   experiments/continual/run.sh                   (the study: some 80 minutes on one core, half of it on two)
#   experiments/continual/run.sh rates             (before it, 10 minutes: how the learning rates were chosen, on role V; rates.csv, choose.py)
#   STRATEGIES, METHODS, SEEDS, STEPS make another study of it: STRATEGIES=lora METHODS="naive joint si" SEEDS="1 2" ...
#   THREADS=1      threads of the process; RESULTS=FOLDER for the tables; ROOT=FOLDER for the runs
#   WRAP=COMMAND   is put before every run, for example a lock that keeps the machine quiet
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
coldframe=${COLDFRAME:-build/release/bin/coldframe}
here=experiments/continual
results=${RESULTS:-docs/studies/continual}
root=${ROOT:-runs}
seeds=${SEEDS:-1 2 3 4 5}
steps=${STEPS:-20}
threads=${THREADS:-2}

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$coldframe" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
if [[ ${1:-} == rates ]]; then
  for strategy in ${STRATEGIES:-full lora}; do
    for rate in $(grep "^$strategy," $here/rates.csv | cut -d, -f2- | tr , ' '); do
      if [[ -d $root/continual-rates/$strategy-$rate/fold-0/seed-0/model ]]; then continue; fi
      ${WRAP:-} "$coldframe" train --config $here/base.ini --config "$here/$strategy.ini" --config $here/naive.ini --overwrite \
        --distributed.threads="$threads" --experiment.root="$root" --experiment.name=continual-rates --experiment.variant="$strategy-$rate" \
        --experiment.seed=0 --optimizer.learning_rate="$rate" --continual.tested=validate
    done
  done
  mkdir -p "$results"
  $here/choose.py --all "$root" > "$results/rates.csv"
  exit
fi
all=()
for strategy in ${STRATEGIES:-full lora}; do
  for method in ${METHODS:-naive joint replay ewc}; do
    variant=$strategy-$method
    runs=()
    for seed in $seeds; do
      run=$root/continual/$variant/fold-0/seed-$seed
      if [[ ! -d $run/model ]]; then
        mode=
        if [[ -d $run ]]; then mode=--resume; fi
        ${WRAP:-} "$coldframe" train --config $here/base.ini --config "$here/$strategy.ini" --config "$here/$method.ini" $mode \
          --distributed.threads="$threads" --experiment.root="$root" --experiment.variant="$variant" --experiment.seed="$seed" \
          --schedule.steps="$steps" --schedule.warmup=$((steps / 10))
      fi
      runs+=(--run "$run")
      all+=("$run")
    done
    if [[ ! -f $root/continual/$variant/evaluated ]]; then
      ${WRAP:-} "$coldframe" evaluate --distributed.threads="$threads" "${runs[@]}" >/dev/null
      touch "$root/continual/$variant/evaluated"
    fi
  done
done
mkdir -p "$results"
"$coldframe" compare "${all[@]}" --evaluation.smallest_effect=0.01 --output "$root/continual/report.html"
cp "$root"/continual/report-{stream-strategies,verdict-streams,streams}.csv "$results"
