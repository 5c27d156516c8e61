/** Builds the Rust addon with cargo and puts it beside package.json, where the loader looks for it. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const packageFolder = dirname(fileURLToPath(import.meta.url))

/** Builds the addon; returns the path of the result. Throws when cargo is missing or fails. */
export function buildNative() {
  const workspace = join(packageFolder, 'native')
  const result = spawnSync('cargo', ['build', '--release', '--locked', '-p', 'ipop-binding'], {
    cwd: workspace,
    stdio: 'inherit',
  })
  if (result.error?.code === 'ENOENT') {
    throw new Error('cargo was not found: install Rust (https://rustup.rs) and build again')
  }
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`cargo build failed with status ${result.status}`)
  const target = join(packageFolder, `napi-rs-tun.${process.platform}-${process.arch}-gnu.node`)
  // Renamed into place: a process that has the old file mapped keeps it intact.
  copyFileSync(join(packageFolder, 'target', 'release', 'libnapi_rs_tun.so'), `${target}.new`)
  renameSync(`${target}.new`, target)
  return target
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(buildNative())
}
