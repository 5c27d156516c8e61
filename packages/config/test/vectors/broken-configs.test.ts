/** Every broken configuration gives exactly the messages an operator should see. */
import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { ConfigErrors, parseDhcpConfig, parseIpopConfig, parseNodeConfig } from '../../src/index.ts'

interface BrokenConfig {
  readonly name: string
  readonly kind: 'node' | 'ipop' | 'dhcp'
  readonly text: string
  readonly errors: readonly string[]
}

const cases = JSON.parse(
  readFileSync(new URL('./broken-configs.json', import.meta.url), 'utf8'),
) as BrokenConfig[]
const PARSERS = { node: parseNodeConfig, ipop: parseIpopConfig, dhcp: parseDhcpConfig }

describe('a broken configuration', () => {
  it('comes in more than forty kinds', () => {
    expect(cases.length).toBeGreaterThan(40)
  })

  it.each(cases)('is explained: $name', ({ kind, text, errors }) => {
    expect(messagesOf(() => PARSERS[kind](text, `${kind}.config`))).toEqual(errors)
  })
})

function messagesOf(read: () => unknown): string[] {
  try {
    read()
    return []
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error
    return error.errors.map(String)
  }
}
