/** What the labs say to a wrong command line: one line and exit code 2, before anything is built or started. */
import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

describe('a lab', () => {
  it.each([
    ['run/lab-path.mjs', ['--way', 'through'], "--way: 'through' is none of direct, relay"],
    ['run/lab-path.mjs', ['--mtu', '1280,big'], "--mtu: 'big' is no number from 0 on"],
    ['run/lab-flood.mjs', ['--seconds', ''], "--seconds: '' is no number from 0 on"],
    ['run/lab-nat.mjs', ['--resume'], '--resume goes on with the file of --json'],
    ['run/lab-nat.mjs', ['--pair', 'open:open'], "Unknown option '--pair'"],
    ['run/bench.mjs', ['dht', '--run', '3'], "Unknown option '--run'"],
    ['run/bench.mjs', ['idle', '--runs', '0'], '--runs takes a positive number'],
    ['lab/bootstraps.mjs', ['--members=-3'], "--members: '-3' is no number from 0 on"],
  ])('%s %j is refused', (program, argv, message) => {
    const command = [`${ROOT}tools/${program}`, ...argv]
    const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(status).toBe(2)
  })
})
