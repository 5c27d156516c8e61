/** Reading the three files: values, defaults, and what is only worth a warning. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  ConfigErrors,
  defaultKeyPath,
  parseDhcpConfig,
  parseIpopConfig,
  parseNodeConfig,
  readNodeConfig,
} from '../../src/index.ts'

const NODE = `<?xml version="1.0"?>
<NodeConfig xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <!-- the ring -->
  <RemoteTAs>
    <Transport>brunet.udp://203.0.113.5:15000</Transport>
    <Transport>brunet.tcp://[2001:db8::1]:15000/node3</Transport>
    <Transport>brunet.udp://pam.example.org:15000</Transport>
    <Transport>brunet.function://localhost:3</Transport>
  </RemoteTAs>
  <BrunetNamespace>Local &amp; Testing&#33;</BrunetNamespace>
  <EdgeListeners>
    <EdgeListener type="udp"><port>15000</port></EdgeListener>
    <EdgeListener type="tcp"/>
    <EdgeListener type="xmpp"/>
  </EdgeListeners>
  <XmlRpcManager><Enabled>true</Enabled><Port>10001</Port></XmlRpcManager>
  <Security><KeyPath>keys/private_key</KeyPath></Security>
  <Colour shade="dark">blue</Colour>
</NodeConfig>`

describe('parseNodeConfig', () => {
  const text = NODE.replace('Local &amp; Testing&#33;', 'Local_&amp;_Testing&#33;')
  const config = parseNodeConfig(text, '/opt/ipop/etc/node.config')

  it('reads every value whatever the order of the elements', () => {
    expect(config).toMatchObject({
      file: '/opt/ipop/etc/node.config',
      brunetNamespace: 'Local_&_Testing!',
      edgeListeners: [
        { type: 'udp', port: 15_000 },
        { type: 'tcp', port: 0 },
      ],
      remoteTas: [
        'brunet.udp://203.0.113.5:15000',
        'brunet.tcp://[2001:db8::1]:15000/node3',
        'brunet.udp://pam.example.org:15000',
      ],
      nodeAddress: undefined,
      xmlRpcManager: { enabled: true, port: 10_001 },
      controlSocket: { enabled: true, path: undefined },
      portMapping: { enabled: true },
      lanDiscovery: { enabled: true },
      relay: { enabled: true, megabitsPerSecond: undefined },
      security: { keyPath: '/opt/ipop/etc/keys/private_key' },
    })
  })

  it('warns about what has no effect, with its place', () => {
    expect(config.warnings.map(String)).toEqual([
      "/opt/ipop/etc/node.config:14:5: <EdgeListeners/EdgeListener> the transport 'xmpp' is not available here; this listener is ignored",
      "/opt/ipop/etc/node.config:8:5: <RemoteTAs/Transport> the transport 'function' is not available here; this address is ignored",
      '/opt/ipop/etc/node.config:18:3: <Colour> is not a known element and has no effect',
    ])
  })

  it('reads the same with CRLF and a byte order mark', () => {
    const bytes = new TextEncoder().encode(`\uFEFF${text.replaceAll('\n', '\r\n')}`)
    expect(parseNodeConfig(bytes, '/opt/ipop/etc/node.config')).toEqual(config)
  })

  it('keeps the key beside the file unless told otherwise', () => {
    expect(defaultKeyPath('/etc/ipop/bootstrap.config')).toBe('/etc/ipop/bootstrap.key')
    expect(defaultKeyPath('/etc/ipop/.config')).toBe('/etc/ipop/.config.key')
  })

  it('reads whether and how fast to relay', () => {
    const relayOf = (elements: string) =>
      parseNodeConfig(
        `<NodeConfig><BrunetNamespace>n</BrunetNamespace><EdgeListeners/><Relay>${elements}</Relay></NodeConfig>`,
        'n',
      ).relay
    expect(relayOf('<Enabled>false</Enabled>').enabled).toBe(false)
    const fast = '<MegabitsPerSecond>10000</MegabitsPerSecond>'
    expect(relayOf(fast)).toEqual({ enabled: true, megabitsPerSecond: 10_000 })
    expect(() => relayOf('<MegabitsPerSecond>0</MegabitsPerSecond>')).toThrow('from 1 to 100000')
  })

  it('does not start from a file that is not there', () => {
    expect(() => readNodeConfig('/nowhere/node.config')).toThrow(
      '/nowhere/node.config: no such file; expected the path of a configuration file',
    )
    expect(() => readNodeConfig('/')).toThrow('/: is a folder')
  })

  it('refuses a file that is too large or in another encoding', () => {
    expect(() => parseNodeConfig(' '.repeat(300_000), 'n')).toThrow('n: has 300000 bytes; expected')
    expect(() => parseNodeConfig(new Uint8Array([0xff, 0xfe, 0x3c, 0]), 'n')).toThrow('UTF-16')
    expect(() => parseNodeConfig(new Uint8Array([0x3c, 0xc3, 0x28]), 'n')).toThrow(
      'not valid UTF-8',
    )
  })

  it('gives ConfigErrors and nothing else for any text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<NodeConfig>',
        '</NodeConfig>',
        '<a',
        '/>',
        '<![CDATA[',
        ']]>',
        '<!--',
        '-->',
      ),
      fc.constantFrom(
        '&lt;',
        '&#x41;',
        '<?x',
        '?>',
        '"',
        '=',
        '\r\n',
        '<__proto__>',
        '<hasOwnProperty/>',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(failureOf(() => parseNodeConfig(pieces.join(''), 'n'))).toBe('ConfigErrors')
      }),
    )
  })
})

describe('parseIpopConfig', () => {
  it('fills in the defaults', () => {
    const text =
      '<IpopConfig><IpopNamespace>ns</IpopNamespace><VirtualNetworkDevice>tapipop</VirtualNetworkDevice></IpopConfig>'
    expect(parseIpopConfig(text, '/e/ipop.config')).toEqual({
      file: '/e/ipop.config',
      ipopNamespace: 'ns',
      virtualNetworkDevice: { name: 'tapipop', kind: 'tun' },
      addressData: {},
      enableMulticast: false,
      dhcpPort: 67,
      allowStaticAddresses: false,
      dns: { type: 'StaticDns', forwardQueries: false },
      warnings: [],
    })
  })

  it('reads a static address, a TAP device and the name service', () => {
    const config = parseIpopConfig(
      `<IpopConfig><IpopNamespace>ns</IpopNamespace>
       <VirtualNetworkDevice type="tap">tap0</VirtualNetworkDevice>
       <AddressData><Hostname>pam</Hostname><IPAddress>10.250.0.1</IPAddress><Netmask>255.255.0.0</Netmask></AddressData>
       <EnableMulticast>true</EnableMulticast><EndToEndSecurity>true</EndToEndSecurity><DHCPPort>0</DHCPPort>
       <AllowStaticAddresses>1</AllowStaticAddresses>
       <Dns><Type>DhtDns</Type><ForwardQueries>true</ForwardQueries></Dns></IpopConfig>`,
      'ipop.config',
    )
    expect(config).toMatchObject({
      virtualNetworkDevice: { name: 'tap0', kind: 'tap' },
      addressData: { hostname: 'pam', ipAddress: '10.250.0.1', netmask: '255.255.0.0' },
      enableMulticast: true,
      dhcpPort: 67,
      allowStaticAddresses: true,
      dns: { type: 'DhtDns', forwardQueries: true, nameServer: '8.8.8.8' },
      warnings: [],
    })
  })
})

describe('parseDhcpConfig', () => {
  it('reads the network and its reserved ranges', () => {
    const config = parseDhcpConfig(
      `<DHCPConfig><Namespace>ns</Namespace><Netmask>255.255.0.0</Netmask><IPBase>10.250.0.0</IPBase>
       <LeaseTime>7200</LeaseTime><ReservedIPs>
       <ReservedIP><IPBase>10.250.0.0</IPBase><Mask>255.255.255.0</Mask></ReservedIP></ReservedIPs></DHCPConfig>`,
      'dhcp:ns',
    )
    expect(config).toEqual({
      namespace: 'ns',
      netmask: '255.255.0.0',
      ipBase: '10.250.0.0',
      leaseTimeSeconds: 7_200,
      reservedIps: [{ ipBase: '10.250.0.0', mask: '255.255.255.0' }],
      warnings: [],
    })
  })
})

/** Returns the kind of error that `read` throws; what it returns counts as one of ours. */
function failureOf(read: () => unknown): string {
  try {
    read()
    return 'ConfigErrors'
  } catch (error) {
    return error instanceof ConfigErrors ? 'ConfigErrors' : String(error)
  }
}
