#!/usr/bin/env bash
# One conclusion in 54 assumed realities: worlds x lambda x user models, ten refitted worlds each. Can be stopped at any time and
# started again: what is there is passed over.
#   experiments/newcomers/run.sh [WORLDS...]     (default: 1 .. 10; about ten minutes on one core, once the five LoRA runs of
#                                                 experiments/strategies are there; parts may run beside each other after the first)
#   WRAP=COMMAND   is put before every program run, for example a lock
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
coldframe=${COLDFRAME:-build/release/bin/coldframe}
python=${PYTHON:-.deps/venv-interop/bin/python}
here=experiments/newcomers
out=runs/newcomers
config=(--config $here/base.ini)
worlds=10
users=200
seeds='1 2 3 4 5'

if [[ ! -f datasets/ml-100k.h5 ]]; then
  "$coldframe" import --source movielens-100k --input .deps/movielens-100k --output datasets/ml-100k.h5
fi
if [[ ! -f runs/strategies/lora/evaluated ]]; then experiments/strategies/run.sh lora; fi
mkdir -p $out/records
if [[ ! -f $out/population.h5 ]]; then ${WRAP:-} "$coldframe" population "${config[@]}"; fi
if [[ ! -f $out/newcomers.h5 ]]; then
  ${WRAP:-} "$coldframe" population "${config[@]}" --materialise $((worlds * users)) --newcomers $out/newcomers.h5
fi

# What the encoders would show: ten items for every profile of the pool, then the pages of every world's newcomers.
if [[ ! -f $out/profiles.csv ]]; then "$python" $here/pages.py profiles $out/newcomers.h5 $out/profiles.csv; fi
for seed in $seeds; do
  for prior in '' --prior; do
    list=$out/lora$prior-$seed.csv
    if [[ -f $list ]]; then continue; fi
    ${WRAP:-} "$coldframe" recommend --run runs/strategies/lora/fold-0/seed-$seed --input $out/profiles.csv --top 10 $prior --output $list
  done
done
if [[ ! -f $out/pages/done ]]; then "$python" $here/pages.py pages $out/newcomers.h5 $users $out/pages $out/lora*.csv; touch $out/pages/done; fi

# Every world has newcomers of its own, so that users are part of what differs between worlds.
next=$out/next-$$.h5
for world in ${*:-$(seq 1 $worlds)}; do
  policies=random,popularity,attribute_popularity,oracle,informed_oracle
  for list in "$out"/pages/"$world"/*.csv; do policies+=,file:$list; done
  for kind in softmax topics chain; do
    for lambda in 0 0.5 1; do
      for model in mnl iterated_logit pbm cascade dcm dbn; do
        record=$out/records/$kind-$world-$lambda-$model.h5
        if [[ -f $record ]]; then continue; fi
        ${WRAP:-} "$coldframe" simulate "${config[@]}" --simulation.world=$kind-$world --simulation.lambda=$lambda --simulation.user_model=$model \
          --simulation.first_user=$(((world - 1) * users)) --simulation.policies="$policies" --output $next > /dev/null 2> $next.log ||
          { cat $next.log; exit 1; }
        mv $next "$record"  # whole, or not there
      done
    done
  done
  echo "world $world of $worlds"
done
rm -f $next.log
if [[ $(ls $out/records | wc -l) -lt $((worlds * 54)) ]]; then exit 0; fi
mkdir -p docs/studies/newcomers
"$python" $here/collect.py $out/records docs/studies/newcomers
