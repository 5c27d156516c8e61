/** Every tidy rule fails on a planted violation; a rule that cannot fail would protect nothing. */
import { afterAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkRepository } from '../../tools/tidy/check.ts'
import { parseLimits, renderLimits } from '../../tools/tidy/limits.mjs'
import { readRepository } from '../../tools/tidy/repository.ts'
import { applyExceptions, describeViolation, type Violation } from '../../tools/tidy/violation.ts'

const LAYERS = { layers: { '@ipop/low': [], '@ipop/high': ['@ipop/low'], '@ipop/runtime': [] } }
const OPENING = '/** What this planted file is for. */\n'
const PAGE = 'docs/wire/README.md'

/** A repository of two packages that breaks no rule. */
const CLEAN: Record<string, string> = {
  'tools/tidy/layers.json': JSON.stringify(LAYERS),
  'tools/tidy/allowed.json': JSON.stringify({ allowed: [] }),
  'packages/low/package.json': JSON.stringify({ name: '@ipop/low', dependencies: {} }),
  'packages/low/tsconfig.json': JSON.stringify({}),
  'packages/low/src/index.ts': `${OPENING}export * from './thing.ts'\nexport * from './limits.ts'\n`,
  'packages/low/src/thing.ts': `${OPENING}import { ok } from 'node:assert'\n\n/** Checks. */\nexport function check(): void {\n  ok(true)\n}\n`,
  'packages/low/src/limits.ts': `${OPENING}\n/** Queues longer than this only add delay. */\nexport const QUEUE_MAX = 5\n`,
  'packages/low/src/wire/frame.ts': `${OPENING}export function encodeFrame(): void {}\n`,
  'packages/low/test/vectors/frame.json': '[]',
  'packages/high/package.json': JSON.stringify({
    name: '@ipop/high',
    dependencies: { '@ipop/low': '1' },
  }),
  'packages/high/tsconfig.json': JSON.stringify({ references: [{ path: '../low' }] }),
  'packages/high/src/index.ts': `${OPENING}import { check } from '@ipop/low'\n\ncheck()\n`,
  'packages/runtime/package.json': JSON.stringify({ name: '@ipop/runtime' }),
  'packages/runtime/tsconfig.json': JSON.stringify({}),
  'packages/runtime/src/node/clock.ts': `${OPENING}import 'node:net'\nsetTimeout(() => Date.now(), Math.random())\n`,
  'docs/wire/frame.md': 'Frames.',
  [PAGE]: '[frames](frame.md)',
  'apps/none/readme.txt': '',
}

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

describe('a clean repository', () => {
  it('has no violations', () => {
    expect(check({}).map(describeViolation)).toEqual([])
  })
})

describe('the rule "layers"', () => {
  it.each([
    ['an import from the right', low("import '@ipop/high'"), '@ipop/high'],
    ['an import of its own package', low("import '@ipop/low'"), '@ipop/low'],
    ['a dynamic import from the right', low("await import('@ipop/high')"), '@ipop/high'],
    ['a re-export from the right', low("export * from '@ipop/high'"), '@ipop/high'],
    ['a type from the right', low("import type { A } from '@ipop/high'"), '@ipop/high'],
    ['a package that package.json does not name', low("import 'left-pad/x'"), 'left-pad'],
    ['a dependency that is not allowed', manifest('low', ['@ipop/high']), '@ipop/high'],
    ['a dependency that is not declared', manifest('high', []), '@ipop/low'],
    ['a missing project reference', { 'packages/high/tsconfig.json': '{}' }, '@ipop/low'],
    [
      'a project reference too many',
      { 'packages/low/tsconfig.json': '{"references":[{"path":"../high"}]}' },
      '@ipop/high',
    ],
    ['a package that layers.json does not know', manifest('low', [], '@ipop/new'), '@ipop/new'],
  ])('finds %s', (_what, planted, subject) => {
    expect(subjects('layers', planted)).toContain(subject)
  })
})

