/** Machines on one bridge that know of nobody: no RemoteTA at all. */
import fs from 'node:fs'
import path from 'node:path'
import { app } from './tutorial.mjs'

const NAMESPACE = 'lanlab'

/** The machines on an IPv4 network. */
export const HOSTS = { alice: '10.97.0.2/24', bob: '10.97.0.3/24', carol: '10.97.0.4/24' }

/** The same machines on an IPv6 network. */
export const HOSTS6 = { alice: 'fd77::2/64', bob: 'fd77::3/64', carol: 'fd77::4/64' }

/** Starts a machine's node; the one with `settings` publishes those of the virtual network. */
export function startAlone(lab, host, { hasSettings = false, extra = '' } = {}) {
  const home = lab.home(host)
  fs.writeFileSync(
    path.join(home, 'node.config'),
    `<?xml version="1.0"?><NodeConfig><BrunetNamespace>${NAMESPACE}</BrunetNamespace>` +
      `<EdgeListeners><EdgeListener type="udp"><port>0</port></EdgeListener></EdgeListeners>` +
      `<ControlSocket><Path>${path.join(home, 'control.sock')}</Path></ControlSocket>${extra}</NodeConfig>\n`,
  )
  fs.writeFileSync(
    path.join(home, 'ipop.config'),
    `<?xml version="1.0"?><IpopConfig><IpopNamespace>${NAMESPACE}</IpopNamespace>` +
      `<VirtualNetworkDevice>tapipop</VirtualNetworkDevice></IpopConfig>\n`,
  )
  fs.writeFileSync(
    path.join(home, 'dhcp.config'),
    `<?xml version="1.0"?><DHCPConfig><Namespace>${NAMESPACE}</Namespace><IPBase>192.168.97.0</IPBase>` +
      `<Netmask>255.255.255.0</Netmask><LeaseTime>3600</LeaseTime></DHCPConfig>\n`,
  )
  const files = ['-n', 'node.config', '-i', 'ipop.config']
  if (hasSettings) files.push('-d', 'dhcp.config')
  return lab.spawn(host, [...app('ipop-node'), ...files], { name: 'ipop-node' })
}
