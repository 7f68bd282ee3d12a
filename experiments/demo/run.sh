#!/usr/bin/env bash
# The demo: three strategies of one pretrained encoder, trained by two MPI ranks on MovieLens-100K, tested on real
# held-out newcomers and on simulated ones, compared in one page.
#   experiments/demo/run.sh [PROGRAM] [OUTPUT FOLDER]        (default build/release/bin/coldframe, runs)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export COLDFRAME=${1:-build/release/bin/coldframe}
output=${2:-runs}
here=experiments/demo
strategies=(lora pfeiffer full)

run() { cluster/mpirun/run.sh 2 "$@"; }

mkdir -p "$output"
store=$output/demo/ml-100k.h5
mkdir -p "$output/demo"
"$COLDFRAME" import --source movielens-100k --input .deps/movielens-100k --output "$store" --overwrite
settings=(--config "$here/base.ini" --data.path="$store" --experiment.root="$output" --population.path="$output/demo/population.h5")

"$COLDFRAME" population "${settings[@]}" --overwrite
runs=()
for strategy in "${strategies[@]}"; do
  run train "${settings[@]}" --config "$here/$strategy.ini" --overwrite
  runs+=("$output/demo/$strategy/fold-0/seed-1")
done
each_run=($(printf -- '--run %s ' "${runs[@]}"))
run evaluate "${each_run[@]}"
# Averaged vectors: to encode every user's text again on every page would take far longer.
run simulate "${settings[@]}" "${each_run[@]}" --evaluation.user_vector=recompose --output "$output/demo/simulation.h5"
"$COLDFRAME" compare "${runs[@]}" --simulation "$output/demo/simulation.h5" --output "$output/demo/report.html"
echo "open $output/demo/report.html"
