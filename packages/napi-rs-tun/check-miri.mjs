/** Runs the tests of the pure crates under Miri, which finds undefined behaviour: `node packages/napi-rs-tun/check-miri.mjs`. */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Interpreted, a case takes seconds; the ordinary tests run hundreds. */
const CASES = '2'

/** CI names the day. */
const toolchain = `+${process.env.NIGHTLY ?? 'nightly'}`

const result = spawnSync(
  'cargo',
  [
    toolchain,
    'miri',
    'test',
    '-p',
    'ipop-secret',
    '-p',
    'ipop-dataplane',
    ...process.argv.slice(2),
  ],
  {
    cwd: join(dirname(fileURLToPath(import.meta.url)), 'native'),
    stdio: 'inherit',
    // proptest reads its environment and looks for files of earlier failures.
    env: { PROPTEST_CASES: CASES, MIRIFLAGS: '-Zmiri-disable-isolation', ...process.env },
  },
)
if (result.error) throw result.error
if (result.status !== 0) {
  console.error('Miri needs: rustup toolchain install nightly --component miri,rust-src')
}
process.exitCode = result.status ?? 1
