/** The mistakes of all files are reported together. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFiles } from '../src/read-files.ts'

let folder = ''
const path = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipop-files-'))
  writeFileSync(
    path('node.config'),
    '<NodeConfig><BrunetNamespace>n</BrunetNamespace><EdgeListeners><EdgeListener type="udp"/></EdgeListeners><Extra/></NodeConfig>',
  )
  writeFileSync(
    path('ipop.config'),
    '<IpopConfig><IpopNamespace>n</IpopNamespace><VirtualNetworkDevice>tap0</VirtualNetworkDevice></IpopConfig>',
  )
  writeFileSync(path('dhcp.config'), '<DHCPConfig/>')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('readFiles', () => {
  it('reads what is given and passes warnings on', () => {
    const files = readFiles({ nodeConfig: path('node.config'), ipopConfig: path('ipop.config') })
    expect(files.ipopConfig?.virtualNetworkDevice).toEqual({ name: 'tap0', kind: 'tun' })
    expect(files.dhcpConfig).toBeUndefined()
    expect(files.warnings.map(String)).toEqual([
      expect.stringContaining('<Extra> is not a known element'),
    ])
  })

  it('reports every mistake of every file', () => {
    const read = () =>
      readFiles({
        nodeConfig: path('none'),
        ipopConfig: path('node.config'),
        dhcpConfig: path('dhcp.config'),
      })
    expect(read).toThrow(
      /none: no such file[\s\S]*the root element is <NodeConfig>[\s\S]*<Netmask> missing/,
    )
  })
})
