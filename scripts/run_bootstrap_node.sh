#!/bin/sh
# Runs the tutorial's bootstrap nodes in the foreground: 16 nodes on the port of the configuration.
# usage: run_bootstrap_node.sh ./bootstrap.config [NODES]
set -eu

fail() {
  echo "run_bootstrap_node.sh: $1" >&2
  exit 2
}

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  fail "usage: run_bootstrap_node.sh ./bootstrap.config [NODES]"
fi
[ -f "$1" ] || fail "no such file: $1 (bootstrap_demo_prepare.sh writes it)"
command -v node >/dev/null 2>&1 || fail "node is not installed; version 20.19 or later is needed"

here=$(cd "$(dirname "$0")" && pwd)
# Installed, the executable stands beside this script; in a checkout it is below apps.
for program in "$here/bootstrap-multi" "$here/../apps/bootstrap-multi/bin/bootstrap-multi.js"; do
  if [ -f "$program" ]; then
    exec node "$program" -n "$1" -c "${2:-16}"
  fi
done
fail "bootstrap-multi is not installed beside this script"
