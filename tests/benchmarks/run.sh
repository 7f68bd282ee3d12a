#!/usr/bin/env bash
# Runs every benchmark of a build folder, after a line that says on what:
#   tests/benchmarks/run.sh build/release [kernels] [jobs] [simulator]          default: all
#
#   kernels   Google Benchmark programs; results as JSON in <build>/benchmarks/<name>.json
#   jobs      the limit of matrix products; training steps on MovieLens-100K pairs with one thread, two threads in parallel
#             lanes, and two ranks, with the share of that limit and the speed-up over one thread; encoding the catalogue
#   simulator exact top-10 of whole catalogues in float32 and int8 against the peak of a core, on random vectors and on those
#             of all-MiniLM-L6-v2; pages of simulated users per second; two threads against two pinned processes
#
# Fails when a benchmark's own check of its answers fails.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
shift
programs=$build/benchmarks
data=$programs/data
status=0

kernels() {
  local program log
  for program in "$programs"/*_benchmark; do
    log=$program.log
    "$program" --benchmark_out="${program%_benchmark}.json" --benchmark_out_format=json 2>&1 | tee "$log"
    if grep -q 'ERROR OCCURRED' "$log"; then status=1; fi
  done
}

step_job() {
  local ranks=$1 threads=$2
  shift 2
  COLDFRAME=$programs/step_job "$here/../../cluster/mpirun/run.sh" "$ranks" --threads "$threads" --pairs "$data/movielens.tsv" \
    --gemm "$programs/gemm_limit.json" "$@"
}

# Adds the speed-up over the first line, which has one thread, to lines of step_job.
with_speed_up() {
  awk '{ for (i = 2; i <= NF; ++i) if ($i == "pairs/s") speed = $(i - 1)
         if (!first) first = speed
         printf "%s, %.2fx\n", $0, speed / first; fflush() }'
}

jobs() {
  local strategy
  "$here/prepare.sh" "$build"
  "$programs/gemm_limit" --json "$programs/gemm_limit.json"
  for strategy in full lora; do
    for shape in '1 1' '1 2' '2 1'; do
      step_job $shape --strategy "$strategy" --batch 64 --steps 8 --json "$programs/step-$strategy-${shape/ /x}.json"
    done | with_speed_up
  done
  "$programs/encode_job" --texts "$data/catalogue.txt" --threads "$(nproc)" --json "$programs/encode.json"
}

# Titles of the catalogue, then words of the encoder's vocabulary until there are 10,000.
encoder_texts() {
  cat "$data/catalogue.txt"
  grep -m $((10000 - $(wc -l <"$data/catalogue.txt"))) -E '^[a-z]{4,}$' "$1/vocab.txt"
}

simulator() {
  local encoder=$here/../../.deps/encoders/all-MiniLM-L6-v2 texts
  "$here/prepare.sh" "$build"
  encoder_texts "$encoder" >"$data/texts.txt"
  for texts in catalogue texts; do
    "$build/bin/coldframe" encode --encoder "$encoder" --input "$data/$texts.txt" --output "$data/$texts.npy"
    "$programs/scoring_job" --vectors "$data/$texts.npy" --json "$programs/scoring-$texts.json"
  done
  if command -v python3 >/dev/null; then
    "$here/replay_rates.py" --build "$build" --json "$programs/replay.json"
  else
    echo 'pages per second: skipped (python3, which starts the replays side by side, is not installed)'
  fi
}

awk -F ': ' '/^model name/ { print "processor: " $2; exit }' /proc/cpuinfo
echo "cores: $(nproc)"
if [[ $# == 0 ]]; then set -- kernels jobs simulator; fi
for part in "$@"; do "$part"; done
exit "$status"
