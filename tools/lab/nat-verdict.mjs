/** What the results of the NAT lab must show, and what contradicts it. */

const FIRST_MAX_MS = 3_000
const DIRECT_MAX_MS = 10_000
/** Random ports meet strict filters by luck: this share of the visits must be direct. */
const LUCKY_SHARE_MIN = 0.6

/** Kinds that write to all with one port. */
const STEADY = ['open', 'full', 'addr', 'port', 'double', 'shared']
/** Those of them whose filters look at ports. */
const STRICT = ['port', 'double', 'shared']

/** Returns what a pair can make of it: `direct`, `lucky` or `relayed`. */
export function expected(a, b) {
  const has = (kind) => a === kind || b === kind
  const other = (kind) => (a === kind ? b : a)
  if (has('six')) return ['open', 'six'].includes(other('six')) ? 'direct' : 'relayed'
  if (has('blocked')) return ['open', 'full'].includes(other('blocked')) ? 'direct' : 'relayed'
  if (has('rand') && STRICT.includes(other('rand'))) return 'lucky'
  return STEADY.includes(a) || STEADY.includes(b) ? 'direct' : 'relayed'
}

/** Returns one sentence for each contradiction. */
export function problemsOf(results) {
  const late = (ms, max) => ms === undefined || ms > max
  const problems = []
  for (const { a, b, firstMs, directMs, relayPackets } of results) {
    const pair = `${a}:${b}`
    if (late(firstMs, FIRST_MAX_MS)) problems.push(`${pair}: no reply within 3 s`)
    if (expected(a, b) === 'direct' && late(directMs, DIRECT_MAX_MS))
      problems.push(`${pair}: not direct within 10 s`)
    if (directMs !== undefined && relayPackets > 0)
      problems.push(`${pair}: ${relayPackets} packets went through the relay after the upgrade`)
  }
  const lucky = results.filter(({ a, b }) => expected(a, b) === 'lucky')
  const met = lucky.filter(({ directMs }) => !late(directMs, DIRECT_MAX_MS))
  if (met.length < LUCKY_SHARE_MIN * lucky.length)
    problems.push(`random ports met strict filters in ${met.length} of ${lucky.length} visits only`)
  return problems
}

/** Returns the figures in one line. */
export function summary(results) {
  const count = (path) => results.filter((each) => path.includes(each.path)).length
  const first = Math.max(...results.map(({ firstMs }) => firstMs ?? Infinity)) / 1_000
  return `${results.length} visits: ${count(['udp', 'tcp'])} direct, ${count(['relay'])} relayed; slowest first reply ${first.toFixed(2)} s`
}
