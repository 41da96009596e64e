#!/usr/bin/env bash
# Runs the whole test suite, or what the pytest arguments say.
set -euo pipefail
. "$(dirname -- "$(readlink -f -- "$0")")/dev/python.sh"
exec "$python" -m dev.scripts.test "$@"
