#!/usr/bin/env bash
# Compiles requirements*.in into the hash-locked requirements*.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v uv >/dev/null || { echo "lock.sh needs uv: pip install uv" >&2; exit 1; }
# pip takes a pin of pydantic for none of pydantic[email], which something asks for: extras stay.
for name in requirements requirements-dev; do
    uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-annotate --no-strip-extras --custom-compile-command ./dev/supply_chain/lock.sh --no-emit-index-url \
        --no-emit-find-links "$@" "$name.in" --output-file "$name.txt"
done
