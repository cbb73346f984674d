#!/usr/bin/env bash
# Shows Hawser end to end on this machine: installs, builds, and connects two sites in network namespaces.
#   examples/quickstart.sh                     the other site is a second Hawser
#   examples/quickstart.sh --peer strongswan   the other site is strongSwan
#   examples/quickstart.sh --keep              leaves it up and says how to look around (--down takes it down)
# Needs root and Debian 12. Changes nothing outside its namespaces, build/ and the packages it installs.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
if [ "$(id -u)" -ne 0 ]; then
  echo "quickstart makes network namespaces: run it as root" >&2
  exit 1
fi
tests/support/install_packages.sh
case " $* " in
  *" --down "* | *" --help "* | *" -h "*) ;;
  *)
    echo "build: build/release (the first time takes some minutes)"
    cmake --preset release > /dev/null
    ninja -C build/release programs
    ;;
esac
exec /usr/bin/python3 tests/support/quickstart.py "$@"
