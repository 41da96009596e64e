#!/usr/bin/env bash
# Starts the service on this machine; ./start-dev.sh --help tells more.
set -euo pipefail
. "$(dirname -- "$(readlink -f -- "$0")")/dev/python.sh"
exec "$python" -m dev.scripts.start "$@"
