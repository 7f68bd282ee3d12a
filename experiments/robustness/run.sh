#!/usr/bin/env bash
# What noise on texts, poisoned logs and wrong likes do to LoRA, and what training against them is worth. Can be stopped at
# any time and started again: finished runs are passed over, others begin again.
#   experiments/robustness/run.sh [noise] [poisoning] [labels]      (default: all three, some 40 minutes on two cores)
#   THREADS=1      threads of the process; ROOT=FOLDER for the runs
#   WRAP=COMMAND   is put before every run, for example a lock that keeps the machine quiet
#   FOLDS, SEEDS, STEPS make a smaller study of it: FOLDS=0 SEEDS=1 STEPS=5 RESULTS=/tmp/look experiments/robustness/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
coldframe=${COLDFRAME:-build/release/bin/coldframe}
here=experiments/robustness
results=${RESULTS:-docs/studies/robustness}
folds=${FOLDS:-0 1 2 3 4}
seeds=${SEEDS:-1 2 3}
steps=${STEPS:-50}
root=${ROOT:-runs}
threads=${THREADS:-2}
parts=${*:-noise poisoning labels}

# run VARIANT FOLD SEED CONFIG... [--SECTION.KEY=VALUE...]: trains and evaluates, unless that is done; leaves the folder in $run
run() {
  local variant=$1 fold=$2 seed=$3 configs=()
  shift 3
  while [[ $# -gt 0 && $1 != --* ]]; do
    configs+=(--config "$here/$1.ini")
    shift
  done
  run=$root/robustness/$variant/fold-$fold/seed-$seed
  if [[ ! -d $run/model ]]; then
    ${WRAP:-} "$coldframe" train --config $here/base.ini "${configs[@]}" --overwrite --distributed.threads="$threads" \
      --experiment.root="$root" --experiment.variant="$variant" --experiment.seed="$seed" --data.fold="$fold" \
      --schedule.steps="$steps" --schedule.warmup=$((steps / 10)) "$@"
  fi
  if [[ ! -f $run/evaluated ]]; then
    ${WRAP:-} "$coldframe" evaluate --run "$run" --evaluation.shots=0,3 --distributed.threads="$threads" >/dev/null
    touch "$run/evaluated"
  fi
}

# Texts: newcomers of all folds, in one table; and the catalogue's texts, which are encoded anew for every draw.
noise() {
  local runs=() plain=() mild=()
  for variant in plain typos r_drop freelb; do
    for fold in $folds; do
      run "$variant" "$fold" 1 "$variant"
      runs+=(--run "$run")
      if [[ $variant == plain ]]; then plain+=(--run "$run"); fi
    done
  done
  ${WRAP:-} "$coldframe" robustness "${runs[@]}" --noise typos --noise casing --noise truncation --noise missing_fields \
    --severity 0.1,0.3 --shots 0,3 --distributed.threads="$threads" --output "$root/robustness/noise.json"
  for fold in $folds; do
    run freelb_mild "$fold" 1 freelb_mild
    mild+=(--run "$run")
  done
  ${WRAP:-} "$coldframe" robustness "${plain[@]}" "${mild[@]}" --noise typos --noise truncation --noise missing_fields --severity 0.3 \
    --shots 0 --typo_users 0 --distributed.threads="$threads" --output "$root/robustness/mild.json"
  cp "$root"/robustness/mild-{robustness,robustness-differences}.csv "$results"
  ${WRAP:-} "$coldframe" robustness "${plain[@]}" --noise item_typos --noise item_truncation --noise item_missing_fields --draws 2 \
    --severity 0.1,0.3 --shots 0,3 --typo_users 0 --distributed.threads="$threads" --output "$root/robustness/items.json"
  cp "$root/robustness/items-robustness.csv" "$results"
  cp "$root"/robustness/noise-{robustness,robustness-differences,robustness-radius}.csv "$results"
}

# pairs NAME CONFIG SUFFIX [--SECTION.KEY=VALUE...]: a spoiled run and the clean one of every seed; CONFIG may be plain
pairs() {
  local name=$1 defence=$2 spoiled=$3 arguments=()
  shift 3
  for seed in $seeds; do
    run "$defence" 0 "$seed" "$defence"
    arguments+=(--clean "$run")
    run "$defence-$name" 0 "$seed" "$defence" "$spoiled" --poisoning.seed="$seed" "$@"
    arguments+=(--run "$run")
  done
  ${WRAP:-} "$coldframe" poisoning "${arguments[@]}" --distributed.threads="$threads" --output "$root/robustness/$defence-$name.json"
  cp "$root/robustness/$defence-$name"-*.csv "$results"
}

# Fake users: two attacks, two sizes.
poisoning() {
  for attack in bandwagon segment; do
    for size in 0.01 0.05; do pairs "$attack-$size" plain "$attack" --poisoning.size="$size"; done
  done
}

# Wrong likes: with the cross-entropy, and with the loss that is made for them.
labels() {
  for defence in plain robust; do pairs flip "$defence" flip; done
}

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$coldframe" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
mkdir -p "$results"
for part in $parts; do
  case $part in
    noise | poisoning | labels) "$part" ;;
    *) echo "run.sh: there is no part $part: noise, poisoning, labels" >&2 && exit 2 ;;
  esac
done
