#!/bin/sh
# Writes bootstrap.config for the tutorial: one UDP port, and itself as the way into the ring.
# usage: bootstrap_demo_prepare.sh NAMESPACE IP PORT
set -eu

fail() {
  echo "bootstrap_demo_prepare.sh: $1" >&2
  exit 2
}

[ $# -eq 3 ] || fail "usage: bootstrap_demo_prepare.sh NAMESPACE IP PORT"
namespace=$1
ip=$2
port=$3

case $namespace in
  '' | *[!A-Za-z0-9_.:-]*) fail "the namespace '$namespace' may only have letters, digits and _ . : -" ;;
esac
case $ip in
  '' | *[!A-Za-z0-9.:-]*) fail "'$ip' is neither an IP address nor a host name" ;;
  *:*) ip="[$ip]" ;;
esac
case $port in
  '' | *[!0-9]*) fail "'$port' is not a port" ;;
esac
if [ "${#port}" -gt 5 ] || [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then
  fail "'$port' is not a port from 1 to 65535"
fi

target=bootstrap.config
if [ -e "$target" ]; then
  fail "$target exists already; move it away first (its key file belongs to it)"
fi

temporary=$target.$$
trap 'rm -f "$temporary"' EXIT
cat >"$temporary" <<END
<?xml version="1.0"?>
<NodeConfig>
  <BrunetNamespace>$namespace</BrunetNamespace>
  <EdgeListeners>
    <EdgeListener type="udp">
      <port>$port</port>
    </EdgeListener>
  </EdgeListeners>
  <RemoteTAs>
    <Transport>brunet.udp://$ip:$port</Transport>
  </RemoteTAs>
  <XmlRpcManager>
    <Enabled>true</Enabled>
    <Port>10000</Port>
  </XmlRpcManager>
</NodeConfig>
END
mv "$temporary" "$target"
echo "wrote $target: namespace $namespace, brunet.udp://$ip:$port"
