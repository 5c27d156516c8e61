#!/bin/bash
# This project as a peer of the VPN lab whose folder LAB_DIR names (by default the one that lies beside the checkout).
# Pam runs sixteen nodes as the tutorial has it; Alice and Bob join over her with static addresses. With IPOP_PAM=member she
# runs one node with an interface of her own instead: only such a node relays in its data plane.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "${LAB_DIR:-$here/../../shared/lab}/lib.sh"
CIPHER="AES-256-GCM or ChaCha20-Poly1305"
# The first address of a network is its own name server.
VIP_PAM=10.77.0.4 VIP_ALICE=10.77.0.2 VIP_BOB=10.77.0.3
PORT=40000
peer_version() { node -p "require('$here/../package.json').version"; }
peer_prepare() {
  local w v
  mkdir -p "$D/pam"
  (cd "$D/pam" && sh "$here/../scripts/bootstrap_demo_prepare.sh" lab "$PAM_IP" $PORT) >/dev/null
  # A node that may only use TCP needs Pam's TCP port too.
  sed -i "s|</EdgeListeners>|  <EdgeListener type=\"tcp\"><port>$PORT</port></EdgeListener>\n  </EdgeListeners>|
          s|</RemoteTAs>|  <Transport>brunet.tcp://$PAM_IP:$PORT</Transport>\n  </RemoteTAs>|" "$D/pam/bootstrap.config"
  for w in pam alice bob; do
    v=VIP_${w^^}; mkdir -p "$D/$w"
    cp "$D/pam/bootstrap.config" "$D/$w/node.config"
    cat >"$D/$w/ipop.config" <<X
<IpopConfig>
  <IpopNamespace>lab</IpopNamespace>
  <VirtualNetworkDevice>vpn0</VirtualNetworkDevice>
  <AddressData><IPAddress>${!v}</IPAddress><Netmask>255.255.255.0</Netmask></AddressData>
  <AllowStaticAddresses>true</AllowStaticAddresses>
</IpopConfig>
X
    cat >"$D/$w/dhcp.config" <<X
<DHCPConfig>
  <Namespace>lab</Namespace><IPBase>10.77.0.0</IPBase><Netmask>255.255.255.0</Netmask><LeaseTime>3600</LeaseTime>
</DHCPConfig>
X
  done
}
node_on() { local w=$1; shift; (cd "$D/$w" && spawn "$w" node "$here/../apps/$1/bin/$1.js" "${@:2}"); }
peer_pam() {
  if [ "${IPOP_PAM:-}" = member ]; then
    node_on pam ipop-node -n node.config -i ipop.config -d dhcp.config
    wait_for grep -q 'control socket' "$D/pam.log"
  else
    node_on pam bootstrap-multi -n bootstrap.config -c 16
    wait_for grep -q connected "$D/pam.log"
  fi
}
peer_launch() {
  local w
  for w in alice bob; do node_on "$w" ipop-node -n node.config -i ipop.config -d dhcp.config; done
}
peer_main "$@"
