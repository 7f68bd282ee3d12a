#!/usr/bin/env bash
# Runs coldframe on this machine with one rank:
#   cluster/local/run.sh train --config experiments/movielens/lora.ini
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
exec "${COLDFRAME:-$root/build/release/bin/coldframe}" "$@"
