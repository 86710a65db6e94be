#!/usr/bin/env bash
# Record the Keras example as it ran, look at the session, export what its results need, and prove it.
# Works in a temporary copy; the exit code is that of the export.
set -euo pipefail
export PAGER=cat  # nothing waits for a key
unset JREPRO_PROJECT

example=digit-training
notebook=digit_training.ipynb
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$(dirname "$0")/$example" "$copy"
cd "$copy/$example"

title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
run() { printf '$ %s\n\n' "$*"; "$@"; }

title "1. Run the session again as it was, messy, and record it: edits, re-runs, failures, deleted cells"
run jrepro record "$notebook" --history history.jsonl

title "2. What happened, in true order, and what of it is stale"
run jrepro show "$notebook"

title "3. Export what the score, the figure, the weights and the metrics need; prove it in a fresh kernel"
run jrepro export "$notebook"
