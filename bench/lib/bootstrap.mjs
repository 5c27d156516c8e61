/** Sixteen nodes in one process on loopback, and when their ring is consistent. */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { app } from '../../tools/lab/tutorial.mjs'
import { ROOT } from '../../tools/run/steps.mjs'
import { call, members, strings } from './xml-rpc.mjs'

/** A port that nothing else here is likely to use; a start on a taken one fails at once. */
const PORT = 40_321
const MANAGER = 40_322

/** Starts `count` nodes; returns the process and when it was started (milliseconds). */
export function startBootstrap(count) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'ipop-bench-'))
  spawnSync(
    'sh',
    [path.join(ROOT, 'scripts/bootstrap_demo_prepare.sh'), 'bench', '127.0.0.1', String(PORT)],
    { cwd: home },
  )
  const config = path.join(home, 'bootstrap.config')
  fs.writeFileSync(
    config,
    fs.readFileSync(config, 'utf8').replace('<Port>10000<', `<Port>${MANAGER}<`),
  )
  const startedAt = performance.now()
  const [node, script] = app('bootstrap-multi')
  const child = spawn(node, [script, '-n', 'bootstrap.config', '-c', String(count)], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const connected = new Promise((resolve) => {
    child.stdout.on(
      'data',
      (text) => String(text).includes('connected:') && resolve(performance.now()),
    )
  })
  let isStopping = false
  const gone = new Promise((resolve) => child.once('exit', resolve))
  void gone.then((code) => {
    if (!isStopping) throw new Error(`bootstrap-multi ended by itself with exit code ${code}`)
  })
  const stop = async () => {
    isStopping = true
    child.kill('SIGTERM')
    await gone
    fs.rmSync(home, { recursive: true, force: true })
  }
  process.once('exit', () => child.kill('SIGTERM'))
  return { pid: child.pid, startedAt, connected, stop }
}

/**
 * Resolves with the time at which every node named its true neighbours: the time it said so, if a look from outside
 * agrees, since looking all the time would slow it down.
 */
export async function untilConsistent(count, { connected }, limitMs = 30_000) {
  const deadline = performance.now() + limitMs
  const saidAt = await Promise.race([connected, sleep(limitMs)])
  if (saidAt && (await isConsistent(count))) return saidAt
  while (performance.now() < deadline) {
    if (await isConsistent(count).catch(() => false)) return performance.now()
    await sleep(15)
  }
  throw new Error(`no consistent ring of ${count} within ${limitMs / 1000} s`)
}

async function isConsistent(count) {
  const paths = strings(await call(MANAGER, '/xmserver.rem', 'listNodes')).filter((text) =>
    text.includes('brunet:node:'),
  )
  if (paths.length !== count) return false
  const nodes = await Promise.all(
    paths.map(async (text) =>
      members(await call(MANAGER, `/${encodeURI(text)}`, 'localproxy', ['sys:link.GetNeighbors'])),
    ),
  )
  const sorted = nodes.sort((a, b) => compareBase32(a.self, b.self))
  return sorted.every((node, index) => {
    const left = sorted[(index + 1) % count]
    const right = sorted[(index + count - 1) % count]
    return node.left === left.self && node.right === right.self
  })
}

/** Base32's digits come after its letters in value, but before them in ASCII. */
function compareBase32(a, b) {
  const key = (text) => text.replace(/[2-7]/g, (digit) => String.fromCharCode(123 + Number(digit)))
  return key(a) < key(b) ? -1 : 1
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
