/** What `ping -n -D -O` has printed. */

const REPLY = /\[([\d.]+)\] \d+ bytes from [^\n]*icmp_seq=(\d+)/g
const NAMED = /icmp_seq=(\d+)/g

/**
 * Returns when the first reply came, in ms of the calendar, and the share of pings lost since, in percent. What was sent before
 * the other end was there is not lost. Nothing before the first reply.
 */
export function readPingLog(text) {
  const replies = [...text.matchAll(REPLY)].map(([, at, seq]) => ({ at, seq: Number(seq) }))
  if (replies.length === 0) return undefined
  const first = replies[0]
  const lastNamed = Math.max(...[...text.matchAll(NAMED)].map(([, seq]) => Number(seq)))
  const sent = lastNamed - first.seq + 1
  const distinct = new Set(replies.map(({ seq }) => seq)).size
  return {
    firstAtMs: Math.round(1_000 * Number(first.at)),
    lostPercent: Math.round(100 * (1 - distinct / sent)),
  }
}
