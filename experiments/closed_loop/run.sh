#!/usr/bin/env bash
# A learner that meets its own consequences: newcomers of a period see pages of the encoder as it is (half of them uniform), it learns from their
# clicks, is merged, and meets the next period; beside it the same learner fed by pages of popularity, the same for every learner.
# Can be stopped at any time and started again: what is there is passed over.
#   experiments/closed_loop/run.sh      (15 minutes on two cores)
#   SEEDS="1 2", PERIODS=6, STEPS=30 make another study of it; THREADS=2; RESULTS=FOLDER for the tables; ROOT=FOLDER for the runs
#   WRAP=COMMAND   is put before every run, for example a lock
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
coldframe=${COLDFRAME:-build/release/bin/coldframe}
python=${PYTHON:-.deps/venv-interop/bin/python}
here=experiments/closed_loop
root=${ROOT:-runs}
out=$root/closed_loop
results=${RESULTS:-docs/studies/closed_loop}
periods=${PERIODS:-6}
users=$(sed -n 's/^users_per_period = //p' $here/base.ini)
config=(--config $here/base.ini --population.path="$out/population.h5" --experiment.root="$root")

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$coldframe" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
mkdir -p "$out/records" "$out/logs" "$out/encoders"
if [[ ! -f $out/population.h5 ]]; then ${WRAP:-} "$coldframe" population "${config[@]}" --data.path=datasets/ml-100k.h5; fi

# simulate RECORD POLICIES PERIOD [MORE]: newcomers of one period; logs lie beside the record.
simulate() {
  local name=$1 policies=$2 period=$3
  shift 3
  if [[ -f $out/records/$name.h5 ]]; then return; fi
  ${WRAP:-} "$coldframe" simulate "${config[@]}" --data.path=datasets/ml-100k.h5 --simulation.first_user=$((period * users)) \
    --simulation.policies="random,popularity,$policies" --output "$out/records/$name.next.h5" --log "$out/logs/$name" "$@" > "$out/records/$name.txt"
  mv "$out/records/$name.next.h5" "$out/records/$name.h5"  # whole, or not there
}

# Before anything is learned, popularity serves both.
simulate first epsilon=0.5:popularity 0
for seed in ${SEEDS:-1 2 3 4 5}; do
  for feedback in own shared; do
    encoder=.deps/encoders/all-MiniLM-L6-v2
    log=$out/logs/first/epsilon_0.5_popularity.h5
    for ((period = 0; period + 1 < periods; ++period)); do
      name=$feedback-$seed-$period
      run=$root/closed_loop/$name/fold-0/seed-$seed
      if [[ ! -d $run/model ]]; then
        mode=
        if [[ -d $run ]]; then mode=--resume; fi
        ${WRAP:-} "$coldframe" train "${config[@]}" --data.path="$log" --encoder.folder="$encoder" --experiment.variant="$name" $mode \
          --experiment.seed="$seed" --distributed.threads="${THREADS:-2}" --schedule.steps="${STEPS:-30}"
      fi
      if [[ ! -f $out/encoders/$name/config.json ]]; then
        rm -rf "$out/encoders/$name"
        ${WRAP:-} "$coldframe" merge --run "$run" --output "$out/encoders/$name" > /dev/null
      fi
      policies=epsilon=0.5:popularity
      chosen=epsilon_0.5_popularity
      if [[ $feedback == own ]]; then policies=epsilon=0.5:encoder chosen=epsilon_0.5_$name; fi
      simulate "$name" $policies $((period + 1)) --run "$run"
      encoder=$out/encoders/$name
      log=$out/logs/$name/$chosen.h5
    done
  done
done
mkdir -p "$results"
"$python" $here/collect.py "$out/records" "$results"