describe('the rule "ambient"', () => {
  it.each([
    ["import { createSocket } from 'node:dgram'", 'dgram'],
    ["import { connect } from 'net'", 'net'],
    ["import { lookup } from 'node:dns/promises'", 'dns/promises'],
    ["import http from 'node:http'", 'http'],
    ["import { setTimeout as wait } from 'node:timers/promises'", 'timers/promises'],
    ["import { performance as p } from 'node:perf_hooks'", 'perf_hooks'],
    ["const net = await import('node:net')", 'net'],
    ["import { createNodeRuntime } from '@ipop/runtime/node'", '@ipop/runtime/node'],
    ["import { randomBytes } from 'node:crypto'", 'randomBytes'],
    ["import { randomBytes as draw } from 'node:crypto'", 'randomBytes'],
    [
      "import * as crypto from 'node:crypto'\nconst b = crypto.generateKeyPairSync('ed25519')",
      'generateKeyPairSync',
    ],
    ['const t = Date.now()', 'Date.now'],
    ["const t = Date['now']()", 'Date.now'],
    ['const t = new Date()', 'Date'],
    ['const t = Date()', 'Date'],
    ['const t = performance.now()', 'performance'],
    ['const f = { wait: setTimeout }', 'setTimeout'],
    ['setInterval(() => 1, 5)', 'setInterval'],
    ['globalThis.setTimeout(() => 1)', 'setTimeout'],
    ['class A { b() { return [1].map(() => Math.random()) } }', 'Math.random'],
    ['crypto.getRandomValues(new Uint8Array(1))', 'crypto'],
    ['const t = process.hrtime.bigint()', 'process.hrtime'],
    ["void fetch('http://x')", 'fetch'],
    ['const s = AbortSignal.timeout(5)', 'AbortSignal.timeout'],
  ])('finds %s', (code, subject) => {
    expect(subjects('ambient', low(code))).toContain(subject)
  })

  it.each([
    "import type { Socket } from 'node:net'",
    "import { createHash } from 'node:crypto'\ncreateHash('sha256')",
    'const t = new Date(5)',
    'declare const timers: { setTimeout(): void; now: number }\ntimers.setTimeout()',
    'const options = { performance: 1 }',
    '// setTimeout(), Date.now()',
    "const text = 'Math.random()'",
  ])('lets %s pass', (code) => {
    expect(subjects('ambient', low(code))).toEqual([])
  })
})

describe('the rule "wire"', () => {
  const format = `${OPENING}export function decodeOther(): void {}\n`

  it('finds a format without vectors and without a page', () => {
    const planted = { 'packages/low/src/wire/other.ts': format }
    expect(subjects('wire', planted).sort(byText)).toEqual(['page', 'vectors'])
  })

  it('accepts vectors in a test and a page that names the format', () => {
    const planted = {
      'packages/low/src/wire/other.ts': format,
      'packages/low/test/vectors/all.test.ts': `${OPENING}import '../../src/wire/other.ts'\n`,
      'docs/wire/frame.md': 'Frames. `packages/low/src/wire/other.ts`',
    }
    expect(subjects('wire', planted)).toEqual([])
  })

  it('accepts a page that names package and file', () => {
    const planted = {
      'packages/low/src/wire/other.ts': format,
      'packages/low/test/vectors/other.json': '[]',
      'docs/wire/frame.md': 'Package `@ipop/low`, `src/wire/other.ts`.',
    }
    expect(subjects('wire', planted)).toEqual([])
  })

  it('finds a page that the index does not name', () => {
    expect(subjects('wire', { 'docs/wire/lost.md': 'Lost.' })).toEqual(['index'])
  })
})

