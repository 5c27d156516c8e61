/** A long transfer while session keys are replaced and the receiver's NAT forgets its mapping. */
import { copyBetween, peerOf, TUTORIAL, until, ping } from './tutorial.mjs'

/** Seconds between rekeys: handshakes with one peer are five seconds apart at least. */
export const REKEY_SECONDS = 5

/** The port that Bob's datagrams come from after his NAT has forgotten the first one. */
const NEW_PORT = 47_123

/**
 * Copies `bytes` from Alice to Bob over `seconds` at least; a third of the way through, Bob's datagrams begin to come from
 * another port, and what is sent to the old one is lost. Returns the checksums, how long it took, and Alice's session with Bob as it
 * was before, right before the change, and afterwards.
 */
export async function copyAcrossRekeys(lab, { bytes, seconds, say = () => undefined }) {
  const address = TUTORIAL.virtual.bob
  await until('a ping', () => ping(lab, 'alice', address, { count: 1 }).received === 1)
  const before = await until('a direct path', () => directPeer(lab))
  const copy = copyBetween(lab, 'alice', 'bob', { address, bytes, seconds })
  let isDone = false
  const finished = copy.finally(() => (isDone = true))
  const isUnderWay = () => isDone || carried(directPeer(lab), before) > bytes / 3
  await until('a third of the transfer', isUnderWay, 600_000, 1_000)
  const unchanged = directPeer(lab)
  if (isDone) throw new Error('the transfer was over before the endpoint could change')
  say(`${carried(unchanged, before)} bytes sent; Bob leaves ${unchanged.remote}`)
  rebind(lab, Number(unchanged.remote.split(':').at(-1)))
  const moved = await until('the new endpoint', () => {
    const peer = directPeer(lab)
    return peer?.remote?.endsWith(`:${NEW_PORT}`) ? peer : undefined
  })
  say(`Alice found him at ${moved.remote}`)
  return { ...(await finished), before, unchanged, after: peerOf(lab, 'alice', 'bob') }
}

function directPeer(lab) {
  const peer = peerOf(lab, 'alice', 'bob')
  return peer?.edgeKinds[0] === 'udp' ? peer : undefined
}

function carried(peer, before) {
  return (peer?.traffic.bytesOut ?? 0) - before.traffic.bytesOut
}

/** What a NAT does that lost its table: another port for what goes out, and nothing comes in by the old one. */
function rebind(lab, port) {
  const { status, stderr } = lab.run('bob', ['nft', '-f', '-'], {
    input: `table ip rebinding {
      chain out { type filter hook output priority 100; oifname "eth0" udp sport ${port} udp sport set ${NEW_PORT}; }
      chain in { type filter hook prerouting priority -300;
        iifname "eth0" udp dport ${port} drop
        iifname "eth0" udp dport ${NEW_PORT} udp dport set ${port}; }
    }`,
  })
  if (status !== 0) throw new Error(`nft: ${stderr}`)
}
