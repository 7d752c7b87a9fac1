#!/usr/bin/env bash
# Searches on recorded answers of real models; writes docs/results/recorded-searches.md.
#   runs/recorded_searches.sh [DATA] [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-${ITAS_SHARED_DATA:-../shared/data}}
out=${2:-$(mktemp -d)}
[ -d "$data/mcqa_temperature" ] || { echo "no recorded data in $data; give its folder" >&2; exit 2; }
export OPENBLAS_NUM_THREADS=1
exec .venv/bin/python runs/recorded_searches.py --data "$data" --out "$out" "${@:3}"
