/** What became of every way to a peer that was tried, for people. */
import type { Instant } from '@ipop/runtime'
import type { Channel } from './channel.ts'
import type { EndpointCandidate } from './endpoint-candidates.ts'
import type { Path } from './path.ts'

/** Where a way is known from: the peer's own network, its address outside, its datagrams, or a node in between. */
export type PathOrigin = 'local' | 'public' | 'incoming' | 'relay' | 'ring'

/** How a way stands. */
export type PathOutcome =
  | 'active'
  | 'works'
  | 'heard, but our pings are not answered'
  | 'no answer'
  | 'not tried yet'
  | 'not needed'
  | 'closed'

/** One way to a peer. */
export interface PathReport {
  readonly endpoint: string
  readonly kind: string
  readonly origin: PathOrigin
  readonly outcome: PathOutcome
  /** Pings sent over it. */
  readonly tries: number
  readonly rttMs?: number
  /** How long ago something authentic came over it, and how long it has been the active one. */
  readonly heardMsAgo?: number
  readonly activeForMs?: number
}

/** RFC 1918, RFC 6598 and RFC 4193: addresses of the peer's own network. */
const PRIVATE =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i

/** Returns every way to the peer of `channel`: those in use, those that were tried, those that wait. */
export function reportPaths(channel: Channel, now: Instant): PathReport[] {
  const { paths, endpointCandidates } = channel.ways
  const known = new Set([...endpointCandidates].map(({ ta }) => ta.toString()))
  const reports = [...paths.values()].map((path) =>
    reportPath(path, { now, isActive: path === paths.active, known }),
  )
  const gone = paths.gone.map((path) => ({
    ...reportPath(path, { now, isActive: false, known }),
    outcome: 'closed' as const,
  }))
  const seen = new Set([...reports, ...gone].map(({ endpoint }) => endpoint))
  const waiting = [...endpointCandidates].flatMap((each) =>
    seen.has(each.ta.toString()) ? [] : [reportCandidate(each)],
  )
  return [...reports, ...gone, ...waiting]
}

function reportPath(
  path: Path,
  { now, isActive, known }: { now: Instant; isActive: boolean; known: ReadonlySet<string> },
): PathReport {
  const { edge, tries, rtt, lastHeardAt, activeSince } = path
  const remote = edge.remote?.toString()
  const hasTimes = {
    ...(rtt.smoothedMs === undefined ? {} : { rttMs: rtt.smoothedMs }),
    ...(lastHeardAt === Number.NEGATIVE_INFINITY ? {} : { heardMsAgo: now - lastHeardAt }),
    ...(isActive && activeSince !== undefined ? { activeForMs: now - activeSince } : {}),
  }
  return {
    endpoint: remote ?? edge.id,
    kind: edge.kind,
    origin: originOf(edge.kind, edge.remote?.host, remote !== undefined && known.has(remote)),
    outcome: outcomeOf(path, isActive),
    tries,
    ...hasTimes,
  }
}

function reportCandidate({ ta, edge, isDialled }: EndpointCandidate): PathReport {
  const outcome = edge !== undefined || isDialled ? 'no answer' : 'not tried yet'
  const origin = originOf(ta.kind, ta.host, true)
  return { endpoint: ta.toString(), kind: ta.kind, origin, outcome, tries: 0 }
}

function originOf(kind: string, host: string | undefined, isKnown: boolean): PathOrigin {
  if (kind === 'relay' || kind === 'ring') return kind
  if (!isKnown || host === undefined) return 'incoming'
  return PRIVATE.test(host) ? 'local' : 'public'
}

function outcomeOf({ edge, isUsable, state, tries }: Path, isActive: boolean): PathOutcome {
  if (!edge.isOpen) return 'closed'
  if (isActive) return 'active'
  if (isUsable) return 'works'
  if (state !== 'candidate') return 'heard, but our pings are not answered'
  return tries > 0 ? 'no answer' : 'not needed'
}
