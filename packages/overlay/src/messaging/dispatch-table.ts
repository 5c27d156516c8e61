/** The methods that other nodes may call: a table with a schema per method, and nothing outside it is reachable. */
import type { Address } from '@ipop/address'
import type { CborValue } from '@ipop/codec'
import { Malformed } from '@ipop/codec'

/** Who asks, and how far away. */
export interface CallContext {
  readonly source: Address
  /** Ring hops the request took; 0 when a node calls itself. */
  readonly hops: number
}

/** Turns raw arguments into what the handler takes, or says why they do not fit. */
export type ArgumentSchema<T> = (args: CborValue, context: CallContext) => T | Malformed

/** Answers one call; throwing answers with an error. */
export type CallHandler<T> = (args: T, context: CallContext) => CborValue | Promise<CborValue>

/** How a call ended on the side that served it. */
export type CallOutcome = { ok: true; value: CborValue } | { ok: false; message: string }

/** What holds of a method beyond its schema. */
export interface MethodOptions {
  /** Whether running it again is as good as its first answer: then repeated requests need no memory. */
  readonly isRepeatable?: boolean
}

/** Methods by name. */
export class DispatchTable {
  readonly #repeatable = new Set<string>()
  readonly #methods = new Map<
    string,
    (args: CborValue, context: CallContext) => Promise<CallOutcome>
  >()

  /** Adds a method; throws when there already is one of that name. */
  add<T>(
    method: string,
    schema: ArgumentSchema<T>,
    handler: CallHandler<T>,
    { isRepeatable = false }: MethodOptions = {},
  ): void {
    if (this.#methods.has(method)) throw new Error(`method ${method} is registered already`)
    if (isRepeatable) this.#repeatable.add(method)
    this.#methods.set(method, async (args, context) => {
      const checked = schema(args, context)
      if (checked instanceof Malformed)
        return { ok: false, message: `${method}: bad arguments: ${checked.reason}` }
      return { ok: true, value: await handler(checked, context) }
    })
  }

  /** Returns whether `method` may run again for a repeated request. */
  isRepeatable(method: string): boolean {
    return this.#repeatable.has(method)
  }

  /** Returns the names of all methods. */
  names(): string[] {
    return [...this.#methods.keys()]
  }

  /** Calls `method`; every failure becomes an outcome. */
  async call(method: string, args: CborValue, context: CallContext): Promise<CallOutcome> {
    const run = this.#methods.get(method)
    if (!run) return { ok: false, message: `no such method: ${method}` }
    try {
      return await run(args, context)
    } catch (error) {
      return { ok: false, message: `${method}: ${messageOf(error)}` }
    }
  }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error)
}
