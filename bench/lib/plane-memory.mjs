/** Prints the kilobytes that a row of the Rust plane costs: a peer with an endpoint, a route and two sessions. */
import { openDataPlane } from 'napi-rs-tun'

const ROWS = Number(process.argv[2])
const SESSIONS_PER_PEER = 2
const WARM_UP = 64

const ignore = () => undefined
const handlers = { onFrame: ignore, onStrayPacket: ignore, onConfirmed: ignore, onMoved: ignore }
const plane = openDataPlane({ handlers })
const local = { host: '127.0.0.1', port: 0 }
const socket = await plane.bind(local, { onDatagram: ignore, onError: ignore })

install(0, WARM_UP)
const before = resident()
install(WARM_UP, WARM_UP + ROWS)
const kilobytes = (resident() - before) / 1024 / ROWS
await plane.close()
console.log(JSON.stringify({ kilobytes }))

function install(first, end) {
  const key = new Uint8Array(32)
  for (let peer = first; peer < end; peer++) {
    plane.installPeer({ peer, takesPartialChecksum: true, datagramBytesMax: 1_472 })
    for (let slot = 0; slot < SESSIONS_PER_PEER; slot++) {
      const localIndex = peer * SESSIONS_PER_PEER + slot
      const ends = { localIndex, remoteIndex: localIndex, peer, cipher: 'aes-256-gcm' }
      plane.installSession({ ...ends, sendKey: key, receiveKey: key })
      plane.useSession(localIndex)
    }
    plane.movePeer(peer, { socket: socket.id, host: '127.0.0.1', port: 1 + (peer % 60_000) })
    plane.installRoute(`10.${peer >> 16}.${(peer >> 8) & 255}.${peer & 255}/32`, peer)
  }
}

function resident() {
  for (let i = 0; i < 3; i++) globalThis.gc()
  return process.memoryUsage.rss()
}
