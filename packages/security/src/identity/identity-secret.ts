/** The text of a key file. */
import { Malformed } from '@ipop/codec'
import { IDENTITY_SECRET_TEXT_MAX } from '../limits.ts'
import type { IdentitySecret } from './identity.ts'

const FIRST_LINE = 'ipop-key-v1'
const FIELDS = [
  ['identity', 32],
  ['session', 32],
  ['nonce', 16],
] as const

/** Returns the key file of `secret`: a first line that names the format, then one base64 field a line. */
export function encodeIdentitySecret(secret: IdentitySecret): string {
  const values = [secret.identitySeed, secret.sessionPrivateKey, secret.nonce]
  const lines = FIELDS.map(
    ([name], i) => `${name} ${Buffer.from(values[i] ?? []).toString('base64')}`,
  )
  return [FIRST_LINE, ...lines, ''].join('\n')
}

/** Returns the secret that a key file holds. Blank lines, lines starting with `#` and unknown fields are skipped. */
export function decodeIdentitySecret(text: string): IdentitySecret | Malformed {
  if (text.length > IDENTITY_SECRET_TEXT_MAX) return new Malformed('key file too long')
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  if (lines[0] !== FIRST_LINE) return new Malformed(`first line is not ${FIRST_LINE}`)
  const fields = new Map<string, string>()
  for (const line of lines.slice(1)) {
    if (line === '' || line.startsWith('#')) continue
    const [name = '', value = ''] = line.split(/\s+/, 2)
    if (fields.has(name)) return new Malformed(`field ${name} stands twice`)
    fields.set(name, value)
  }
  const values: Uint8Array[] = []
  for (const [name, length] of FIELDS) {
    const text64 = fields.get(name)
    if (text64 === undefined) return new Malformed(`field ${name} is missing`)
    const bytes = Buffer.from(text64, 'base64')
    if (bytes.length !== length || bytes.toString('base64') !== text64) {
      return new Malformed(`field ${name} is not ${length} bytes of base64`)
    }
    values.push(new Uint8Array(bytes))
  }
  const [identitySeed, sessionPrivateKey, nonce] = values as [Uint8Array, Uint8Array, Uint8Array]
  return { identitySeed, sessionPrivateKey, nonce }
}
