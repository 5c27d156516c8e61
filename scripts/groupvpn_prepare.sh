#!/bin/sh
# Unpacks the configuration of a group into the installation.
# usage: groupvpn_prepare.sh CONFIG.zip
set -eu

fail() {
  echo "groupvpn_prepare.sh: $1" >&2
  exit "${2:-1}"
}

[ $# -eq 1 ] || fail "usage: groupvpn_prepare.sh CONFIG.zip" 2
[ -f "$1" ] || fail "no such file: $1" 2
command -v unzip >/dev/null 2>&1 || fail "unzip is not installed" 2

DIR=/opt/ipop
here=$(dirname "$(readlink -f "$0")")
for settings in "${IPOP_VPN_CONFIG:-/etc/ipop.vpn.config}" "$here/../etc/ipop.vpn.config"; do
  if [ -r "$settings" ]; then
    # shellcheck disable=SC1090
    . "$settings"
    break
  fi
done
[ -d "$DIR/etc" ] || fail "$DIR/etc does not exist; install first" 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# -j: no folders from the archive, so that no name in it can lead out of the work folder.
unzip -q -o -j "$1" -d "$work" || fail "$1 cannot be unpacked"

for file in node.config ipop.config dhcp.config; do
  [ -f "$work/$file" ] || fail "$1 has no $file; nothing was changed"
done

umask 077
rm -rf "$DIR/etc/certificates"
mkdir -p "$DIR/etc/certificates"
for file in webcert cacert; do
  if [ -f "$work/$file" ]; then
    mv "$work/$file" "$DIR/etc/certificates/$file"
  else
    echo "groupvpn_prepare.sh: warning: $1 has no $file" >&2
  fi
done

# Paths in the files are relative to the machine they were made on.
for file in node.config bootstrap.config; do
  [ -f "$work/$file" ] || continue
  sed -e "s|<KeyPath>.*</KeyPath>|<KeyPath>$DIR/etc/private_key</KeyPath>|" \
    -e "s|<CertificatePath>.*</CertificatePath>|<CertificatePath>$DIR/etc/certificates</CertificatePath>|" \
    "$work/$file" >"$work/$file.new"
  mv "$work/$file.new" "$work/$file"
done

for file in node.config ipop.config dhcp.config bootstrap.config; do
  [ -f "$work/$file" ] || continue
  # ipop.config may hold the group's secret.
  chmod 600 "$work/$file"
  mv "$work/$file" "$DIR/etc/$file"
  echo "installed $DIR/etc/$file"
done
echo "ready: start with groupvpn.sh start"
