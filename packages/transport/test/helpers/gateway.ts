/** A router on the simulator that speaks PCP, NAT-PMP, or nonsense. */
import { ByteReader, ByteWriter } from '@ipop/codec'
import type { DatagramSocket, Endpoint } from '@ipop/runtime'
import type { Host } from '@ipop/simulator'

const GATEWAY_PORT = 5_351

/** What a router may be told. */
export interface GatewayOptions {
  readonly speaks?: 'pcp' | 'nat-pmp' | 'nonsense' | 'nothing'
  readonly external?: string
  readonly lifetimeSeconds?: number
  /** Result of every mapping request. */
  readonly result?: number
}

/** A router in a test: changes of its members take effect at once. */
export class Gateway {
  speaks: 'pcp' | 'nat-pmp' | 'nonsense' | 'nothing'
  external: string
  /** Ports forwarded now, `udp 4000`. */
  readonly mapped = new Set<string>()
  /** When each request arrived. */
  readonly requestsAt: number[] = []
  readonly #options: GatewayOptions
  readonly #host: Host
  #socket!: DatagramSocket

  private constructor(host: Host, options: GatewayOptions) {
    this.#host = host
    this.#options = options
    this.speaks = options.speaks ?? 'pcp'
    this.external = options.external ?? '5.6.7.2'
  }

  /** Starts the router on `host`. */
  static async open(host: Host, options: GatewayOptions = {}): Promise<Gateway> {
    const gateway = new Gateway(host, options)
    gateway.#socket = await host.runtime.datagrams.bind(
      { host: host.address, port: GATEWAY_PORT },
      {
        onDatagram: (bytes, from) => gateway.#answer(bytes.slice(), from),
        onError: (error) => {
          throw error
        },
      },
    )
    return gateway
  }

  #answer(request: Uint8Array, to: Endpoint): void {
    this.requestsAt.push(this.#host.runtime.clock.now())
    if (this.speaks === 'nothing') return
    if (this.speaks === 'nonsense') {
      this.#socket.send(Uint8Array.of(2, 0x81, 0, 0, 1, 2, 3), to)
      return this.#socket.send(this.#host.runtime.random.bytes(60), to)
    }
    const isPcp = request[0] === 2
    if (isPcp && this.speaks === 'nat-pmp') {
      return this.#socket.send(Uint8Array.of(0, 0x80, 0, 1, 0, 0, 0, 9), to)
    }
    this.#socket.send(isPcp ? this.#pcp(request) : this.#natPmp(request), to)
  }

  #pcp(request: Uint8Array): Uint8Array {
    const { result = 0, lifetimeSeconds = 1_800 } = this.#options
    const isMap = request[1] === 1
    const writer = new ByteWriter(60)
    writer
      .u8(2)
      .u8(0x80 | (request[1] ?? 0))
      .u8(0)
      .u8(isMap ? result : 0)
    writer.u32(lifetimeSeconds).u32(9).bytes(new Uint8Array(12))
    if (!isMap) return writer.toBytes()
    const reader = new ByteReader(request.subarray(24))
    const nonce = reader.bytes(12)
    const protocol = reader.u8()
    reader.bytes(3)
    const port = reader.u16()
    const wanted = new ByteReader(request.subarray(4)).u32()
    if (result === 0) this.#note(protocol === 17 ? 'udp' : 'tcp', port, wanted)
    writer.bytes(nonce).u8(protocol).u8(0).u16(0).u16(port).u16(port)
    return writer.bytes(new Uint8Array(10)).u16(0xffff).bytes(this.#externalBytes()).toBytes()
  }

  #natPmp(request: Uint8Array): Uint8Array {
    const { result = 0, lifetimeSeconds = 1_800 } = this.#options
    const operation = request[1] ?? 0
    const writer = new ByteWriter(16).u8(0).u8(0x80 | operation)
    if (operation === 0) return writer.u16(0).u32(9).bytes(this.#externalBytes()).toBytes()
    const reader = new ByteReader(request.subarray(4))
    const port = reader.u16()
    reader.u16()
    if (result === 0) this.#note(operation === 1 ? 'udp' : 'tcp', port, reader.u32())
    return writer.u16(result).u32(9).u16(port).u16(port).u32(lifetimeSeconds).toBytes()
  }

  #note(kind: string, port: number, lifetimeSeconds: number): void {
    if (lifetimeSeconds === 0) this.mapped.delete(`${kind} ${port}`)
    else this.mapped.add(`${kind} ${port}`)
  }

  #externalBytes(): Uint8Array {
    return Uint8Array.from(this.external.split('.').map(Number))
  }
}
