#!/usr/bin/env bash
# Installs what is missing, builds and runs the tests.    tests/run.sh [RING…]
# Without arguments: all that CI runs. `tests/run.sh --help` names the rings.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$top/tests/support/install_packages.sh"
exec /usr/bin/python3 "$top/tests/support/rings.py" "$@"
