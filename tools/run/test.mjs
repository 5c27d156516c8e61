/** Runs every check: types, lint, format, jest (all arguments are passed on) and cargo; ends with `N passed, N failed`. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { ensure } from './ensure.mjs'
import { exists, installed, ROOT, run, say } from './steps.mjs'

const NATIVE = join(ROOT, 'packages/napi-rs-tun/native')
const total = { passed: 0, failed: 0, skipped: 0 }

main(process.argv.slice(2))

function main(args) {
  try {
    ensure({ native: true, dist: true })
  } catch (error) {
    console.error(error.message)
    total.failed += 1
    return finish()
  }
  // The typed linter reads the declarations of one package when it looks at another.
  check('declarations', installed('tsc'), ['-b', '--emitDeclarationOnly'])
  check('types', installed('tsc'), ['-p', 'tsconfig.check.json'])
  check('lint', installed('oxlint'), ['--type-aware', '--quiet'])
  check('format', installed('prettier'), ['--check', '--log-level', 'warn', '.'])
  runJest(args)
  runCargo(args)
  finish()
}

/** Runs a check that has no tests of its own: it counts only when it fails. */
function check(name, program, args, options) {
  say(`checking ${name}`)
  if (run(program, args, options).status === 0) return
  console.error(`The check of ${name} failed.`)
  total.failed += 1
}

function runJest(args) {
  say('running jest')
  const folder = mkdtempSync(join(tmpdir(), 'ipop-test-'))
  const report = join(folder, 'report.json')
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js')
  const { status } = run(process.execPath, [
    ...[...flags, jest, '--json', `--outputFile=${report}`],
    ...args,
  ])
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
  rmSync(folder, { recursive: true })
  const failed = (result.numFailedTests ?? 0) + (result.numRuntimeErrorTestSuites ?? 0)
  count(status, {
    passed: result.numPassedTests ?? 0,
    failed,
    skipped: (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0),
  })
}

function runCargo(args) {
  if (!existsSync(join(NATIVE, 'Cargo.toml'))) return
  const patterns = args.filter((arg) => !arg.startsWith('-'))
  if (args.length > 0 && !patterns.some((pattern) => pattern.includes('napi'))) {
    return say('cargo test is skipped: the arguments choose other tests')
  }
  if (!exists('cargo')) return say('cargo test is skipped: cargo is not installed')
  cargoWorkspace(NATIVE, ['--workspace'])
  // Replays what the fuzzers found worth keeping; the fuzzers themselves need nightly Rust.
  cargoWorkspace(join(NATIVE, 'fuzz'), ['--no-default-features'])
}

/** Format, lints (warnings are errors) and tests of one cargo workspace. */
function cargoWorkspace(cwd, selection) {
  const options = { cwd }
  if (works('cargo-fmt')) check('format of Rust', 'cargo', ['fmt', '--check'], options)
  if (works('cargo-clippy')) {
    const flags = ['--all-targets', '--locked', '--', '-D', 'warnings']
    check('lints of Rust', 'cargo', ['clippy', '-q', ...selection, ...flags], options)
  }
  say(`running cargo test in ${relative(ROOT, cwd)}`)
  const flags = ['test', '--locked', ...selection]
  const { status, output } = run('cargo', flags, { cwd, capture: true })
  console.log(output)
  const sums = { passed: 0, failed: 0, skipped: 0 }
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm,
  )) {
    sums.passed += Number(passed)
    sums.failed += Number(failed)
    sums.skipped += Number(ignored)
  }
  count(status, sums)
}

/** Returns whether a component of Rust is installed: its program exists without it and only fails. */
function works(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Adds a program's sums; one that failed without a failed test (it did not even start) counts as one failure. */
function count(status, sums) {
  total.passed += sums.passed
  total.failed += status !== 0 && sums.failed === 0 ? 1 : sums.failed
  total.skipped += sums.skipped
}

function finish() {
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
  process.exitCode = total.failed > 0 ? 1 : 0
}
