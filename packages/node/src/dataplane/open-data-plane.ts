/** Decides who carries the packets of a node, the native data plane or JavaScript, and says so. */
import { CIPHER_CHACHA20_POLY1305 } from '@ipop/security'
import type { Runtime } from '@ipop/runtime'
import type { VirtualDevice } from 'napi-rs-tun'
import { messageOf } from '../errors.ts'
import type { DataPlaneView } from '../services.ts'
import { NodeDataPlane } from './data-plane.ts'

/** Names the data plane that is wanted: `rust` or `js`. */
export const DATA_PLANE_VARIABLE = 'IPOP_DATAPLANE'

/** How many threads of the native data plane share the work of a direction, where that is told. */
export const THREADS_VARIABLE = 'IPOP_DATAPLANE_THREADS'

/** Who carries the packets. */
export type DataPlaneChoice =
  | { readonly kind: 'rust'; readonly plane: NodeDataPlane }
  | { readonly kind: 'javascript'; readonly reason: string }

/**
 * Opens the native data plane where that is possible and not forbidden.
 *
 * Without a `device` it carries what the node relays for others.
 */
export async function openDataPlane(
  runtime: Runtime,
  device: VirtualDevice | undefined,
  wish: string | undefined,
  threads?: number,
): Promise<DataPlaneChoice> {
  const choice = await choose(runtime, device, wish, threads)
  const fields =
    choice.kind === 'rust'
      ? { features: inUse(choice.plane.features()) }
      : { reason: choice.reason }
  const name = choice.kind === 'rust' ? 'rust' : 'javascript (slow)'
  runtime.log.write('info', `${device ? 'data plane' : 'relay'}: ${name}`, fields)
  return choice
}

async function choose(
  runtime: Runtime,
  device: VirtualDevice | undefined,
  wish: string | undefined,
  threads: number | undefined,
): Promise<DataPlaneChoice> {
  if (isScriptWanted(wish)) return script(`${DATA_PLANE_VARIABLE}=${String(wish)}`)
  if (device?.isTap === true) return script('a TAP interface carries Ethernet frames')
  try {
    const { openDataPlane: open } = await import('napi-rs-tun')
    const plane = new NodeDataPlane(runtime, (handlers) =>
      open({ ...(device && { device }), threads, handlers }),
    )
    if (plane.capabilities.includes(CIPHER_CHACHA20_POLY1305)) return { kind: 'rust', plane }
    await plane.close()
    return script('the addon does not fit this version: build it with "npm run build"')
  } catch (error) {
    return script(messageOf(error))
  }
}

/** Returns what is shown of a choice. */
export function dataPlaneView(choice: DataPlaneChoice): DataPlaneView {
  if (choice.kind === 'javascript') return { name: 'javascript', reason: choice.reason }
  return { name: 'rust', counters: choice.plane.counters(), features: choice.plane.features() }
}

/** Returns whether the variable's value asks for JavaScript. */
export function isScriptWanted(wish: string | undefined): boolean {
  return wish === 'js' || wish === 'javascript'
}

function inUse(features: Readonly<Record<string, boolean>>): string {
  return Object.keys(features)
    .filter((name) => features[name])
    .join(' ')
}

function script(reason: string): DataPlaneChoice {
  return { kind: 'javascript', reason }
}