describe('the rule "opening"', () => {
  const long = 'import "./b.ts"\n\nconst a = 1\n\nconst b = 2\n\nconst c = 3\n'

  it.each([
    ['no comment', long],
    ['a comment that is no doc comment', `// What this is for.\n${long}`],
    ['a comment behind the imports', `import './a.ts'\n${OPENING}${long}`],
    ['an empty comment', `/** */\n${long}`],
    ['a comment without a sentence', `/** things */\n${long}`],
  ])('finds %s', (_what, text) => {
    expect(subjects('opening', { 'packages/low/test/a.test.ts': text })).toEqual(['opening'])
  })

  it('accepts a shebang in front, and files of three lines', () => {
    const planted = {
      'tools/a.mjs': `#!/usr/bin/env node\n${OPENING}${long}`,
      'tools/b.mjs': 'let a\n',
    }
    expect(subjects('opening', planted)).toEqual([])
  })
})

describe('the rule "documentation"', () => {
  it.each([
    ['a function', 'export function bare(): void {}'],
    ['a class', 'export class bare {}'],
    ['an interface', 'export interface bare {}'],
    ['a type', 'export type bare = 1'],
    ['a constant', 'export const bare = 1'],
    ['an ordinary comment', '// Says little.\nexport const bare = 1'],
    [
      'a doc comment further up',
      '/** About something else. */\nconst other = 1\nexport const bare = other',
    ],
  ])('finds %s without a doc comment', (_what, code) => {
    expect(subjects('documentation', low(code))).toEqual(['bare'])
  })

  it('finds what is re-exported by name, and leaves inner exports alone', () => {
    const planted = {
      ...low('export const bare = 1\nexport const inner = 2'),
      'packages/low/src/index.ts': `${OPENING}export { bare as outer } from './thing.ts'\n`,
    }
    expect(subjects('documentation', planted)).toEqual(['bare'])
  })
})

describe('the rule "limits"', () => {
  it.each([
    ['no comment', 'export const DEPTH_MAX = 1\n'],
    ['a comment that is no reason', '/** Depth. */\nexport const DEPTH_MAX = 1\n'],
  ])('finds a cap with %s', (_what, code) => {
    expect(subjects('limits', { 'packages/low/src/limits.ts': `${OPENING}\n${code}` })).toEqual([
      'DEPTH_MAX',
    ])
  })

  it('accepts the caps of one concept in a limits.ts of its own', () => {
    const code = '/** Deeper nests only cost time. */\nexport const DEPTH_MAX = 1\n'
    const path = 'packages/low/src/concept/limits.ts'
    expect(subjects('limits', { [path]: `${OPENING}\n${code}` })).toEqual([])
    expect(renderLimits(plant({ [path]: `${OPENING}\n${code}` }))).toContain(
      '| `DEPTH_MAX` | `1` |',
    )
  })

  it('finds a cap outside limits.ts', () => {
    expect(subjects('limits', low('const RETRIES_MAX = 1'))).toEqual(['RETRIES_MAX'])
    expect(subjects('limits', low('/** Stray. */\nexport const DELAY_MAX_MS = 1'))).toEqual([
      'DELAY_MAX_MS',
    ])
  })
})

describe('the rule "size"', () => {
  const lines = (count: number): string => '  void 0\n'.repeat(count)

  it('finds a file of 301 lines and accepts 300', () => {
    expect(subjects('size', low('void 0\n'.repeat(299)))).toEqual([])
    expect(subjects('size', low('void 0\n'.repeat(300)))).toEqual(['file'])
  })

  it.each([
    ['function long() {', '}', 'long'],
    ['const long = () => {', '}', 'long'],
    ['class A { long() {', '} }', 'long'],
    ['class A { constructor() {', '} }', 'constructor'],
    ['class A { #long() {', '} }', 'long'],
    ['const a = { long() {', '} }', 'long'],
    ['[1].map(function () {', '})', 'anonymous'],
  ])('finds 41 lines of %s and accepts 40', (head, tail, name) => {
    expect(subjects('size', low(`${head}\n${lines(38)}${tail}`))).toEqual([])
    expect(subjects('size', low(`${head}\n${lines(39)}${tail}`))).toEqual([name])
  })
})

