#!/usr/bin/env bash
# Stops what start-dev.sh started, and only that. What is stored stays.
set -euo pipefail
. "$(dirname -- "$(readlink -f -- "$0")")/dev/python.sh"
exec "$python" -m dev.scripts.stop "$@"
