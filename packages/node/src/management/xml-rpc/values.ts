/** XML-RPC values: how ours are written, and what a client's become. */
import { Malformed, type CborValue } from '@ipop/codec'
import { XML_RPC_DEPTH_MAX, XML_RPC_VALUES_MAX } from '../../limits.ts'
import { escapeXml, type XmlNode } from './xml.ts'

const INT_MIN = -2_147_483_648
const INT_MAX = 2_147_483_647

/** Returns `value` as an XML-RPC value element. Null becomes an empty text and a 64-bit number a text, as clients expect. */
export function encodeValue(value: CborValue): string {
  return `<value>${encodeInner(value)}</value>`
}

function encodeInner(value: CborValue): string {
  if (value === null) return '<string></string>'
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`
  if (typeof value === 'bigint') return `<string>${value}</string>`
  if (typeof value === 'number') return encodeNumber(value)
  if (typeof value === 'string') return `<string>${escapeXml(cleanText(value))}</string>`
  if (value instanceof Uint8Array)
    return `<base64>${Buffer.from(value).toString('base64')}</base64>`
  if (isArray(value)) return `<array><data>${value.map(encodeValue).join('')}</data></array>`
  const members = Object.entries(value).map(
    ([name, inner]) =>
      `<member><name>${escapeXml(cleanText(name))}</name>${encodeValue(inner)}</member>`,
  )
  return `<struct>${members.join('')}</struct>`
}

function encodeNumber(value: number): string {
  if (!Number.isInteger(value)) return `<double>${plainDecimal(value)}</double>`
  return value >= INT_MIN && value <= INT_MAX ? `<int>${value}</int>` : `<string>${value}</string>`
}

/** XML-RPC knows no exponents. */
function plainDecimal(value: number): string {
  const text = String(value)
  return /e/i.test(text) ? value.toFixed(20).replace(/0+$/, '') : text
}

// oxlint-disable-next-line no-control-regex
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

/** XML 1.0 has no way at all to write most control characters. */
function cleanText(text: string): string {
  return text.replace(UNWRITABLE, '\ufffd')
}

/** Narrows to an array; `Array.isArray` alone does not for readonly ones. */
export function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}

/** Counts values while a document is read. */
export interface ValueBudget {
  left: number
}

/** Returns a fresh budget for one document. */
export function newBudget(): ValueBudget {
  return { left: XML_RPC_VALUES_MAX }
}

/** Returns the value of a `<value>` element, or what is wrong with it. */
export function decodeValue(node: XmlNode, budget: ValueBudget, depth = 0): CborValue | Malformed {
  budget.left -= 1
  if (budget.left < 0) return new Malformed('too many values')
  if (depth > XML_RPC_DEPTH_MAX) return new Malformed('values nested too deeply')
  if (node.name !== 'value') return new Malformed(`<${node.name}> where <value> belongs`)
  const [typed] = node.children
  if (typed === undefined) return node.text
  if (node.children.length > 1) return new Malformed('two types in one value')
  if (typed.name === 'array') return decodeArray(typed, budget, depth)
  if (typed.name === 'struct') return decodeStruct(typed, budget, depth)
  return decodeScalar(typed)
}

function decodeScalar({ name, text }: XmlNode): CborValue | Malformed {
  const trimmed = text.trim()
  switch (name) {
    case 'string':
      return text
    case 'int':
    case 'i1':
    case 'i2':
    case 'i4':
    case 'i8':
      return decodeInteger(trimmed)
    case 'boolean':
      return trimmed === '1'
        ? true
        : trimmed === '0'
          ? false
          : new Malformed('boolean is neither 0 nor 1')
    case 'double': {
      const value = Number(trimmed)
      return trimmed !== '' && Number.isFinite(value)
        ? value
        : new Malformed('double is not a number')
    }
    case 'base64':
      return decodeBase64(trimmed)
    case 'dateTime.iso8601':
      return trimmed
    case 'nil':
      return null
    default:
      return new Malformed(`unknown type <${name}>`)
  }
}

function decodeInteger(text: string): CborValue | Malformed {
  if (!/^[+-]?\d{1,19}$/.test(text)) return new Malformed('int is not a whole number')
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

/** An empty base64 value stands for null, as in the original. */
function decodeBase64(text: string): CborValue | Malformed {
  const compact = text.replace(/\s+/g, '')
  if (compact === '') return null
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return new Malformed('base64 has other characters')
  return new Uint8Array(Buffer.from(compact, 'base64'))
}

function decodeArray(node: XmlNode, budget: ValueBudget, depth: number): CborValue | Malformed {
  const [data] = node.children
  if (data?.name !== 'data' || node.children.length !== 1)
    return new Malformed('array without <data>')
  const values: CborValue[] = []
  for (const child of data.children) {
    const value = decodeValue(child, budget, depth + 1)
    if (value instanceof Malformed) return value
    values.push(value)
  }
  return values
}

function decodeStruct(node: XmlNode, budget: ValueBudget, depth: number): CborValue | Malformed {
  const struct: Record<string, CborValue> = Object.create(null) as Record<string, CborValue>
  for (const member of node.children) {
    const [name, content] = member.children
    if (member.name !== 'member' || name?.name !== 'name' || content === undefined) {
      return new Malformed('struct member without name or value')
    }
    const value = decodeValue(content, budget, depth + 1)
    if (value instanceof Malformed) return value
    struct[name.text] = value
  }
  return struct
}
