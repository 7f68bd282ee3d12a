#!/usr/bin/env bash
# Runs every benchmark of a build folder, after a line that says on what:
#   tests/benchmarks/run.sh build/release
# Results as JSON: <build>/benchmarks/<name>.json. Fails when a benchmark's own check of its answers fails.
set -euo pipefail
build=$1
status=0

awk -F ': ' '/^model name/ { print "processor: " $2; exit }' /proc/cpuinfo
echo "cores: $(nproc)"
for program in "$build"/benchmarks/*_benchmark; do
  log=$program.log
  "$program" --benchmark_out="${program%_benchmark}.json" --benchmark_out_format=json 2>&1 | tee "$log"
  if grep -q 'ERROR OCCURRED' "$log"; then status=1; fi
done
exit "$status"
