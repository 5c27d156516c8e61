/** XML-RPC documents: what is written, what is read, and what is refused. */
import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { Malformed, type CborValue } from '@ipop/codec'
import {
  decodeCall,
  decodeResponse,
  encodeCall,
  encodeFault,
  encodeResponse,
} from '../../src/management/xml-rpc/messages.ts'
import { encodeValue } from '../../src/management/xml-rpc/values.ts'

interface Vector {
  readonly name: string
  readonly value: CborValue
  readonly xml: string
  readonly reads?: CborValue
}

const vectors = JSON.parse(
  readFileSync(new URL('./xml-rpc.json', import.meta.url), 'utf8'),
) as Vector[]

describe('an XML-RPC value', () => {
  it.each(vectors)('is written and read: $name', ({ value, xml, reads }) => {
    const real = revive(value)
    expect(encodeValue(real)).toBe(xml)
    const body = `<methodCall><methodName>m</methodName><params><param>${xml}</param></params></methodCall>`
    expect(decodeCall(utf8(body))).toEqual({ method: 'm', params: [reads ?? real] })
  })

  it('comes back the same for every value with a form of its own', () => {
    const leaf = fc.oneof(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.boolean(),
      fc.string(),
      fc.uint8Array({ minLength: 1 }),
    )
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('tree')),
        fc.dictionary(fc.string(), tie('tree')),
      ),
    }))
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 5 }), (values) => {
        const params = values as CborValue[]
        const decoded = decodeCall(encodeCall({ method: 'x.y', params }))
        expect(decoded).toEqual(
          JSON.parse(JSON.stringify({ method: 'x.y', params: params.map(readable) }), bytesBack),
        )
      }),
      { numRuns: 20 },
    )
  })
})

const refused: [name: string, body: string][] = [
  ['nothing', ''],
  ['no XML', 'hello'],
  [
    'an entity',
    '<!DOCTYPE a [<!ENTITY e "x">]><methodCall><methodName>&e;</methodName></methodCall>',
  ],
  ['a response', '<methodResponse/>'],
  ['no method', '<methodCall><params/></methodCall>'],
  ['two roots', '<methodCall><methodName>m</methodName></methodCall><a/>'],
  ['an unclosed tag', '<methodCall><methodName>m</methodName>'],
  [
    'deep nesting',
    `<methodCall><methodName>m</methodName>${'<a>'.repeat(2_000)}${'</a>'.repeat(2_000)}</methodCall>`,
  ],
  ['nested arrays', call('<value><array><data>'.repeat(20) + '</data></array></value>'.repeat(20))],
  [
    'too many values',
    call(`<value><array><data>${'<value/>'.repeat(5_000)}</data></array></value>`),
  ],
  ['a param without value', call('')],
  ['an unknown type', call('<value><float>1</float></value>')],
  ['a bad int', call('<value><int>0x10</int></value>')],
  ['a bad boolean', call('<value><boolean>true</boolean></value>')],
  ['a bad double', call('<value><double>inf</double></value>')],
  ['bad base64', call('<value><base64>*</base64></value>')],
  ['two types', call('<value><int>1</int><int>2</int></value>')],
  ['a member without name', call('<value><struct><member><value/></member></struct></value>')],
  ['a control character', call('<value>\u0001</value>')],
]

describe('decodeCall', () => {
  it.each(refused)('refuses %s', (_name, body) => {
    expect(decodeCall(utf8(body))).toBeInstanceOf(Malformed)
  })

  it('reads what other clients write', () => {
    const body = call(
      '<value>bare</value></param><param><value><i4>+3</i4></value></param><param><value><string>a&#65;&lt;<![CDATA[<]]></string></value>' +
        '</param><param><value><base64>\n aGk=\n</base64></value></param><param><value><nil/></value></param><param><value><base64/></value>',
    )
    expect(decodeCall(utf8(body))).toEqual({
      method: 'm',
      params: ['bare', 3, 'aA<<', new Uint8Array([0x68, 0x69]), null, null],
    })
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => [decodeCall(bytes), decodeResponse(bytes)]).not.toThrow()
      }),
    )
  })

  it('keeps a member called __proto__ an ordinary one', () => {
    const decoded = decodeCall(
      utf8(
        call(
          '<value><struct><member><name>__proto__</name><value>x</value></member></struct></value>',
        ),
      ),
    )
    if (decoded instanceof Malformed) throw new Error(decoded.reason)
    expect(Object.keys(decoded.params[0] as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('decodeResponse', () => {
  it('reads results and faults', () => {
    expect(decodeResponse(encodeResponse(['a', 1]))).toEqual({ result: ['a', 1] })
    const fault = { faultCode: 1, faultString: 'line 1\nline <2>' }
    expect(decodeResponse(encodeFault(fault))).toEqual({ fault })
  })
})

function call(value: string): string {
  return `<methodCall><methodName>m</methodName><params><param>${value}</param></params></methodCall>`
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** JSON has no bytes: `{ base64 }` stands for them. */
function revive(value: CborValue): CborValue {
  const text = (value as { base64?: unknown } | null)?.base64
  return typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'base64')) : value
}

// oxlint-disable-next-line no-control-regex
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

function readable(value: CborValue): CborValue {
  if (typeof value === 'string') {
    return value.replace(UNWRITABLE, '\ufffd')
  }
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return (value as CborValue[]).map(readable)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [readable(name) as string, readable(inner)]),
    )
  }
  return value
}

function bytesBack(_key: string, value: unknown): unknown {
  const text = (value as { base64?: unknown } | null)?.base64
  return typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'base64')) : value
}
