#!/bin/sh
### BEGIN INIT INFO
# Provides:          groupvpn_bootstrap
# Required-Start:    $network $remote_fs
# Required-Stop:     $network $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: IPOP bootstrap nodes
### END INIT INFO
# Starts and stops the nodes that others join through.
# usage: groupvpn_bootstrap.sh start|stop|restart|status
set -eu

name=groupvpn_bootstrap.sh
program=bootstrap-multi
log=bootstrap
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=service.sh
. "$here/service.sh"
read_settings

arguments="-n $DIR/etc/bootstrap.config -c $BOOTSTRAP_NODES"
case ${1:-} in
  start | restart)
    [ -f "$DIR/etc/bootstrap.config" ] || fail "$DIR/etc/bootstrap.config is missing" 2
    ;;
esac
run_service "${1:-}"
