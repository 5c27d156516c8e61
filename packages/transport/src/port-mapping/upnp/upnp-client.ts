/** Port mapping by UPnP, for gateways of version 1 and 2 of the Internet Gateway Device. */
import { Malformed } from '@ipop/codec'
import type { HttpPort, Random } from '@ipop/runtime'
import { UPNP_ATTEMPTS_MAX, UPNP_BODY_BYTES_MAX, UPNP_REPLY_TIMEOUT_MS } from '../../limits.ts'
import type { MapRequest } from '../../wire/port-mapping.ts'
import type { ExchangeRuntime } from '../gateway-exchange.ts'
import type { GatewayAnswer, MappedPort, MappingClient } from '../types.ts'
import { type MappingService, readDescription, soapRequest, valueIn } from './description.ts'
import { GatewaySearch } from './gateway-search.ts'
import type { DescriptionPlace } from './ssdp.ts'

const DESCRIPTION = 'ipop'
const PORT_FIRST = 1_024
const PORT_COUNT = 64_512

/** Errors of AddPortMapping that another request gets around. */
const ERRORS_CONFLICT = new Set([718, 729])
const ERROR_ONLY_PERMANENT = 725

type Values = Readonly<Record<string, string | number>>
/** An answer with the number of the error, where the gateway names one. */
type SoapAnswer = GatewayAnswer<Uint8Array> & { readonly code?: number }

/** The ports a UPnP client uses. */
export interface UpnpRuntime extends ExchangeRuntime {
  readonly random: Random
  readonly http: HttpPort
}

/** The client of whichever gateway answers on the network of `client`. */
export class UpnpClient implements MappingClient {
  readonly protocol = 'upnp'
  readonly #runtime: UpnpRuntime
  readonly #client: string
  readonly #externalPorts = new Map<string, number>()
  #service: MappingService | undefined
  readonly #search: GatewaySearch

  /** `client` is the address of this machine in the gateway's network; `gateway` the router, where it is known. */
  constructor(
    runtime: UpnpRuntime,
    { client, gateway }: { readonly client: string; readonly gateway?: string | undefined },
  ) {
    this.#runtime = runtime
    this.#client = client
    this.#search = new GatewaySearch(runtime, { client, gateway })
  }

  async probe(): Promise<GatewayAnswer<void>> {
    const place = await this.#search.run()
    if (place === undefined) return { kind: 'silent' }
    const body = await this.#http(place, { method: 'GET', path: place.path })
    if (body.kind !== 'agreed') return body
    const service = readDescription(body.value, place)
    if (service instanceof Malformed) return { kind: 'refused', reason: service.reason }
    this.#service = service
    return { kind: 'agreed', value: undefined }
  }

  async map(request: MapRequest): Promise<GatewayAnswer<MappedPort>> {
    const address = await this.#call('GetExternalIPAddress', {})
    if (address.kind !== 'agreed') return address
    const host = valueIn(address.value, 'NewExternalIPAddress') ?? ''
    const known = this.#externalPorts.get(nameOf(request))
    let port = known ?? (request.externalPort === 0 ? this.#anyPort() : request.externalPort)
    let { lifetimeSeconds } = request
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#add(request, port, lifetimeSeconds)
      if (answer.kind === 'agreed') {
        this.#externalPorts.set(nameOf(request), port)
        const lifetimeMs = lifetimeSeconds === 0 ? Infinity : 1_000 * lifetimeSeconds
        return { kind: 'agreed', value: { external: { host, port }, lifetimeMs } }
      }
      if (attempt === UPNP_ATTEMPTS_MAX) return answer
      if (answer.code === ERROR_ONLY_PERMANENT) lifetimeSeconds = 0
      else if (answer.code !== undefined && ERRORS_CONFLICT.has(answer.code)) port = this.#anyPort()
      else return answer
    }
  }

  async unmap(request: Omit<MapRequest, 'lifetimeSeconds'>): Promise<void> {
    const externalPort = this.#externalPorts.get(nameOf(request))
    if (externalPort === undefined) return
    this.#externalPorts.delete(nameOf(request))
    await this.#call('DeletePortMapping', {
      NewRemoteHost: '',
      NewExternalPort: externalPort,
      NewProtocol: request.kind.toUpperCase(),
    })
  }

  close(): Promise<void> {
    this.#search.stop()
    return Promise.resolve()
  }

  #add({ kind, port }: MapRequest, externalPort: number, lifetimeSeconds: number) {
    return this.#call('AddPortMapping', {
      NewRemoteHost: '',
      NewExternalPort: externalPort,
      NewProtocol: kind.toUpperCase(),
      NewInternalPort: port,
      NewInternalClient: this.#client,
      NewEnabled: 1,
      NewPortMappingDescription: DESCRIPTION,
      NewLeaseDuration: lifetimeSeconds,
    })
  }

  #anyPort(): number {
    return PORT_FIRST + this.#runtime.random.below(PORT_COUNT)
  }

  #call(action: string, values: Values): Promise<SoapAnswer> {
    if (this.#service === undefined) return Promise.resolve({ kind: 'silent' })
    const { type, control } = this.#service
    return this.#http(control, {
      method: 'POST',
      path: control.path,
      headers: { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${type}#${action}"` },
      body: soapRequest(type, action, values),
    })
  }

  async #http(
    { host, port }: DescriptionPlace,
    question: Parameters<HttpPort['request']>[1],
  ): Promise<SoapAnswer> {
    const limits = { timeoutMs: UPNP_REPLY_TIMEOUT_MS, bodyBytesMax: UPNP_BODY_BYTES_MAX }
    try {
      const reply = await this.#runtime.http.request({ host, port }, question, limits)
      if (reply.status === 200) return { kind: 'agreed', value: reply.body }
      const code = Number(valueIn(reply.body, 'errorCode'))
      if (Number.isNaN(code)) return { kind: 'refused', reason: `HTTP status ${reply.status}` }
      return { kind: 'refused', reason: `UPnP error ${code}`, code }
    } catch {
      return { kind: 'silent' }
    }
  }
}

function nameOf({ kind, port }: Pick<MapRequest, 'kind' | 'port'>): string {
  return `${kind} ${port}`
}
