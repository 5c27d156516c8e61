/** Port mapping by PCP (RFC 6887). */
import { Malformed } from '@ipop/codec'
import type { Random } from '@ipop/runtime'
import {
  decodePcpResponse,
  encodePcpAnnounce,
  encodePcpMap,
  PCP_NONCE_BYTES,
  type PcpResponse,
} from '../wire/pcp.ts'
import { decodeNatPmpResponse } from '../wire/nat-pmp.ts'
import type { MapRequest } from '../wire/port-mapping.ts'
import { type ExchangeRuntime, GatewayExchange } from './gateway-exchange.ts'
import type { GatewayAnswer, MappedPort, MappingClient } from './types.ts'

/** A version that the gateway does not speak is answered in the one it speaks. */
const OTHER_VERSION: PcpResponse = {
  kind: 'announce',
  refusal: 'unsupported version',
  epochSeconds: 0,
}

/** The client of one gateway. */
export class PcpClient implements MappingClient {
  readonly protocol = 'pcp'
  readonly #random: Random
  readonly #exchange: GatewayExchange
  readonly #client: string
  readonly #nonces = new Map<string, Uint8Array>()

  /** `client` is the address of this machine that the gateway sees. */
  constructor(
    runtime: ExchangeRuntime & { readonly random: Random },
    { gateway, client }: { readonly gateway: string; readonly client: string },
  ) {
    this.#random = runtime.random
    this.#exchange = new GatewayExchange(runtime, { gateway })
    this.#client = client
  }

  async probe(): Promise<GatewayAnswer<void>> {
    const bytes = encodePcpAnnounce(this.#client)
    const read = (answer: Uint8Array) => readAny(answer, () => true)
    const response = await this.#exchange.ask({ bytes, read })
    return answerOf(response, () => undefined)
  }

  async map(request: MapRequest): Promise<GatewayAnswer<MappedPort>> {
    const response = await this.#request(request)
    return answerOf(response, ({ host = '', externalPort: port = 0, lifetimeSeconds = 0 }) => ({
      external: { host, port },
      lifetimeMs: 1_000 * lifetimeSeconds,
    }))
  }

  async unmap(request: Omit<MapRequest, 'lifetimeSeconds'>): Promise<void> {
    await this.#request({ ...request, externalPort: 0, lifetimeSeconds: 0 }, 1)
    this.#nonces.delete(nameOf(request))
  }

  close(): Promise<void> {
    return this.#exchange.close()
  }

  #request(request: MapRequest, sendsMax?: number): Promise<PcpResponse | undefined> {
    const nonce = this.#nonceOf(request)
    const bytes = encodePcpMap({ ...request, client: this.#client, nonce })
    const isOurs = (response: PcpResponse) =>
      response.kind === request.kind && response.nonce?.every((byte, at) => byte === nonce[at])
    return this.#exchange.ask({ bytes, read: (answer) => readAny(answer, isOurs) }, sendsMax)
  }

  /** Who does not know the nonce cannot touch the mapping (RFC 6887 section 11.2). */
  #nonceOf(request: Omit<MapRequest, 'lifetimeSeconds'>): Uint8Array {
    const name = nameOf(request)
    const nonce = this.#nonces.get(name) ?? this.#random.bytes(PCP_NONCE_BYTES)
    this.#nonces.set(name, nonce)
    return nonce
  }
}

function nameOf({ kind, port }: Omit<MapRequest, 'lifetimeSeconds'>): string {
  return `${kind} ${port}`
}

function readAny(
  bytes: Uint8Array,
  isOurs: (response: PcpResponse) => boolean | undefined,
): PcpResponse | Malformed | undefined {
  const isOther = bytes[0] === 0 && !(decodeNatPmpResponse(bytes) instanceof Malformed)
  if (isOther) return OTHER_VERSION
  const response = decodePcpResponse(bytes)
  if (response instanceof Malformed) return response
  return isOurs(response) === true ? response : undefined
}

function answerOf<T>(
  response: PcpResponse | undefined,
  valueOf: (response: PcpResponse) => T,
): GatewayAnswer<T> {
  if (response === undefined) return { kind: 'silent' }
  if (response.refusal !== undefined) return { kind: 'refused', reason: response.refusal }
  return { kind: 'agreed', value: valueOf(response) }
}
