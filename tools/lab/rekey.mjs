/** A long transfer while session keys are replaced and the receiver's NAT forgets its mapping. */
import { copyBetween, peerOf, ping, TUTORIAL, until } from './tutorial.mjs'

/** Seconds between rekeys: handshakes with one peer are five seconds apart at least. */
export const REKEY_SECONDS = 5

/** The port that Bob's datagrams come from after his NAT has forgotten the first one. */
const NEW_PORT = 47_123

const LOOK_EVERY_MS = 2_000
const THIRD_LIMIT_MS = 600_000

/**
 * Copies `bytes` from Alice to Bob over `seconds` at least; a third of the way through, Bob's datagrams begin to come from
 * another port, and what is sent to the old one is lost. Returns the checksums, how long it took, where Alice sent to
 * before and at the end, and how often a key was replaced, in how many sessions: on a busy machine Alice may give
 * Bob up before she hears where he is now, and make a new one.
 */
export async function copyAcrossRekeys(lab, { bytes, seconds, say = () => undefined }) {
  const address = TUTORIAL.virtual.bob
  await until('a ping', () => ping(lab, 'alice', address, { count: 1 }).received === 1)
  const sessions = new SessionWatch(lab)
  const first = await until('a direct path', () => sessions.look())
  let isDone = false
  const copy = copyBetween(lab, 'alice', 'bob', { address, bytes, seconds })
  const finished = copy.finally(() => (isDone = true))
  const isUnderWay = () => isDone || bytesOut(sessions.look()) - bytesOut(first) > bytes / 3
  await until('a third of the transfer', isUnderWay, THIRD_LIMIT_MS, LOOK_EVERY_MS)
  if (isDone) throw new Error('the transfer was over before the endpoint could change')
  const { remote } = await until('a direct path', () => sessions.look())
  say(`Bob leaves ${remote}`)
  rebind(lab, Number(remote.split(':').at(-1)))
  while (!isDone) {
    sessions.look()
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  const last = await until('a direct path', () => sessions.look())
  return {
    ...(await finished),
    ...{ remotes: [remote, last.remote], rekeys: sessions.rekeys, sessions: sessions.count },
  }
}

/** Follows Alice's session with Bob. */
class SessionWatch {
  /** Keys that were replaced, in all sessions. */
  rekeys = 0
  /** Sessions seen. */
  count = 1
  #lab
  #last

  constructor(lab) {
    this.#lab = lab
  }

  /** Returns the session as Alice's node shows it, while it has a direct path. */
  look() {
    const peer = peerOf(this.#lab, 'alice', 'bob')
    if (peer === undefined) return undefined
    // The counters of a session only grow.
    const isNew = bytesOut(peer) < bytesOut(this.#last)
    if (isNew) this.count++
    this.rekeys += isNew ? peer.rekeys : peer.rekeys - (this.#last ?? peer).rekeys
    this.#last = peer
    return peer.edgeKinds[0] === 'udp' ? peer : undefined
  }
}

function bytesOut(peer) {
  return peer?.traffic.bytesOut ?? 0
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
