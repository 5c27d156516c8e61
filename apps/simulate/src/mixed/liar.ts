/** Turns an honest node into a liar, from outside: what it is handed never reaches its own code as it should. */
import type { FaultKind } from '@ipop/simulator'
import type { Random } from '@ipop/runtime'
import { Address } from '@ipop/address'
import { encodePeerHint } from '@ipop/transport'
import { callPayload, isOverlayPacket, packetDestination } from './overlay-frame.ts'
import { innerPacket } from './inner-packet.ts'
import type { SimulatedNode } from '../ring/simulated-node.ts'

/** How often a liar speaks up unasked. */
const LIE_EVERY_MS = 700

type Lie = (node: SimulatedNode, random: Random) => void

const LIES: Partial<Record<FaultKind, Lie>> = {
  'drop packets': (node) =>
    intercept(node, (frame) => isOverlayPacket(frame) && !isForSelf(node, frame)),
  'misroute packets': (node, random) => intercept(node, (frame) => misroute(node, frame, random)),
  'withhold records': (node) => intercept(node, (frame) => mentions(callPayload(frame), 'dht.get')),
  'false neighbors': (node, random) => repeat(node, () => nameStrangers(node, random)),
  'forge sources': (node, random) => repeat(node, () => forge(node, random)),
}

/** Returns whether a fault of this kind is a lie. */
export function isLie(kind: FaultKind): boolean {
  return LIES[kind] !== undefined
}

/** Makes `node` lie in one way, until it ends. */
export function corrupt(node: SimulatedNode, kind: FaultKind, random: Random): void {
  const lie = LIES[kind]
  if (lie === undefined) throw new Error(`${kind} is no lie`)
  lie(node, random)
}

/** Keeps from the node the frames that `takes` accepts. */
function intercept(node: SimulatedNode, takes: (frame: Uint8Array) => boolean): void {
  const { channels } = node.overlay
  const { handlers } = channels
  channels.setHandlers({
    ...handlers,
    onFrame: (channel, frame) => {
      if (!takes(frame)) handlers.onFrame(channel, frame)
    },
  })
}

function repeat(node: SimulatedNode, lie: () => void): void {
  const { timers } = node.host.runtime
  const again = (now: number): void => {
    lie()
    timers.at(now + LIE_EVERY_MS, 'lie', again)
  }
  timers.at(0, 'lie', again)
}

function misroute(node: SimulatedNode, frame: Uint8Array, random: Random): boolean {
  if (!isOverlayPacket(frame) || isForSelf(node, frame)) return false
  const all = node.overlay.connections.all()
  all[random.below(all.length)]?.channel.send(frame)
  return true
}

/** Tells a neighbour of nodes that do not exist, right beside it. */
function nameStrangers(node: SimulatedNode, random: Random): void {
  const all = node.overlay.connections.all()
  const victim = all[random.below(all.length)]
  if (victim === undefined) return
  const strangers = Array.from({ length: 4 }, () => {
    const bytes = victim.address.bytes.slice()
    bytes.set(random.bytes(19).subarray(0, 16), 3)
    const endpoints = node.overlay.channels.hintOf().endpoints
    return encodePeerHint({
      address: Address.fromBytes(bytes),
      sessionKey: random.bytes(32),
      endpoints,
    })
  })
  // And slanders a real neighbour: the key it gives out for it is wrong.
  const slandered = all[random.below(all.length)]?.hint ?? victim.hint
  const slander = encodePeerHint({ ...slandered, sessionKey: random.bytes(32) })
  const own = encodePeerHint(node.overlay.channels.hintOf())
  const args = { h: own, p: [...strangers, slander] }
  node.overlay.call(victim.address, 'ring.exchange', args).catch(() => undefined)
}

/** Sends a packet with an address that somebody else holds. */
function forge(node: SimulatedNode, random: Random): void {
  const all = node.overlay.connections.all()
  const victim = all[random.below(all.length)]
  if (victim === undefined) return
  const host = (): string => `10.128.0.${2 + random.below(253)}`
  for (let tried = 0; tried < 8; tried++) {
    node.overlay.sendIp(victim.address, innerPacket(host(), host(), `forged by ${node.host.name}`))
  }
}

function isForSelf(node: SimulatedNode, frame: Uint8Array): boolean {
  return Buffer.compare(packetDestination(frame), node.overlay.address.bytes) === 0
}

function mentions(payload: Uint8Array | undefined, text: string): boolean {
  if (!payload) return false
  return Buffer.from(payload.buffer, payload.byteOffset, payload.length).includes(text)
}
