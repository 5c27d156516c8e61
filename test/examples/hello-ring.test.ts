/** The program that the README shows for the library. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

describe('the example of the README', () => {
  it('prints the greeting that went over the ring, and ends', () => {
    const flags = ['--conditions=@ipop/source', '--import', 'tsx']
    const result = spawnSync(process.execPath, [...flags, 'examples/hello-ring.ts'], {
      cwd: ROOT,
      encoding: 'utf8',
      timeout: 50_000,
    })
    expect(result.stdout).toContain('hello over the ring\n')
    expect(result.status).toBe(0)
  })

  it('is the one that the README shows, in less than twenty lines', () => {
    const readme = readFileSync(`${ROOT}README.md`, 'utf8')
    const shown = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? 'nothing'
    expect(readFileSync(`${ROOT}examples/hello-ring.ts`, 'utf8')).toContain(shown)
    const lines = shown.split('\n').filter((line) => line.trim() !== '')
    expect(lines.length).toBeLessThan(20)
  })
})
