/** Settings that only tests use. */
import { describe, expect, it } from '@jest/globals'
import { readTestSettings } from '../src/test-settings.ts'

describe('readTestSettings', () => {
  it('leaves the age of session keys alone unless it is told', () => {
    expect(readTestSettings({})).toEqual({ rekeyAfterMs: undefined })
    expect(readTestSettings({ IPOP_TEST_REKEY_SECONDS: '6' })).toEqual({ rekeyAfterMs: 6_000 })
  })

  it.each(['no', '0', '-1', 'Infinity'])('refuses %s', (text) => {
    expect(() => readTestSettings({ IPOP_TEST_REKEY_SECONDS: text })).toThrow('positive number')
  })
})
