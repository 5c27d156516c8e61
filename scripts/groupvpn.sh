#!/bin/sh
### BEGIN INIT INFO
# Provides:          groupvpn
# Required-Start:    $network $remote_fs
# Required-Stop:     $network $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: IPOP virtual private network
### END INIT INFO
# Starts and stops the virtual network of this machine.
# usage: groupvpn.sh start|stop|restart|status
set -eu

name=groupvpn.sh
program=ipop-node
log=ipop
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=service.sh
. "$here/service.sh"
read_settings

# dhcp.config is optional: the addresses of the network may come from the DHT.
arguments="-n $DIR/etc/node.config -i $DIR/etc/ipop.config"
if [ -f "$DIR/etc/dhcp.config" ]; then
  arguments="$arguments -d $DIR/etc/dhcp.config"
fi
case ${1:-} in
  start | restart)
    for file in node.config ipop.config; do
      [ -f "$DIR/etc/$file" ] || fail "$DIR/etc/$file is missing; groupvpn_prepare.sh puts it there" 2
    done
    ;;
esac
run_service "${1:-}"
