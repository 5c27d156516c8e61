/** Brings a checkout into a state in which it can run: dependencies, the Rust addon and, when asked, built JavaScript. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exists, installed, ROOT, run, say } from './steps.mjs'

const ADDON = 'packages/napi-rs-tun'

/** Does what is missing and says so; `native` and `dist` choose the parts beyond the dependencies. Throws when one fails. */
export function ensure({ native = false, dist = false } = {}) {
  checkNode()
  ensureDependencies()
  if (native) ensureAddon()
  if (dist) ensureDist()
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node 20.19 or later is needed, this is ${process.versions.node}`)
  }
}

function ensureDependencies() {
  const reason = whyInstall()
  if (reason === undefined) return
  say(`${reason}: running npm ci`)
  if (npm(['ci']) === 0) return
  // A registry without every foreign platform package makes `npm ci` refuse the lock; install takes the same versions.
  say('npm ci was refused: running npm install')
  if (npm(['install']) !== 0) throw new Error('the dependencies could not be installed')
}

/** Returns why the installed packages are not those of the lock, or undefined when they are. */
function whyInstall() {
  const record = join(ROOT, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return 'node_modules is missing'
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(record, 'utf8')).packages
  for (const [path, { version, optional, link }] of Object.entries(wanted)) {
    if (!path.includes('node_modules/') || link) continue
    const found = present[path]?.version
    if (found === undefined ? !optional : found !== version) return `${path} is not ${version}`
  }
  return undefined
}

function npm(args) {
  return run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error']).status
}

function ensureAddon() {
  const folder = join(ROOT, ADDON)
  const script = join(folder, 'build-native.mjs')
  if (!existsSync(script)) return say('the Rust addon is skipped: its sources are not here')
  if (process.platform !== 'linux') {
    return say('the Rust addon is skipped: virtual interfaces are supported on Linux only')
  }
  const addon = readdirSync(folder).find((name) => name.endsWith('.node'))
  const built = addon === undefined ? 0 : statSync(join(folder, addon)).mtimeMs
  if (built >= newest(join(folder, 'native'), /\.(rs|toml|lock)$/)) return
  const state = addon === undefined ? 'missing' : 'older than its sources'
  if (!exists('cargo')) {
    const effect = addon === undefined ? 'what needs it is skipped' : 'the old one is used'
    return say(`the Rust addon is ${state} and cargo is not installed: ${effect}`)
  }
  say(`the Rust addon is ${state}: building it with cargo`)
  if (run(process.execPath, [script], { cwd: folder }).status !== 0) {
    say('the Rust addon could not be built: what needs it is skipped or runs with the old one')
  }
}

function ensureDist() {
  const packages = foldersIn('packages')
  const shared = Math.max(...packages.map((folder) => newest(join(folder, 'src'), /\.ts$/)))
  // An executable has its packages bundled into it, so a change of any of them makes it stale.
  const stale = foldersIn('apps').find(
    (folder) => Math.max(shared, newest(join(folder, 'src'), /\.ts$/)) > newestOutput(folder),
  )
  if (stale === undefined) return
  say(`${relative(ROOT, stale)} is not built from the present sources: running lerna run build`)
  const { status, output } = buildJavaScript({ capture: true })
  if (status === 0) return
  console.error(output)
  throw new Error('the build failed')
}

/** Builds the JavaScript of every package and app; returns the exit status and, with `capture`, what was printed. */
export function buildJavaScript({ capture = false } = {}) {
  // The cache knows only a project's own sources, and would hand out executables with old packages in them.
  const args = ['run', 'build', '--skip-nx-cache']
  return run(installed('lerna'), args, { env: { NX_DAEMON: 'false' }, capture })
}

function foldersIn(group) {
  return readdirSync(join(ROOT, group))
    .map((name) => join(ROOT, group, name))
    .filter((folder) => existsSync(join(folder, 'tsup.config.ts')))
}

function newestOutput(folder) {
  const dist = join(folder, 'dist')
  return existsSync(dist) ? newest(dist, /\.js$/) : 0
}

/** Returns the time of the latest change among the files below `folder` whose name matches. */
function newest(folder, pattern) {
  if (!existsSync(folder)) return 0
  let latest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && entry.name !== 'target')
      latest = Math.max(latest, newest(path, pattern))
    else if (pattern.test(entry.name)) latest = Math.max(latest, statSync(path).mtimeMs)
  }
  return latest
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    ensure({ native: process.argv.includes('--native'), dist: process.argv.includes('--dist') })
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
