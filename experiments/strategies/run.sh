#!/usr/bin/env bash
# Chooses a learning rate for every strategy on role V, trains five seeds with it, evaluates and compares. Can be stopped at
# any time and started again: finished runs are passed over, others begin again.
#   experiments/strategies/run.sh [STRATEGIES...]        (default: all of rates.csv; about an hour on two cores)
#   WRAP=COMMAND   is put before every run, for example a lock that keeps the machine quiet
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
coldframe=${COLDFRAME:-build/release/bin/coldframe}
here=experiments/strategies
results=docs/studies/strategies
seeds='1 2 3 4 5'
strategies=${*:-$(tail -n +2 $here/rates.csv | cut -d, -f1)}

# train NAME FOLDER RATE SEED: one run, unless its folder holds an exported model already
train() {
  local name=$1 experiment=$2 variant=$3 rate=$4 seed=$5
  local folder=runs/$experiment/$variant/fold-0/seed-$seed
  if [[ -d $folder/model ]]; then return; fi
  ${WRAP:-} "$coldframe" train --config $here/base.ini --config "$here/$name.ini" --overwrite --distributed.threads=2 \
    --experiment.name="$experiment" --experiment.variant="$variant" --experiment.seed="$seed" --optimizer.learning_rate="$rate"
}

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$coldframe" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
for name in $strategies; do
  for rate in $(grep "^$name," $here/rates.csv | cut -d, -f2- | tr , ' '); do
    train "$name" strategies-rates "$name-$rate" "$rate" 0
  done
  rate=$($here/choose.py "$name")
  for seed in $seeds; do train "$name" strategies "$name" "$rate" "$seed"; done
  if [[ ! -f runs/strategies/$name/evaluated ]]; then
    ${WRAP:-} "$coldframe" evaluate --distributed.threads=2 $(printf -- '--run runs/strategies/%s/fold-0/seed-%s ' \
      $(for seed in $seeds; do echo "$name" "$seed"; done))
    touch "runs/strategies/$name/evaluated"
  fi
done
mkdir -p $results
"$coldframe" compare runs/strategies/*/fold-0/seed-* --evaluation.smallest_effect=0.01 --output runs/strategies/report.html
cp runs/strategies/report-{strategies,runs,quality-ndcg@10,quality-recall@20,verdict-strategies}.csv $results
$here/choose.py --all > $results/rates.csv
$here/sizes.py runs/strategies > $results/sizes.csv
