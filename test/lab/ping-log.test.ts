/** The NAT lab counts as lost what got no reply after the first one came. */
import { describe, expect, it } from '@jest/globals'
import { readPingLog } from '../../tools/lab/ping-log.mjs'

const reply = (seq: number, at = 1_700_000_000 + seq / 10) =>
  `[${at.toFixed(6)}] 64 bytes from 192.168.10.3: icmp_seq=${seq} ttl=64 time=0.5 ms`
const missing = (seq: number) => `[1700000000.000001] no answer yet for icmp_seq=${seq}`

describe('readPingLog', () => {
  it('knows nothing before the first reply', () => {
    expect(readPingLog(`PING 192.168.10.3\n${missing(1)}\n`)).toBeUndefined()
  })

  it('does not count what was sent before the other end was there', () => {
    const log = [missing(1), missing(2), missing(3), reply(4), reply(5), reply(6)].join('\n')
    expect(readPingLog(log)).toEqual({ firstAtMs: 1_700_000_000_400, lostPercent: 0 })
  })

  it('counts what was lost since, and a copy once', () => {
    const log = [reply(1), missing(2), reply(3), reply(3), missing(4)].join('\n')
    expect(readPingLog(log)?.lostPercent).toBe(50)
  })
})
