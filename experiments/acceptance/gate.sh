#!/usr/bin/env bash
# Trains the short run of base.ini and judges it. Ends with the exit code of the first gate that is not passed:
# 4 missed, 6 undecided. JUnit files and the report's tables go to OUTPUT.
#   experiments/acceptance/gate.sh [PROGRAM] [OUTPUT FOLDER] [ACCEPTED RUN]   (default build/release/bin/coldframe, runs)
# ACCEPTED RUN is the folder of an evaluated run, or a folder with its run.h5 alone; without it only bounds.ini holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${1:-build/release/bin/coldframe}
output=${2:-runs}
accepted=${3:-}
here=experiments/acceptance
folder=$output/acceptance

mkdir -p "$folder"
"$program" import --source movielens-100k --input .deps/movielens-100k --output "$folder/ml-100k.h5" --overwrite
"$program" train --config "$here/base.ini" --data.path="$folder/ml-100k.h5" --experiment.root="$output" --overwrite
run=$folder/lora/fold-0/seed-1

bounds=(--config "$here/bounds.ini")
[[ -z $accepted ]] || bounds+=(--config "$here/no_worse.ini" --baseline "$accepted")
code=0
"$program" evaluate --run "$run" "${bounds[@]}" --junit "$folder/evaluate.xml" || code=$?
for gate in "robustness --noise typos --severity 0.1 --shots 0" "fairness --group gender"; do
  read -r command options <<<"$gate"
  # shellcheck disable=SC2086
  "$program" "$command" --run "$run" $options --config "$here/bounds.ini" --junit "$folder/$command.xml" || {
    ended=$?
    ((code)) || code=$ended
  }
done
exit "$code"
