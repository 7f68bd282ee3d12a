#!/usr/bin/env bash
# Runs the tests of a build folder and closes with a table per label:
#   tests/run.sh build/release [ctest options, for example -L fast]
# The exit code is ctest's own.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
shift
jobs=${TEST_JOBS:-2}
log=$build/test_log.txt
junit=$build/test_results.xml

rm -f "$junit"
# The output sizes keep GoogleTest's list of skipped cases, from which the table is made.
ctest --test-dir "$build" --parallel "$jobs" --output-on-failure --no-tests=error --output-junit "$junit" \
  --test-output-size-passed 1000000 --test-output-size-failed 1000000 "$@" </dev/null 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

if [[ -f $junit ]]; then
  python3 "$here/summary.py" --build "$build" --junit "$junit" --jobs "$jobs"
fi
# Last, what ctest said: whoever runs this from another program looks there for the verdict.
grep -E '^[0-9]+% tests passed|^Total Test time' "$log"
exit "$status"
