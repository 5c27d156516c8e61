/** Which hosts reach each other, how fast and over what: `npm run lab:nat -- [--pairs A:B,...] [--runs N] [--json FILE] [--minutes N] [--resume]`. */
import fs from 'node:fs'
import { countLargeAt, forgetContacts, KINDS, natLabUp, takeLargeCount } from '../lab/nat.mjs'
import {
  isJoined,
  LARGE_PING_BYTES,
  peerOf,
  pingFirst,
  prepare,
  relayedPackets,
  startPam,
  VIRTUAL,
} from '../lab/nat-nodes.mjs'
import { problemsOf, summary } from '../lab/nat-verdict.mjs'
import { Lab } from '../lab/namespaces.mjs'
import { readOptions, refuse } from '../lab/options.mjs'
import { ensure } from './ensure.mjs'

const FIRST_LIMIT_MS = 15_000
const DIRECT_LIMIT_MS = 15_000
const QUIET_MS = 250
const DIRECT_KINDS = new Set(['udp', 'tcp'])

const values = readOptions({
  pairs: undefined,
  json: undefined,
  runs: 1,
  minutes: Number.POSITIVE_INFINITY,
  resume: false,
  'log-level': undefined,
})
const pairs = readPairs(values.pairs)
if (values.resume && !values.json) refuse('--resume goes on with the file of --json')
ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
const reason = Lab.unavailable()
if (reason) {
  console.log(`The NAT lab is skipped: ${reason}.`)
  process.exit()
}
const options = values['log-level'] ? ['--log-level', values['log-level']] : []
const endsAt = Date.now() + 60_000 * values.minutes
const lab = new Lab({ prefix: 'nat-' })
let failed = false
try {
  await runAll()
} catch (error) {
  failed = true
  console.error(`The NAT lab failed: ${error.message}`)
} finally {
  lab.down()
}
process.exit(failed ? 1 : 0)

function readPairs(text) {
  const kinds = Object.keys(KINDS)
  const all = kinds.flatMap((a, at) => kinds.slice(at).map((b) => [a, b]))
  if (!text) return all
  return text.split(',').map((pair) => {
    const sides = pair.split(':')
    const wrong = sides.find((kind) => !Object.hasOwn(KINDS, kind))
    if (wrong !== undefined || sides.length !== 2)
      refuse(`--pairs: '${pair}' is not A:B with kinds of ${kinds.join(', ')}`)
    return sides
  })
}

async function runAll() {
  natLabUp(
    lab,
    Object.keys(KINDS).filter((kind) => pairs.some((pair) => pair.includes(kind))),
  )
  countLargeAt(lab, LARGE_PING_BYTES + 28)
  await startPam(lab, options)
  const results = earlierResults()
  for (const [number, { run, a, b }] of visitsMissingIn(results).entries()) {
    if (Date.now() >= endsAt) break
    const result = { run, ...(await visit({ a, b }, number)) }
    results.push(result)
    console.log(line(result))
    if (values.json)
      fs.writeFileSync(values.json, `${JSON.stringify({ kinds: KINDS, results }, undefined, 1)}\n`)
  }
  const missing = visitsMissingIn(results).length
  console.log(`\n${table(results).join('\n')}`)
  if (results.length > 0) console.log(`\n${summary(results)}`)
  if (missing > 0) console.log(`${missing} visits are missing: go on with --resume.`)
  const problems = problemsOf(results)
  for (const problem of problems) console.error(`Failed: ${problem}`)
  failed = problems.length > 0
}

/** Returns what the JSON file has, where the run goes on with it. */
function earlierResults() {
  if (!values.resume) return []
  return fs.existsSync(values.json) ? JSON.parse(fs.readFileSync(values.json, 'utf8')).results : []
}

function visitsMissingIn(results) {
  const done = new Set(results.map(({ run, a, b }) => `${run} ${a} ${b}`))
  return Array.from({ length: values.runs }, (_, run) => run)
    .flatMap((run) => pairs.map(([a, b]) => ({ run, a, b })))
    .filter(({ run, a, b }) => !done.has(`${run} ${a} ${b}`))
}

async function visit({ a, b }, number) {
  const kinds = { a, b }
  const sides = Object.keys(kinds).map((side) =>
    prepare(lab, { kind: kinds[side], side, number, options }),
  )
  const startedAt = Date.now()
  for (const each of sides) each.start()
  const ping = pingFirst(lab, sides[0].host, VIRTUAL.b)
  const result = {
    a,
    b,
    firstMs: undefined,
    directMs: undefined,
    path: 'none',
    remote: '',
    relayPackets: undefined,
  }
  try {
    await waitForReply(sides, ping, result, startedAt)
    if (result.firstMs === undefined) return result
    await followPath(sides, result, startedAt)
    await quiet()
    result.relayPackets = relayedPackets(lab, sides[0].host)
    result.lossPercent = ping.log().lostPercent
    return result
  } finally {
    await lab.stop(ping.child)
    await Promise.all(sides.map((each) => lab.stop(each.child)))
    for (const each of sides) forgetContacts(lab, each.kind, each.side)
  }
}

async function waitForReply(sides, ping, result, startedAt) {
  const deadline = startedAt + FIRST_LIMIT_MS
  while (!ping.log() && Date.now() <= deadline) {
    result.joinedMs ??= (await Promise.all(sides.map(isJoined))).every(Boolean)
      ? Date.now() - startedAt
      : undefined
    await pause(25)
  }
  const first = ping.log()
  if (!first) return
  result.firstMs = first.firstAtMs - startedAt
  result.joinedMs ??= result.firstMs
}

/** Follows the path of both ends until both are direct or the time is over. */
async function followPath(sides, result, startedAt) {
  const deadline = startedAt + DIRECT_LIMIT_MS
  for (;;) {
    for (const each of sides) if (!each.address) await isJoined(each)
    const [one, other] = await Promise.all([peerOf(sides[0], sides[1]), peerOf(sides[1], sides[0])])
    result.path = one?.edgeKinds?.[0] ?? 'none'
    result.remote = one?.remote ?? ''
    result.rttMs = one?.rttMs
    const isDirect = DIRECT_KINDS.has(result.path) && DIRECT_KINDS.has(other?.edgeKinds?.[0])
    if (isDirect) result.directMs ??= Date.now() - startedAt
    if (isDirect || Date.now() > deadline) return
    await pause(50)
  }
}

/** Waits until newcomers have taken over their part of the DHT, whose packets are large, too. */
async function quiet() {
  for (let looks = 0; looks < 10; looks++) {
    takeLargeCount(lab)
    await pause(QUIET_MS)
    if (takeLargeCount(lab) === 0) return
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function seconds(ms) {
  return ms === undefined ? '-' : (ms / 1_000).toFixed(2)
}

function line({
  a,
  b,
  path: kind,
  remote,
  joinedMs,
  firstMs,
  directMs,
  relayPackets,
  lossPercent,
}) {
  const numbers = `joined ${seconds(joinedMs)} first ${seconds(firstMs)} direct ${seconds(directMs)}`
  return `${`${a}:${b}`.padEnd(16)} ${kind.padEnd(6)} ${numbers} relayed ${relayPackets ?? '-'} lost ${lossPercent ?? '-'} % ${remote}`
}

function table(results) {
  const rows = results.map((each) => [
    `${each.a} : ${each.b}`,
    each.path,
    seconds(each.joinedMs),
    seconds(each.firstMs),
    seconds(each.directMs),
    String(each.relayPackets ?? '-'),
  ])
  const head = ['pair', 'path', 'joined s', 'first reply s', 'direct s', 'relayed after']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
}
