/** Which addresses a node tells others about. */
import { describe, expect, it } from '@jest/globals'
import { parseNodeConfig } from '@ipop/config'
import type { InterfaceAddress, Runtime } from '@ipop/runtime'
import { World } from '@ipop/simulator'
import { openListeners } from '../../src/start/listeners.ts'

const ADDRESSES: InterfaceAddress[] = [
  { device: 'eth0', host: '192.0.2.1', family: 4, prefixLength: 24, isInternal: false },
  { device: 'wlan0', host: '192.0.2.129', family: 4, prefixLength: 25, isInternal: false },
  { device: 'tapipop', host: '10.77.0.5', family: 4, prefixLength: 16, isInternal: false },
]

describe('openListeners', () => {
  it('hides the virtual interface', async () => {
    expect(await offered('')).toEqual([
      'brunet.udp://192.0.2.1:4000',
      'brunet.udp://192.0.2.129:4000',
    ])
  })

  it('offers only the interfaces that the configuration names', async () => {
    expect(await offered('<DevicesToBind><Device>wlan0</Device></DevicesToBind>')).toEqual([
      'brunet.udp://192.0.2.129:4000',
    ])
  })
})

async function offered(more: string): Promise<string[]> {
  const config = parseNodeConfig(
    `<NodeConfig><BrunetNamespace>n</BrunetNamespace>
     <EdgeListeners><EdgeListener type="udp"><port>4000</port></EdgeListener></EdgeListeners>${more}</NodeConfig>`,
    'node.config',
  )
  const host = new World({ seed: 1 }).addHost()
  const runtime: Runtime = { ...host.runtime, interfaces: { list: () => ADDRESSES } }
  const listeners = await openListeners(config, runtime, 'tapipop')
  return listeners.flatMap((listener) => listener.localAddresses().map(String))
}
