/** Who carries the packets, and what is said about it. */
import { describe, expect, it } from '@jest/globals'
import type { LogFields, LogLevel, Runtime } from '@ipop/runtime'
import { createNodeRuntime } from '@ipop/runtime/node'
import {
  openDataPlane as openNative,
  type DataPlaneHandlers,
  type VirtualDevice,
} from 'napi-rs-tun'
import { dataPlaneView, openDataPlane } from '../../src/dataplane/open-data-plane.ts'

const tun = { isTap: false } as VirtualDevice
const tap = { isTap: true } as VirtualDevice

describe('the data plane', () => {
  it('is JavaScript where that is asked for, and says why', async () => {
    const { runtime, lines } = listening()
    const choice = await openDataPlane(runtime, tun, 'js')
    expect(dataPlaneView(choice)).toEqual({ name: 'javascript', reason: 'IPOP_DATAPLANE=js' })
    expect(lines).toEqual(['info data plane: javascript (slow) IPOP_DATAPLANE=js'])
  })

  it('is JavaScript for a TAP interface', async () => {
    const choice = await openDataPlane(listening().runtime, tap, undefined)
    expect(dataPlaneView(choice).reason).toContain('TAP')
  })

  it('is JavaScript when the native one cannot be opened for the device', async () => {
    const choice = await openDataPlane(listening().runtime, tun, undefined)
    expect(dataPlaneView(choice).reason).toBe('the device was not opened by this package')
  })

  it('relays for a node without a virtual network', async () => {
    const { runtime, lines } = listening()
    const choice = await openDataPlane(runtime, undefined, undefined)
    const name = hasAddon() ? 'rust' : 'javascript (slow)'
    expect(lines).toEqual([expect.stringContaining(`info relay: ${name}`)])
    expect(dataPlaneView(choice).name).toBe(name.split(' ')[0])
    if (choice.kind === 'rust') await choice.plane.close()
  })

  it('relays in JavaScript where that is asked for', async () => {
    const { runtime, lines } = listening()
    await openDataPlane(runtime, undefined, 'js')
    expect(lines).toEqual(['info relay: javascript (slow) IPOP_DATAPLANE=js'])
  })
})

function hasAddon(): boolean {
  try {
    void openNative({ handlers: {} as DataPlaneHandlers }).close()
    return true
  } catch {
    return false
  }
}

function listening(): { runtime: Runtime; lines: string[] } {
  const lines: string[] = []
  const log = {
    isEnabled: () => true,
    write: (level: LogLevel, event: string, fields?: LogFields) =>
      void lines.push([level, event, fields?.['reason']].join(' ')),
    child: () => log,
  }
  return { runtime: createNodeRuntime({ log }), lines }
}
