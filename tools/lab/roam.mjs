/** Alice's address changes under a TCP copy over the virtual network: `npm run lab:roam [-- --runs N --mb N --without-events]`. */
import { fileURLToPath } from 'node:url'
import { Lab } from './namespaces.mjs'
import { readOptions } from './options.mjs'
import {
  app,
  configure,
  consistentCrawl,
  startPam,
  TUTORIAL,
  until,
  virtualAddress,
} from './tutorial.mjs'

const COPY = fileURLToPath(new URL('../../test/e2e/copy.mjs', import.meta.url))
const PORT = 9_000
const HOSTS = ['alice', 'bob']
/** The addresses between which Alice moves, in turn. */
const PLACES = ['10.99.0.2/24', '10.99.0.102/24']
/** The change comes when this much has been copied. */
const MOVE_AFTER_SHARE = 0.3

/** Builds the tutorial's machines Pam, Alice and Bob in `lab` and waits until they can talk. */
export async function roamLabUp(lab) {
  const { pam, alice, bob } = TUTORIAL.hosts
  lab.up({ pam, alice, bob })
  startPam(lab)
  await consistentCrawl(lab, 'pam', TUTORIAL.nodes)
  for (const host of HOSTS) {
    configure(lab, host)
    const files = ['-n', 'node.config', '-i', 'ipop.config', '-d', 'dhcp.config']
    lab.spawn(host, [...app('ipop-node'), ...files, '--log-level', 'info'], { name: 'ipop-node' })
  }
  for (const host of HOSTS) await until(`${host}'s address`, () => virtualAddress(lab, host))
  await until(
    'a ping',
    () => lab.run('alice', ['ping', '-c1', '-W1', TUTORIAL.virtual.bob]).status === 0,
  )
}

/** Takes Alice's address away and gives her another one; returns it. */
export function move(lab, number) {
  const [old, next] = [PLACES[number % 2], PLACES[(number + 1) % 2]]
  lab.run('alice', ['sh', '-c', `ip addr del ${old} dev eth0; ip addr add ${next} dev eth0`])
  return next
}

/** Copies `bytes` while Alice moves; returns whether all of it arrived and the longest pause of the receiver. */
export async function copyWhileMoving(lab, { bytes, number, from = 'alice' }) {
  const to = from === 'alice' ? 'bob' : 'alice'
  const name = `receive-${number}-${from}`
  const receiver = lab.spawn(to, [process.execPath, COPY, 'receive', String(PORT), '--gaps'], {
    name,
  })
  await until('the receiver', () => lab.run(to, ['ss', '-ltn']).stdout.includes(`:${PORT}`))
  const command = [
    process.execPath,
    COPY,
    'send',
    TUTORIAL.virtual[to],
    String(PORT),
    String(bytes),
  ]
  const sender = lab.spawn(from, command, { name: `send-${number}-${from}` })
  const sent = () => lab.log(to, name)
  await until(
    'the copy to be under way',
    () => Number(/(\d+) bytes so far\n$/.exec(sent())?.[1] ?? 0) > bytes * MOVE_AFTER_SHARE,
    120_000,
    20,
  )
  const place = move(lab, number)
  await Promise.all([receiver.exited, sender.exited])
  const received = /sha256 ([0-9a-f]{64})/.exec(sent())?.[1]
  const gapMs = Number(/longest pause (\d+) ms/.exec(sent())?.[1] ?? Number.NaN)
  const expected = lab.log(from, `send-${number}-${from}`).trim()
  return { from, place, isIntact: received !== undefined && received === expected, gapMs }
}

/** Returns the path that Alice's node has to Bob's. */
export function pathToBob(lab) {
  const socket = /control socket: (.*)/.exec(lab.log('alice', 'ipop-node'))?.[1] ?? ''
  const ask = [...app('crawler', 'ipop'), '--socket', socket, 'ping', TUTORIAL.virtual.bob, '-c1']
  return lab.run('alice', ask).stdout.trim()
}

async function main() {
  const { runs, mb } = readOptions({ runs: 5, mb: 1_000 })
  const { ensure } = await import('../run/ensure.mjs')
  ensure({ native: true, dist: !process.env.IPOP_LAB_AS_BUILT })
  const reason = Lab.unavailable()
  if (reason) return console.log(`The roaming lab is skipped: ${reason}.`)
  const lab = new Lab({ prefix: 'roam-' })
  try {
    await roamLabUp(lab)
    const gaps = { alice: [], bob: [] }
    for (let number = 0; number < runs; number++) {
      const from = number % 2 === 0 ? 'alice' : 'bob'
      const result = await copyWhileMoving(lab, { bytes: mb * 1e6, number, from })
      gaps[from].push(result.gapMs)
      const state = result.isIntact ? 'intact' : 'DAMAGED'
      console.log(
        `${from} sends, alice moves to ${result.place}: ${state}, longest pause ${result.gapMs} ms`,
      )
      if (!result.isIntact) process.exitCode = 1
    }
    const all = [...gaps.alice, ...gaps.bob].sort((a, b) => a - b)
    console.log(
      `median of ${all.length}: ${String(all[Math.floor(all.length / 2)])} ms; worst ${Math.max(...all)} ms`,
    )
    console.log(pathToBob(lab))
  } finally {
    lab.down()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main()
  } catch (error) {
    console.error(`The roaming lab failed: ${error.message}`)
    process.exitCode = 1
  }
  process.exit()
}
