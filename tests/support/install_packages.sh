#!/usr/bin/env bash
# Installs the Debian packages that are missing; quick when nothing is. Safe to run again.
#   install_packages.sh [build|test|all]     (all)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

lists=()
case "${1:-all}" in
  build) lists=(build) ;;
  test)  lists=(test) ;;
  all)   lists=(build test) ;;
  *) echo "usage: $0 [build|test|all]" >&2; exit 2 ;;
esac

wanted=()
for list in "${lists[@]}"; do
  while read -r package _; do
    case "$package" in ''|'#'*) ;; *) wanted+=("$package") ;; esac
  done < "$here/packages-$list.txt"
done

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" {print $1}')
missing=()
for package in "${wanted[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || { echo "packages: all ${#wanted[@]} installed"; exit 0; }

echo "packages: ${#missing[@]} of ${#wanted[@]} missing: ${missing[*]}"
if [ "$(id -u)" -ne 0 ]; then
  echo "run as root, or first: sudo $here/$(basename "$0") ${1:-all}" >&2
  exit 1
fi
# Noninteractive also answers Wireshark's question about captures by ordinary users: no.
export DEBIAN_FRONTEND=noninteractive

# A container's policy may forbid it anyway; this keeps charon-systemd from starting a daemon on this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi

install() { apt-get install -y --no-install-recommends "${missing[@]}"; }
# The package lists may be there and fresh: try first, fetch them only when something was not found.
if ! apt-get install -s --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
  apt-get update
  install
elif ! install; then
  apt-get update
  install
fi
