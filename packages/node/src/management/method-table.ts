/** The methods of one node by name: what they take, and whether other nodes may call them. */
import { Address } from '@ipop/address'
import { Malformed, type CborValue } from '@ipop/codec'
import { NodeError } from '../errors.ts'
import type { RingCaller } from '../services.ts'
import { isArray } from './xml-rpc/values.ts'

/** What a parameter must be. A text is accepted where bytes are wanted. */
export type ParamKind = 'any' | 'bytes' | 'string' | 'integer' | 'address'

/** What a method takes and who may call it. */
export interface MethodShape {
  /** Kinds of the parameters, in order. */
  readonly params: readonly ParamKind[]
  /** Whether other nodes may call it, too. */
  readonly isRemote: boolean
}

/** Answers a call whose parameters fit the shape. */
export type MethodHandler = (params: Params, caller: RingCaller) => CborValue | Promise<CborValue>

/** Checked parameters; asking for a kind the shape does not promise is a bug and throws. */
export class Params {
  readonly values: readonly CborValue[]

  constructor(values: readonly CborValue[]) {
    this.values = values
  }

  /** Returns a parameter as it came. */
  any(index: number): CborValue {
    return this.values[index] ?? null
  }

  /** Returns a parameter as bytes. */
  bytes(index: number): Uint8Array {
    const value = this.any(index)
    if (value instanceof Uint8Array) return value
    return new TextEncoder().encode(typeof value === 'string' ? value : '')
  }

  /** Returns a parameter as text. */
  string(index: number): string {
    const value = this.any(index)
    if (typeof value !== 'string') throw new TypeError(`parameter ${index} is not a text`)
    return value
  }

  /** Returns a parameter as a whole number. */
  integer(index: number): number {
    const value = this.any(index)
    if (typeof value !== 'number') throw new TypeError(`parameter ${index} is not a number`)
    return value
  }

  /** Returns a parameter as a ring address. */
  address(index: number): Address {
    const value = Address.parse(this.string(index))
    if (value instanceof Malformed) throw new TypeError(`parameter ${index} is not an address`)
    return value
  }
}

interface Method extends MethodShape {
  readonly handler: MethodHandler
}

/** The methods of one node. */
export class MethodTable {
  readonly #methods = new Map<string, Method>()

  /** Adds a method. */
  add(name: string, shape: MethodShape, handler: MethodHandler): void {
    if (this.#methods.has(name)) throw new Error(`method ${name} is registered already`)
    this.#methods.set(name, { ...shape, handler })
  }

  /** Returns the names of the methods that other nodes may call. */
  remoteNames(): string[] {
    return [...this.#methods].filter(([, method]) => method.isRemote).map(([name]) => name)
  }

  /** Returns whether other nodes serve a method of this name. */
  isRemote(name: string): boolean {
    return this.#methods.get(name)?.isRemote ?? false
  }

  /** Returns checked parameters for a method, or what is wrong with them. */
  check(name: string, args: CborValue): Params | Malformed {
    const method = this.#methods.get(name)
    if (method === undefined) return new Malformed(`no such method: ${name}`)
    const values = args === null ? [] : args
    if (!isArray(values)) return new Malformed('parameters are not a list')
    if (values.length !== method.params.length) {
      return new Malformed(`${name} takes ${method.params.length} parameters, not ${values.length}`)
    }
    for (const [index, kind] of method.params.entries()) {
      const problem = problemOf(values[index] ?? null, kind)
      if (problem !== undefined)
        return new Malformed(`parameter ${index + 1} of ${name} ${problem}`)
    }
    return new Params(values)
  }

  /** Runs a method whose parameters were checked. */
  async run(name: string, params: Params, caller: RingCaller): Promise<CborValue> {
    const method = this.#methods.get(name)
    if (method === undefined) throw noSuchMethod(name)
    return method.handler(params, caller)
  }

  /** Checks the parameters and runs a method; rejects with a NodeError when they do not fit. */
  async call(name: string, args: readonly CborValue[], caller: RingCaller): Promise<CborValue> {
    if (!this.#methods.has(name)) throw noSuchMethod(name)
    const params = this.check(name, args)
    if (params instanceof Malformed) {
      throw new NodeError({ code: 'RPC_BAD_ARGUMENTS', message: params.reason })
    }
    return this.run(name, params, caller)
  }
}

function noSuchMethod(name: string): NodeError {
  return new NodeError({ code: 'RPC_NO_SUCH_METHOD', message: `No such method: ${name}` })
}

function problemOf(value: CborValue, kind: ParamKind): string | undefined {
  switch (kind) {
    case 'any':
      return undefined
    case 'bytes':
      return value instanceof Uint8Array || typeof value === 'string'
        ? undefined
        : 'is neither base64 nor text'
    case 'string':
      return typeof value === 'string' ? undefined : 'is not a text'
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value)
        ? undefined
        : 'is not a whole number'
    case 'address': {
      const address =
        typeof value === 'string' ? Address.parse(value) : new Malformed('is not a text')
      return address instanceof Malformed ? `is not a node address: ${address.reason}` : undefined
    }
  }
}
