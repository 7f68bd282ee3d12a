#!/usr/bin/env bash
# How evenly groups of newcomers are served when training weighs groups, and what exposure of the tail costs: every variant on
# five folds. Can be stopped at any time and started again: finished runs are passed over, others begin again.
#   experiments/fairness/run.sh [VARIANTS...]      (default: plain reweight gap, some 20 minutes on two cores)
#   THREADS=1      threads of the process; ROOT=FOLDER for the runs
#   WRAP=COMMAND   is put before every run, for example a lock that keeps the machine quiet
#   FOLDS, STEPS make a smaller study of it: FOLDS="0 1" STEPS=5 RESULTS=/tmp/look experiments/fairness/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
coldframe=${COLDFRAME:-build/release/bin/coldframe}
here=experiments/fairness
results=${RESULTS:-docs/studies/fairness}
folds=${FOLDS:-0 1 2 3 4}
steps=${STEPS:-50}
root=${ROOT:-runs}
threads=${THREADS:-2}
variants=${*:-plain reweight gap}

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$coldframe" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
mkdir -p "$results"
runs=()
all=()
for variant in $variants; do
  for fold in $folds; do
    run=$root/fairness/$variant/fold-$fold/seed-1
    if [[ ! -d $run/model ]]; then
      ${WRAP:-} "$coldframe" train --config $here/base.ini --config "$here/$variant.ini" --overwrite \
        --distributed.threads="$threads" --experiment.root="$root" --experiment.variant="$variant" --data.fold="$fold" \
        --schedule.steps="$steps" --schedule.warmup=$((steps / 10))
    fi
    if [[ ! -f $run/evaluated ]]; then
      ${WRAP:-} "$coldframe" evaluate --run "$run" --distributed.threads="$threads" >/dev/null
      touch "$run/evaluated"
    fi
    runs+=(--run "$run")
    all+=("$run")
  done
done
# ask SHARE PERMUTATIONS TABLES...: groups and gaps of all variants, lists re-ranked for a share of the tail; keeps these tables
ask() {
  local share=$1 permutations=$2
  shift 2
  ${WRAP:-} "$coldframe" fairness "${runs[@]}" --group gender --group age:25:45 --group 'gender*age:30' --item_group genres \
    --exposure_group tail --exposure_share "$share" --permutations "$permutations" --distributed.threads="$threads" \
    --output "$root/fairness/tail-$share.json"
  for table; do cp "$root/fairness/tail-$share-$table.csv" "$results"; done
}
ask 0.1 20000 groups gaps gap-differences items item-association reranking
ask 0.3 1000 reranking # groups and gaps are those above
"$coldframe" compare "${all[@]}" --shots 0,3,10 --evaluation.smallest_effect=0.01 --output "$root/fairness/report.html"
cp "$root"/fairness/report-{strategies,runs,verdict-checkpoints}.csv "$results"
