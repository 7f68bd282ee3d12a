#!/usr/bin/env bash
# Writes the texts that whole-job benchmarks read, once: MovieLens-100K pairs and catalogue as training renders them.
#   tests/benchmarks/prepare.sh build/release      ->  <build>/benchmarks/data/{movielens.tsv,catalogue.txt}
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1
data=$build/benchmarks/data

[[ -f $data/movielens.tsv && -f $data/catalogue.txt ]] && exit
mkdir -p "$data"
"$build/bin/coldframe" import --source movielens-100k --input "$root/.deps/movielens-100k" --output "$data/ml-100k.h5" --overwrite >/dev/null
"$build/benchmarks/movielens_pairs" --store "$data/ml-100k.h5" --pairs 2048 --output "$data/movielens.tsv.part" --catalogue "$data/catalogue.txt"
mv "$data/movielens.tsv.part" "$data/movielens.tsv"
