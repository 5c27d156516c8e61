/** Builds the Rust addon with cargo and puts it beside package.json, where the loader looks: `node build-native.mjs [TARGET]`. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const packageFolder = dirname(fileURLToPath(import.meta.url))

/** Rust's names of the targets, and what the loader calls them. */
const TARGETS = {
  'x86_64-unknown-linux-gnu': 'linux-x64-gnu',
  'x86_64-unknown-linux-musl': 'linux-x64-musl',
  'aarch64-unknown-linux-gnu': 'linux-arm64-gnu',
  'aarch64-unknown-linux-musl': 'linux-arm64-musl',
}

/** Builds the addon for `target`, or for this machine; returns the path of the result. Throws when cargo is missing or fails. */
export function buildNative(target) {
  const built = target ?? hostTarget()
  const triple = TARGETS[built]
  if (triple === undefined) {
    throw new Error(`no addon for ${built}, only for ${Object.keys(TARGETS).join(', ')}`)
  }
  const args = ['build', '--release', '--locked', '-p', 'ipop-binding']
  if (target !== undefined) args.push('--target', target)
  cargo(args, { env: environment(built), stdio: 'inherit' })
  const file = join(packageFolder, `napi-rs-tun.${triple}.node`)
  // Renamed into place: a process that has the old file mapped keeps it intact.
  const folder = join(packageFolder, 'target', target ?? '', 'release')
  copyFileSync(join(folder, 'libnapi_rs_tun.so'), `${file}.new`)
  renameSync(`${file}.new`, file)
  return file
}

/** Returns the target that the installed Rust compiles for. */
function hostTarget() {
  const { stdout } = cargo(['-vV'], { encoding: 'utf8' })
  return /^host: (\S+)$/m.exec(stdout)?.[1]
}

/** Rust links musl statically, which a shared library cannot be. */
function environment(target) {
  const flags = target.endsWith('-musl') ? ' -C target-feature=-crt-static' : ''
  return { ...process.env, RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''}${flags}`.trim() }
}

function cargo(args, options) {
  const result = spawnSync('cargo', args, { cwd: join(packageFolder, 'native'), ...options })
  if (result.error?.code === 'ENOENT') {
    throw new Error('cargo was not found: install Rust (https://rustup.rs) and build again')
  }
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`cargo ${args[0]} failed with status ${result.status}`)
  return result
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(buildNative(process.argv[2]))
}
