/** Bugs to plant, each a change of one place: what the checkers of the simulator must be able to find. */

const OVERLAY = 'packages/overlay/src/'
const DHT = 'packages/dht/src/'
const LEASE = 'packages/ip-mapping/src/lease/'
const ROUTER = 'packages/ip-mapping/src/router/'
const CHANNEL = 'packages/transport/src/channel/'
const SECURITY = 'packages/security/src/'

/** Where a bug is looked for unless it says otherwise: small rings, everything at once. */
export const SEEK_DEFAULT = seek('mixed', 4, 5)
const SIX = seek('mixed', 6, 5)
/** More nodes than are connected with everybody. */
const MANY = seek('mixed', 14, 5)
const SPLIT = seek('split-merge', 6, 60)
const SPLIT_ROLL_OUT = seek('split-roll-out', 6, 60)
const SPLIT_GROWTH = seek('split-growth', 4, 60)
const MASS_KILL = seek('mass-kill', 10, 20)
const CUT_PAIRS = seek('cut-pairs', 5, 60)
const BROKEN = seek('broken-pairs', 10, 40)
const GENTLE = seek('gentle', 6, 60)
const CALM = seek('calm', 8, 60)
const GROWTH = seek('growth', 5, 20)
const GROWTH_OF_MANY = seek('growth', 14, 20)
const BYZANTINE = seek('byzantine', 10, 30)

