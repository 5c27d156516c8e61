/**
 * Adds entries to package-lock.json for optional platform packages that the registry could not serve when the lock was
 * written: `npm ci` misses them otherwise and refuses the lock. Run it after every change of the lock; it is idempotent.
 */
import { readFileSync, writeFileSync } from 'node:fs'

// prettier-ignore
const SYSTEMS = ['android', 'darwin', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony', 'win32', 'linux']
/** What a package name contains, and the name npm has for that processor. Longer matches stand first. */
// prettier-ignore
const PROCESSORS = [
  ['ia32', 'ia32'], ['arm64', 'arm64'], ['armv7', 'arm'], ['arm-', 'arm'], ['riscv64', 'riscv64'], ['ppc64', 'ppc64'],
  ['s390x', 's390x'], ['loong64', 'loong64'], ['mips64el', 'mips64el'], ['wasm32', 'wasm32'], ['x64', 'x64'],
]

const file = process.argv[2] ?? 'package-lock.json'
const lock = JSON.parse(readFileSync(file, 'utf8'))
const added = fill(lock.packages)
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
)
writeFileSync(file, JSON.stringify(lock, null, 2) + '\n')
console.log(`added ${added} entries to ${file}`)

function fill(packages) {
  let count = 0
  for (const [from, { optionalDependencies = {}, dev }] of Object.entries({ ...packages })) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isResolved(packages, from, name)) continue
      const folder = from.slice(0, from.lastIndexOf('node_modules/')) + 'node_modules/'
      packages[folder + name] = stub(name, version, dev)
      count += 1
    }
  }
  return count
}

/** Returns whether `name`, asked for by the package at `from`, is found in one of the folders that Node would look into. */
function isResolved(packages, from, name) {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    if (packages[`${base === '' ? '' : base + '/'}node_modules/${name}`] !== undefined) return true
    if (!base.includes('/node_modules/')) return packages[`node_modules/${name}`] !== undefined
  }
}

function stub(name, version, dev) {
  const system = SYSTEMS.find((known) => name.includes(known))
  const processor = PROCESSORS.find(([part]) => name.includes(part))
  return {
    version,
    ...(processor && { cpu: [processor[1]] }),
    ...(dev && { dev: true }),
    ...(name.includes('musl') && { libc: ['musl'] }),
    optional: true,
    ...(system && { os: [system] }),
  }
}
