/** Port mapping by NAT-PMP (RFC 6886). */
import { Malformed } from '@ipop/codec'
import {
  decodeNatPmpResponse,
  encodeNatPmpAddressRequest,
  encodeNatPmpMap,
} from '../wire/nat-pmp.ts'
import type { GatewayEvent, MapRequest } from '../wire/port-mapping.ts'
import { type ExchangeRuntime, GatewayExchange } from './gateway-exchange.ts'
import type { GatewayAnswer, MappedPort, MappingClient } from './types.ts'

/** The client of one gateway. */
export class NatPmpClient implements MappingClient {
  readonly protocol = 'nat-pmp'
  readonly #exchange: GatewayExchange

  constructor(runtime: ExchangeRuntime, { gateway }: { readonly gateway: string }) {
    this.#exchange = new GatewayExchange(runtime, { gateway })
  }

  async probe(): Promise<GatewayAnswer<void>> {
    const answer = await this.#address()
    return answer.kind === 'agreed' ? { kind: 'agreed', value: undefined } : answer
  }

  async map(request: MapRequest): Promise<GatewayAnswer<MappedPort>> {
    // The response to a mapping does not say where it is reached.
    const address = await this.#address()
    if (address.kind !== 'agreed') return address
    const response = await this.#ask(encodeNatPmpMap(request), isAbout(request))
    const answer = answerOf(response)
    if (answer.kind !== 'agreed') return answer
    const { externalPort = 0, lifetimeSeconds = 0 } = answer.value
    const external = { host: address.value, port: externalPort }
    return { kind: 'agreed', value: { external, lifetimeMs: 1_000 * lifetimeSeconds } }
  }

  async unmap(request: Omit<MapRequest, 'lifetimeSeconds'>): Promise<void> {
    // RFC 6886 section 3.4: the external port of a removal is 0.
    const bytes = encodeNatPmpMap({ ...request, externalPort: 0, lifetimeSeconds: 0 })
    await this.#ask(bytes, isAbout(request), 1)
  }

  close(): Promise<void> {
    return this.#exchange.close()
  }

  async #address(): Promise<GatewayAnswer<string>> {
    const isAddress = (event: GatewayEvent) => event.kind === 'announce'
    const answer = answerOf(await this.#ask(encodeNatPmpAddressRequest(), isAddress))
    if (answer.kind !== 'agreed') return answer
    return { kind: 'agreed', value: answer.value.host ?? '' }
  }

  #ask(
    bytes: Uint8Array,
    isOurs: (event: GatewayEvent) => boolean,
    sendsMax?: number,
  ): Promise<GatewayEvent | undefined> {
    const read = (answer: Uint8Array) => {
      const event = decodeNatPmpResponse(answer)
      return event instanceof Malformed || isOurs(event) ? event : undefined
    }
    return this.#exchange.ask({ bytes, read }, sendsMax)
  }
}

/** A refusal may be as short as its header, and then names no port. */
function isAbout({ kind, port }: Pick<MapRequest, 'kind' | 'port'>) {
  return (event: GatewayEvent) =>
    event.kind === kind && (event.port === undefined || event.port === port)
}

function answerOf(event: GatewayEvent | undefined): GatewayAnswer<GatewayEvent> {
  if (event === undefined) return { kind: 'silent' }
  if (event.refusal !== undefined) return { kind: 'refused', reason: event.refusal }
  return { kind: 'agreed', value: event }
}