describe('the rule "unsafe"', () => {
  const rust = (crate: string, code: string): Record<string, string> => ({
    [`packages/low/native/${crate}/src/lib.rs`]: `//! A planted crate.\n${code}\n`,
  })

  it.each([
    ['in a crate that is safe', rust('dataplane', '// SAFETY: fine\nlet a = unsafe { b() };')],
    ['without a reason', rust('device', 'let a = unsafe { b() };')],
    ['with the reason of another', rust('device', '// SAFETY: fine\nc();\nunsafe { b() };')],
    ['as a function', rust('device', 'unsafe fn a() {}')],
    ['as an implementation', rust('binding', 'unsafe impl Send for A {}')],
  ])('finds it %s', (_what, planted) => {
    expect(subjects('unsafe', planted)).toEqual(['unsafe'])
  })

  it.each([
    rust('device', '// SAFETY: `b` takes anything.\nlet a = unsafe { b() };'),
    rust('device', '// SAFETY: `b` takes anything.\nlet a =\n    c(unsafe { b() });'),
    rust('secret', '// SAFETY: nobody shares it.\nunsafe impl Send for A {}'),
    rust('dataplane', '#![forbid(unsafe_code)]\n// never unsafe\nlet a = "unsafe";'),
  ])('lets %j pass', (planted) => {
    expect(subjects('unsafe', planted)).toEqual([])
  })
})

describe('exceptions', () => {
  const violation: Violation = {
    ...{ rule: 'size', file: 'a/b.ts', line: 3, subject: 'long', message: 'm' },
  }

  it.each([
    [{ rule: 'size', file: 'a/b.ts', subject: 'long' }, true],
    [{ rule: 'size', file: 'a/b.ts' }, true],
    [{ rule: 'size', file: 'a/' }, true],
    [{ rule: 'size', file: 'a' }, false],
    [{ rule: 'size', file: 'a/b.ts', subject: 'other' }, false],
    [{ rule: 'layers', file: 'a/b.ts' }, false],
  ])('%j covers: %s', (partial, isCovered) => {
    const exception = { ...partial, reason: 'because' }
    const { remaining, stale } = applyExceptions([violation], [exception])
    expect(remaining).toEqual(isCovered ? [] : [violation])
    expect(stale).toEqual(isCovered ? [] : [exception])
  })
})

describe('docs/LIMITS.md', () => {
  it('shows name, value and reason of every limit', () => {
    const text = `${OPENING}\n/** One | two\n * lines. */\nexport const A_MAX = 5 * 60_000\n\n/** Many. */\nexport const B: readonly number[] = [\n  1,\n  2,\n]\n`
    expect(parseLimits(text)).toEqual([
      { name: 'A_MAX', value: '5 * 60_000', reason: 'One | two lines.' },
      { name: 'B', value: '[ 1, 2, ]', reason: 'Many.' },
    ])
  })

  it('changes when a limit changes', () => {
    const root = plant({})
    expect(renderLimits(root)).toContain(
      '| `QUEUE_MAX` | `5` | Queues longer than this only add delay. |',
    )
  })
})

/** Puts code into a file of the lower package. */
function low(code: string): Record<string, string> {
  return { 'packages/low/src/thing.ts': `${OPENING}${code.trimEnd()}\n` }
}

function manifest(
  folder: string,
  dependencies: string[],
  name = `@ipop/${folder}`,
): Record<string, string> {
  const entries = Object.fromEntries(dependencies.map((dependency) => [dependency, '1']))
  return { [`packages/${folder}/package.json`]: JSON.stringify({ name, dependencies: entries }) }
}

function subjects(rule: string, planted: Record<string, string>): string[] {
  return check(planted)
    .filter((violation) => violation.rule === rule)
    .map(({ subject }) => subject)
}

function check(planted: Record<string, string>): Violation[] {
  return checkRepository(readRepository(plant(planted)))
}

/** Writes the clean repository with some files replaced or added; returns its folder. */
function plant(planted: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'ipop-tidy-'))
  folders.push(root)
  for (const [path, text] of Object.entries({ ...CLEAN, ...planted })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

function byText(a: string, b: string): number {
  return a.localeCompare(b)
}
