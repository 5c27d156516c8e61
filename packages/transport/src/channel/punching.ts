/** Joins hole punching to the paths of a channel. */
import type { Random } from '@ipop/runtime'
import type { EdgeListener } from '../edge/edge.ts'
import { HolePunch } from '../nat/hole-punch.ts'
import { encodeProbe } from '../wire/control-frames.ts'
import type { PathHost } from './path-host.ts'
import type { PathManager } from './path-manager.ts'

/** Returns the hole punching of the channel whose paths are `manager`. */
export function punchingFor(manager: PathManager, host: PathHost, random: Random): HolePunch {
  const ping = (): Uint8Array | undefined => {
    const status = host.localStatus()
    const id = random.uint32()
    return host.seal(encodeProbe({ kind: 'ping', id, isActive: false, isSearching: false, status }))
  }
  const isDirect = (): boolean => manager.paths.active?.edge.kind === 'udp'
  const isUsed = (socket: EdgeListener): boolean => {
    const ports = new Set(socket.localAddresses().map((ta) => ta.port))
    for (const { edge, state } of manager.paths.values()) {
      if (state !== 'candidate' && edge.isOpen && ports.has(portOf(edge.id))) return true
    }
    return false
  }
  return new HolePunch(
    { random },
    {
      now: () => host.now(),
      note: (event, fields) => host.note(event, fields),
      reach: () => host.reach.reach(),
      wake: (at) => void host.wake(at),
      sendFrame: (frame) => host.sendFrame(frame),
      addEndpoints: (endpoints) => manager.addEndpoints(host.usable(endpoints), host.now()),
      tryAll: (now) => manager.joinSearch(now),
      probe: (ta) => {
        const datagram = ping()
        if (datagram) host.reach.probe(ta, datagram)
      },
      openArray: (towards, onOpen) =>
        host.reach.openArray({
          towards,
          onOpen,
          isUsed,
          isWanted: () => !isDirect(),
          datagram: ping,
        }),
      isDirect,
    },
  )
}

/** The local port stands in the id of a UDP edge: `udp/PORT/REMOTE`. */
function portOf(edgeId: string): number {
  return Number(edgeId.split('/')[1])
}