/** The bugs; `find` stands exactly once in `file`. */
export const PLANTS = [
  {
    name: 'no-exchange-with-neighbors',
    seek: GROWTH_OF_MANY,
    says: 'neighbours are never told of each other',
    file: `${OVERLAY}topology/exchange-news.ts`,
    find: '    const peers = this.#table.around(peer, EXCHANGE_PEERS_MAX / 2)\n',
    replace: '    const peers = this.#table.around(peer, EXCHANGE_PEERS_MAX / 2).slice(0, 0)\n',
  },
  {
    name: 'own-word-is-enough',
    seek: SIX,
    says: 'a node counts as in its place without its neighbours naming it',
    file: `${OVERLAY}topology/near-neighbors.ts`,
    find: ' && right !== undefined && this.disagreeing().length === 0\n',
    replace: ' && right !== undefined\n',
  },
  {
    name: 'dead-stay',
    says: 'a lost peer stays in the table',
    file: `${OVERLAY}node/ring-keeper.ts`,
    find: 'table.remove(channel.address)?.isNeeded === true',
    replace: 'true',
  },
  {
    name: 'spreads-the-dead',
    seek: MASS_KILL,
    says: 'known peers are dialled on although they never answer, and never forgotten',
    file: `${OVERLAY}topology/known-peers.ts`,
    find: '    this.#known.delete(address)\n    this.#barred.delete(address.key)\n    const [until',
    replace:
      '    const kept = this.#known.get(address)\n    if (kept) return void Object.assign(kept, { failures: 0, isDoubtful: false })\n    const [until',
  },
  {
    name: 'no-merge',
    seek: SPLIT,
    says: 'whoever knows somebody looks for nobody else: neither lost peers nor bootstraps are linked to',
    file: `${OVERLAY}linking/linker.ts`,
    find: '    const connection = this.#table.get(hint.address)\n    if (connection) {\n',
    replace:
      '    const connection = this.#table.get(hint.address)\n    if (role === Role.leaf && this.#table.size > 0) return\n    if (connection) {\n',
  },
  {
    name: 'bootstrap-believed',
    seek: SPLIT_ROLL_OUT,
    says: 'a bootstrap is taken for a member of the own ring without asking',
    file: `${OVERLAY}topology/leaves.ts`,
    find: '    try {\n      await this.#calls.call(reply.hint.address',
    replace:
      '    try {\n      if (reply) return true\n      await this.#calls.call(reply.hint.address',
  },
  {
    name: 'one-sided',
    seek: MANY,
    says: 'near connections are kept to one side only',
    file: `${OVERLAY}topology/near-neighbors.ts`,
    find: '    const near = new Set(this.#table.around(this.#table.self, NEAR_PER_SIDE))\n',
    replace: '    const near = new Set(this.#table.around(this.#table.self, 1).slice(0, 1))\n',
  },
  {
    name: 'not-strictly-nearer',
    seek: MANY,
    says: 'a hop is taken although it is farther from the destination',
    file: `${OVERLAY}routing/ring-router.ts`,
    find: 'if (best && (order(best.address, self) < 0 || avoid?.equals(destination)))',
    replace: 'if (best)',
  },
  {
    name: 'delivers-early',
    seek: MANY,
    says: 'a packet for the nearest node is delivered by the first node that gets it',
    file: `${OVERLAY}routing/ring-router.ts`,
    find: "  if (self.equals(destination)) return { kind: 'deliver' }\n",
    replace: "  if (self.equals(destination) || !query.isExact) return { kind: 'deliver' }\n",
  },
  {
    name: 'no-hop-count',
    seek: MANY,
    says: 'hops are not counted and the limit is not enforced, while packets go any way',
    file: `${OVERLAY}routing/packet-forwarder.ts`,
    find: '    setHopsTaken(frame, hops)\n',
    replace: '    setHopsTaken(frame, hops + 200)\n',
  },
  {
    name: 'mirror-order',
    says: 'neighbours to the right are listed farthest first',
    file: `${OVERLAY}connections/connection-table.ts`,
    find: '    return this.leftwards().reverse()\n',
    replace: '    return this.leftwards()\n',
  },
  {
    name: 'wrap-around',
    seek: MANY,
    says: 'the ring ends at zero: distances across it are taken the long way',
    file: 'packages/address/src/ring/closest.ts',
    find: '    const toA = foldWords(subtractFields(a, target, scratchA))\n    const toB = foldWords(subtractFields(b, target, scratchB))\n',
    replace:
      '    const toA = subtractFields(a, target, scratchA)\n    const toB = foldWords(subtractFields(b, target, scratchB))\n',
  },
  {
    name: 'broken-pair-evicts',
    seek: CUT_PAIRS,
    says: 'a suspect peer gets no path around the broken one',
    file: `${OVERLAY}node/ring-keeper.ts`,
    find: '    this.#modules.seeker.bridge(channel)\n',
    replace: '',
  },
  {
    name: 'no-way-around',
    seek: BROKEN,
    says: 'links are never made through the ring',
    file: `${OVERLAY}linking/linker.ts`,
    find: '    if (options.overRing === true) return true\n    return options.via !== undefined && now - link.since >= this.#headStartMs(options.via)\n',
    replace:
      '    return options.via !== undefined && now - link.since < 0 * this.#headStartMs(options.via)\n',
  },
  {
    name: 'backs-off-forever',
    says: 'an incomplete ring is looked at after a minute only',
    file: `${OVERLAY}node/ring-keeper.ts`,
    find: 'const TICK_INCOMPLETE_MS = 250\n',
    replace: 'const TICK_INCOMPLETE_MS = 60_000\n',
  },
  {
    name: 'lost-at-first-miss',
    seek: GENTLE,
    says: 'a peer is given up after one unanswered ping',
    file: `${CHANNEL}liveness.ts`,
    find: '    if (misses >= PROBE_MISSES_MAX) {\n      if (now < this.#state.graceUntil) return',
    replace: '    if (misses >= PROBE_MISSES_MAX - PROBE_MISSES_MAX) {\n      if (now < 0) return',
  },
  {
    name: 'never-lost',
    says: 'a dead peer is never given up',
    file: `${CHANNEL}liveness.ts`,
    find: '    if (misses >= PROBE_MISSES_MAX) {\n      if (now < this.#state.graceUntil) return',
    replace: '    if (misses >= PROBE_MISSES_MAX) {\n      if (now < Infinity) return',
  },
  {
    name: 'needless-closed-both',
    seek: CALM,
    says: 'a connection is closed as needless whatever the peer needs it for',
    file: `${OVERLAY}connections/connection.ts`,
    find: '    return this.#roles !== 0 || this.remoteRoles !== 0\n',
    replace: '    return false\n',
  },
  {
    name: 'no-replay-window',
    says: 'a datagram is accepted as often as it comes',
    file: `${SECURITY}data/script-cipher.ts`,
    find: '    this.#window.accept(counter)\n',
    replace: '',
  },
  {
    name: 'counter-stuck',
    says: 'every sixteenth datagram is sealed under the counter of the one before',
    file: `${SECURITY}data/script-cipher.ts`,
    find: '    const counter = this.sentCount++\n',
    replace: '    const counter = this.sentCount++ & ~(this.sentCount % 16 === 0 ? 1 : 0)\n',
  },
  {
    name: 'altered-payload',
    says: 'a delivered packet now and then has one byte changed',
    file: `${ROUTER}incoming.ts`,
    find: '    this.#context.writer.push(bytes.slice())\n',
    replace:
      '    const copy = bytes.slice()\n    if (now % 7 < 1) copy[copy.length - 1] ^= 1\n    this.#context.writer.push(copy)\n',
  },
  {
    name: 'borrowed-kept',
    says: 'held packets are kept in the buffer that was only borrowed',
    file: `${ROUTER}incoming.ts`,
    find: '{ bytes: bytes.slice(), from }, now)',
    replace: '{ bytes, from }, now)',
  },
  {
    name: 'source-unchecked',
    seek: BYZANTINE,
    says: 'inner packets are delivered whoever sent them',
    file: `${ROUTER}incoming.ts`,
    find: "      case 'pending':\n        return this.#hold(source, bytes, from, now)\n",
    replace: "      case 'pending':\n        return this.#deliver(source, bytes, from, now)\n",
  },
  {
    name: 'stored-by-nobody',
    says: 'a value counts as stored, and a claim as granted, whatever the replicas say',
    file: `${DHT}limits.ts`,
    find: 'export const WRITE_QUORUM = 5\n',
    replace: 'export const WRITE_QUORUM = 0\n',
  },
  {
    name: 'both-claims-win',
    says: 'replicas admit two exclusive owners of one key',
    file: `${DHT}entry/claim.ts`,
    find: '  return (a.isExclusive || b.isExclusive) && !a.owner.equals(b.owner)\n',
    replace: '  return a.isExclusive && b.isTentative && a.owner.equals(b.owner)\n',
  },
  {
    name: 'no-hand-over',
    seek: GROWTH,
    says: 'values are not passed on when neighbours change',
    file: `${DHT}replica/hand-over.ts`,
    find: '    this.#isWanted = true\n    if (this.#isRunning) return\n    this.#isRunning = true\n',
    replace: '    if (this.#modules.store) return\n',
  },
  {
    name: 'own-copies-dropped',
    seek: GROWTH,
    says: 'after a hand-over a node drops its copies of what it is responsible for, too',
    file: `${DHT}replica/hand-over.ts`,
    find: 'hood.covers(position) && hood.rank(position) < KEEP_RANK)\n',
    replace: 'hood.covers(position) && hood.rank(position) < 0)\n',
  },
  {
    name: 'lease-never-verified',
    seek: SPLIT_GROWTH,
    says: 'a lease is neither claimed again nor looked after: both owners stay after a merge',
    file: `${LEASE}lease.ts`,
    find: "    if (state.kind === 'bound') return Math.min(state.renewAt, state.verifyAt, this.#reassertAt)\n",
    replace: "    if (state.kind === 'bound') return state.expiresAt\n",
  },
  {
    name: 'conflict-ignored',
    seek: SPLIT_GROWTH,
    says: 'who loses an address goes on using it',
    file: `${LEASE}lease.ts`,
    find: "      return this.#lose(ip, 'conflict', now)\n",
    replace: "      return this.#handleFailure(now, 'conflict')\n",
  },
  {
    name: 'resolver-never-forgets',
    seek: SPLIT_GROWTH,
    says: 'who held an address first is believed for ever',
    file: 'packages/ip-mapping/src/limits.ts',
    find: 'export const RESOLVER_RECHECK_MS = 5_000\n',
    replace: 'export const RESOLVER_RECHECK_MS = 50_000_000\n',
  },
]

/** Names a scenario, its number of nodes and its length in seconds. */
function seek(scenario, nodes, duration) {
  return { scenario, nodes, duration }
}
