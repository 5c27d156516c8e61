/** When a changed status byte is told by a ping of its own. */
import { describe, expect, it } from '@jest/globals'
import { StatusByte } from '../../src/channel/status-byte.ts'
import { STATUS_DELAY_MS, STATUS_DELAY_SECOND_MS, STATUS_LESS_DELAY_MS } from '../../src/limits.ts'

const NEVER = Number.POSITIVE_INFINITY
const ping = { kind: 'ping', id: 1, isActive: true, isSearching: false, status: 0 } as const
const pong = { ...ping, kind: 'pong' } as const

describe('StatusByte', () => {
  it.each([
    [true, STATUS_DELAY_MS],
    [false, STATUS_DELAY_SECOND_MS],
  ])('tells new bits soon, the first end sooner: %p', (isFirst, delayMs) => {
    const status = new StatusByte()
    status.set(4, isFirst, 1_000)
    expect(status.dueAt).toBe(1_000 + delayMs)
    expect(status.takeDue(status.dueAt - 1)).toBe(false)
    expect(status.takeDue(1_000 + delayMs)).toBe(true)
    expect(status.dueAt).toBe(NEVER)
  })

  it('tells bits that are gone later, but not what else there is to tell', () => {
    const status = new StatusByte(7)
    status.set(3, true, 0)
    expect(status.dueAt).toBe(STATUS_LESS_DELAY_MS)
    status.set(0x83, true, 100)
    status.set(0x82, true, 200)
    expect(status.dueAt).toBe(100 + STATUS_DELAY_MS)
  })

  it('has nothing to tell of what it began with', () => {
    const status = new StatusByte(0x80)
    status.set(0x80, true, 0)
    expect(status.dueAt).toBe(NEVER)
  })

  it('counts as told once it is in an answer to a ping over the active path', () => {
    const status = new StatusByte()
    status.set(1, true, 0)
    status.probed({ ...ping, isActive: false }, undefined, 10)
    expect(status.dueAt).toBe(STATUS_DELAY_MS)
    status.probed(ping, undefined, 10)
    expect(status.dueAt).toBe(NEVER)
  })

  it('counts as told by a ping that was sent after the change and answered', () => {
    const status = new StatusByte()
    status.set(1, true, 100)
    status.probed(pong, undefined, 150)
    status.probed(pong, 60, 150)
    expect(status.dueAt).toBe(100 + STATUS_DELAY_MS)
    status.probed(pong, 60, 160)
    expect(status.dueAt).toBe(NEVER)
  })
})
