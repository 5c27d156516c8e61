/** What of the demo needs no privileges: sixteen nodes on one port of this machine, the crawl, bput and bget. */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { app, until } from '../lab/tutorial.mjs'
import { ROOT } from './steps.mjs'

const PORT = 40_000
const NODES = 16

/** Runs the ring alone on loopback; sets the exit code. */
export async function loopbackDemo() {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'ipop-demo-'))
  const prepare = path.join(ROOT, 'scripts', 'bootstrap_demo_prepare.sh')
  spawnSync('sh', [prepare, 'demo', '127.0.0.1', String(PORT)], { cwd: home, stdio: 'inherit' })
  const log = fs.openSync(path.join(home, 'bootstrap.log'), 'a')
  const run = path.join(ROOT, 'scripts', 'run_bootstrap_node.sh')
  const pam = spawn('sh', [run, './bootstrap.config'], {
    cwd: home,
    stdio: ['ignore', log, log],
    detached: true,
  })
  try {
    const crawl = await until(`a ring of ${NODES} nodes`, () => consistent(home), 60_000, 500)
    console.log(`\n== crawl\n${crawl.trimEnd()}`)
    show(home, 'bput', ['--ttl=600', 'greeting', 'hello'])
    show(home, 'bget', ['greeting'])
  } catch (error) {
    process.exitCode = 1
    console.error(
      `The demo failed: ${error.message}\n${fs.readFileSync(path.join(home, 'bootstrap.log'), 'utf8')}`,
    )
  } finally {
    const gone = new Promise((resolve) => pam.once('exit', resolve))
    process.kill(-pam.pid, 'SIGTERM')
    await gone
    fs.rmSync(home, { recursive: true, force: true })
  }
}

function tool(home, name, args) {
  const [node, script] = app('crawler', name)
  return spawnSync(node, [script, ...args], { cwd: home, encoding: 'utf8' })
}

function consistent(home) {
  const { stdout } = tool(home, 'crawl', [])
  return stdout.includes(`Total Nodes: ${NODES}\n`) && stdout.includes('Consistency: 1.0')
    ? stdout
    : undefined
}

function show(home, name, args) {
  const { stdout, stderr, status } = tool(home, name, args)
  console.log(`\n== ${name} ${args.join(' ')}\n${stdout.trimEnd()}`)
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`)
}
