/** XML-RPC calls and responses, both ways. */
import { Malformed, type CborValue } from '@ipop/codec'
import { XML_RPC_PARAMS_MAX } from '../../limits.ts'
import { decodeValue, encodeValue, isArray, newBudget } from './values.ts'
import { parseXml, type XmlNode } from './xml.ts'

/** A method call. */
export interface MethodCall {
  readonly method: string
  readonly params: readonly CborValue[]
}

/** A fault that a server answered with. */
export interface Fault {
  readonly faultCode: number
  readonly faultString: string
}

const HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'

/** Returns a call as a document. */
export function encodeCall({ method, params }: MethodCall): Uint8Array {
  const list = params.map((param) => `<param>${encodeValue(param)}</param>`).join('')
  const name = method.replace(/[<>&]/g, '')
  return utf8(
    `${HEAD}<methodCall><methodName>${name}</methodName><params>${list}</params></methodCall>`,
  )
}

/** Returns the call in a document, or what is wrong with it. */
export function decodeCall(bytes: Uint8Array): MethodCall | Malformed {
  const root = parseXml(bytes)
  if (root instanceof Malformed) return root
  if (root.name !== 'methodCall') return new Malformed('not a methodCall')
  const method = childOf(root, 'methodName')?.text.trim() ?? ''
  if (method === '' || method.length > 255) return new Malformed('methodCall without methodName')
  const list = childOf(root, 'params')?.children ?? []
  if (list.length > XML_RPC_PARAMS_MAX) return new Malformed('too many parameters')
  const params: CborValue[] = []
  const budget = newBudget()
  for (const param of list) {
    const value = decodeParam(param, budget)
    if (value instanceof Malformed) return value
    params.push(value)
  }
  return { method, params }
}

function decodeParam(param: XmlNode, budget: { left: number }): CborValue | Malformed {
  const [value] = param.children
  if (param.name !== 'param' || value === undefined) return new Malformed('param without value')
  return decodeValue(value, budget)
}

/** Returns a result as a document. */
export function encodeResponse(result: CborValue): Uint8Array {
  return utf8(
    `${HEAD}<methodResponse><params><param>${encodeValue(result)}</param></params></methodResponse>`,
  )
}

/** Returns a fault as a document. */
export function encodeFault({ faultCode, faultString }: Fault): Uint8Array {
  return utf8(
    `${HEAD}<methodResponse><fault>${encodeValue({ faultCode, faultString })}</fault></methodResponse>`,
  )
}

/** Returns the result or the fault in a document, or what is wrong with it. */
export function decodeResponse(
  bytes: Uint8Array,
): { result: CborValue } | { fault: Fault } | Malformed {
  const root = parseXml(bytes)
  if (root instanceof Malformed) return root
  if (root.name !== 'methodResponse') return new Malformed('not a methodResponse')
  const budget = { left: Number.MAX_SAFE_INTEGER }
  const faulty = childOf(root, 'fault')?.children[0]
  if (faulty !== undefined) return decodeFault(decodeValue(faulty, budget))
  const param = childOf(root, 'params')?.children[0]
  if (param === undefined) return new Malformed('methodResponse without result')
  const result = decodeParam(param, budget)
  return result instanceof Malformed ? result : { result }
}

function decodeFault(value: CborValue | Malformed): { fault: Fault } | Malformed {
  if (value instanceof Malformed) return value
  if (
    typeof value !== 'object' ||
    value === null ||
    isArray(value) ||
    value instanceof Uint8Array
  ) {
    return new Malformed('fault is not a struct')
  }
  const { faultCode, faultString } = value
  return {
    fault: {
      faultCode: typeof faultCode === 'number' ? faultCode : 0,
      faultString: typeof faultString === 'string' ? faultString : '',
    },
  }
}

function childOf(node: XmlNode, name: string): XmlNode | undefined {
  return node.children.find((child) => child.name === name)
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
