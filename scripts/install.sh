#!/bin/sh
# Installs IPOP: bin, lib, etc and var below PREFIX (default /opt/ipop). Existing configuration is kept.
# usage: [PREFIX=/opt/ipop] [DESTDIR=] install.sh
#   DESTDIR  root of a staging tree, for packagers
# With the default prefix, links in /etc, /etc/init.d, /usr/sbin and /usr/bin are made, too.
set -eu

fail() {
  echo "install.sh: $1" >&2
  exit "${2:-1}"
}

[ $# -eq 0 ] || fail "usage: [PREFIX=/opt/ipop] [DESTDIR=] install.sh" 2
PREFIX=${PREFIX:-/opt/ipop}
DESTDIR=${DESTDIR:-}
case $PREFIX in
  /*) ;;
  *) fail "PREFIX=$PREFIX is not an absolute path" 2 ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=$DESTDIR$PREFIX
scripts="groupvpn.sh groupvpn_bootstrap.sh groupvpn_prepare.sh bootstrap_demo_prepare.sh run_bootstrap_node.sh"

for app in ipop-node bootstrap-multi crawler; do
  [ -d "$root/apps/$app/dist" ] || fail "apps/$app is not built; run 'npm run build' first" 2
done
mkdir -p "$target/bin" "$target/lib" "$target/etc" "$target/var" || fail "cannot write below $target"

# Each program is a small file in bin that loads its bundle in lib.
install_app() {
  rm -rf "$target/lib/$1"
  mkdir -p "$target/lib/$1"
  cp -R "$root/apps/$1/dist/." "$target/lib/$1/"
  find "$target/lib/$1" -name '*.map' -exec rm -f {} +
  echo '{ "type": "module" }' >"$target/lib/$1/package.json"
  for command in $2; do
    printf '#!/usr/bin/env node\nimport(%s)\n' "'../lib/$1/$command.js'" >"$target/bin/$command"
    chmod 755 "$target/bin/$command"
  done
}
install_app ipop-node ipop-node
install_app bootstrap-multi bootstrap-multi
install_app crawler "crawl bget bput ipop"

# The package with the Rust addon is found from the bundles by its name.
addon=$target/lib/node_modules/napi-rs-tun
rm -rf "$addon"
if [ -d "$root/packages/napi-rs-tun/dist" ]; then
  mkdir -p "$addon"
  cp -R "$root/packages/napi-rs-tun/dist" "$root/packages/napi-rs-tun/package.json" "$addon/"
  find "$root/packages/napi-rs-tun" -maxdepth 1 -name '*.node' -exec cp {} "$addon/" \;
fi
if [ -z "$(find "$addon" -name '*.node' 2>/dev/null)" ]; then
  echo "install.sh: warning: the Rust addon is not built; bootstrap nodes run, virtual interfaces do not" >&2
fi

for script in $scripts; do
  cp "$here/$script" "$target/bin/$script"
  chmod 755 "$target/bin/$script"
done
cp "$here/service.sh" "$target/bin/service.sh"

# An installation is never overwritten in etc: it holds keys and addresses.
for file in "$here"/config/*.config; do
  name=$(basename "$file")
  case $name in
    ipop.vpn.config) kept=$target/etc/$name ;;
    *) kept=$target/etc/$name.sample ;;
  esac
  if [ "$name" = ipop.vpn.config ]; then
    [ -e "$kept" ] || sed "s|^DIR=.*|DIR=$PREFIX|" "$file" >"$kept"
  else
    cp "$file" "$kept"
  fi
done
chmod 700 "$target/etc"

link() {
  mkdir -p "$DESTDIR$(dirname "$2")"
  ln -sf "$1" "$DESTDIR$2"
}
if [ "$PREFIX" = /opt/ipop ]; then
  link "$PREFIX/etc/ipop.vpn.config" /etc/ipop.vpn.config
  link "$PREFIX/bin/groupvpn.sh" /etc/init.d/groupvpn.sh
  link "$PREFIX/bin/groupvpn_bootstrap.sh" /etc/init.d/groupvpn_bootstrap.sh
  link "$PREFIX/bin/groupvpn_prepare.sh" /usr/sbin/groupvpn_prepare.sh
fi
echo "installed below $target"
echo "next: copy node.config, ipop.config and dhcp.config to $PREFIX/etc (samples are there), then $PREFIX/bin/groupvpn.sh start"
