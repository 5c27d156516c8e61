/** What one more active peer costs a node in memory: its session, connection and rows, in JavaScript and in Rust. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab } from '../../tools/lab/namespaces.mjs'
import { app, configure, consistentCrawl, startPam, TUTORIAL } from '../../tools/lab/tutorial.mjs'
import { median } from './report.mjs'

/** Peers that Alice has sessions with. */
const PEERS = 64

/** Rows of a plane: so many that what the allocator rounds up does not matter. */
const ROWS = 4_096

const LIMIT_MS = 120_000
const NOTE_PARTS = [
  `Memory per active peer: Alice's node has the Rust plane and connects to ${PEERS} nodes in one process of Pam's; what her`,
  'JavaScript heap and buffers grew by after a collection, divided by the new peers, is "JavaScript". "Rust" is what the',
  `resident memory of a process grew by that put ${ROWS} peers with an endpoint, a route and two sessions each (the key in use`,
  'and the one before it) into a plane. "resident" is the growth of Alice\'s whole process, with what the collector keeps in reserve.',
]

/** How to read the rows. */
export const MEMORY_NOTE = NOTE_PARTS.join('\n')

/** Resolves with kilobytes per peer. */
export async function memoryPerPeer() {
  const rust = JSON.parse(run(process.execPath, script('plane-memory.mjs', [String(ROWS)])))
  return { ...(await nodeMemory()), rust: rust.kilobytes }
}

/** Returns rows for the table. */
export function memoryRows(visits, name) {
  const samples = visits.flatMap(({ parts }) => parts[name] ?? [])
  const row = (figure, of, goals = {}) => {
    const values = samples.map(of)
    const [min, max] = [Math.min(...values), Math.max(...values)]
    const numbers = { median: median(values), min, max, n: values.length, isQuiet: true }
    return { figure, peer: 'peer-ipop', unit: 'KB', ...numbers, ...goals }
  }
  if (samples.length === 0) return []
  return [
    row('memory per active peer', ({ js, rust }) => js + rust, { must: 64, goal: 16 }),
    row('of it JavaScript', ({ js }) => js),
    row('of it Rust', ({ rust }) => rust),
    row('growth of resident memory per peer', ({ resident }) => resident),
  ]
}

async function nodeMemory() {
  const lab = new Lab({ prefix: 'memory-' })
  try {
    const { pam, alice } = TUTORIAL.hosts
    lab.up({ pam, alice })
    startPam(lab, { count: PEERS })
    await consistentCrawl(lab, 'pam', PEERS)
    configure(lab, 'alice')
    const socket = /control socket: (.*)/.exec(lab.log('pam', 'bootstrap'))?.[1] ?? ''
    const command = [...app('crawler', 'ipop'), '--json', '--socket', socket, 'status']
    const { nodes } = JSON.parse(lab.run('pam', command).stdout)
    const list = path.join(lab.home('alice'), 'peers.json')
    fs.writeFileSync(list, JSON.stringify(nodes.map(({ address }) => address)))
    const { stdout, stderr } = lab.run(
      'alice',
      [process.execPath, ...script('active-peers.mjs', [list])],
      { timeoutMs: LIMIT_MS },
    )
    if (stdout === '') throw new Error(`the node with active peers failed: ${stderr}`)
    return JSON.parse(stdout)
  } finally {
    lab.down()
  }
}

function script(name, args) {
  return ['--expose-gc', fileURLToPath(new URL(`./${name}`, import.meta.url)), ...args]
}

function run(program, args) {
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  })
  if (status !== 0) throw new Error(`${args[1]}: ${stderr}`)
  return stdout
}
