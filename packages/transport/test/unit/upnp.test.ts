/** UPnP gateways as they come: versions, conflicts, permanent leases, and those that lie. */
import type { HttpPort } from '@ipop/runtime'
import { World } from '@ipop/simulator'
import { describe, expect, it } from '@jest/globals'
import { readDescription, valueIn } from '../../src/port-mapping/upnp/description.ts'
import { readSearchAnswer, searchRequest } from '../../src/port-mapping/upnp/ssdp.ts'
import { UpnpClient } from '../../src/port-mapping/upnp/upnp-client.ts'

const GATE = '192.168.50.1'
const PLACE = { host: GATE, port: 5_000, path: '/rootDesc.xml' }
const REQUEST = { kind: 'udp', port: 4_000, externalPort: 4_000, lifetimeSeconds: 1_800 } as const

describe('the answer to a search', () => {
  it('names the place of the description', () => {
    expect(readSearchAnswer(searchAnswer(`http://${GATE}:5000/rootDesc.xml`), GATE)).toEqual(PLACE)
  })

  it.each([
    ['http://192.168.50.9:5000/x', 'another host'],
    ['http://router.example/x', 'another host'],
    ['https://192.168.50.1/x', 'not an HTTP address'],
    ['file:///etc/passwd', 'not an HTTP address'],
    ['', 'not an HTTP address'],
  ])('is refused when it names %s', (location, reason) => {
    const answer = readSearchAnswer(searchAnswer(location), GATE)
    expect(answer).toMatchObject({ reason: expect.stringContaining(reason) as unknown })
  })

  it('is refused when it is the question, another device, or too long', () => {
    expect(readSearchAnswer(searchRequest(), GATE)).toHaveProperty('reason')
    const printer = text(
      'HTTP/1.1 200 OK\r\nST: urn:printer:1\r\nLOCATION: http://192.168.50.1/\r\n',
    )
    expect(readSearchAnswer(printer, GATE)).toHaveProperty('reason')
    expect(readSearchAnswer(new Uint8Array(70_000), GATE)).toHaveProperty('reason')
  })
})

describe('a description', () => {
  it.each(['WANIPConnection:1', 'WANIPConnection:2', 'WANPPPConnection:1'])(
    'leads to %s however deep it stands',
    (name) => {
      expect(readDescription(description(name, '/ctl'), PLACE)).toEqual({
        type: `urn:schemas-upnp-org:service:${name}`,
        control: { ...PLACE, path: '/ctl' },
      })
    },
  )

  it.each([
    ['no XML', text('<root><device>')],
    ['declarations', text('<!DOCTYPE x [<!ENTITY a "b">]><root/>')],
    ['no such service', description('Printer:1', '/ctl')],
    ['a foreign control address', description('WANIPConnection:1', 'http://10.0.0.1/ctl')],
    ['a foreign base', text('<root><URLBase>http://10.0.0.1/</URLBase></root>')],
    ['nothing', new Uint8Array()],
  ])('is refused: %s', (_name, body) => {
    expect(readDescription(body, PLACE)).toHaveProperty('reason')
  })
})

describe('a UPnP client', () => {
  it('maps, and removes under the port that it got', async () => {
    const { world, client, calls } = await found()
    expect(await world.settle(client.map(REQUEST))).toEqual({
      kind: 'agreed',
      value: { external: { host: '5.6.7.2', port: 4_000 }, lifetimeMs: 1_800_000 },
    })
    await world.settle(client.unmap(REQUEST))
    expect(calls.at(-1)).toMatchObject({ action: 'DeletePortMapping', port: '4000' })
  })

  it('takes another port when others hold the one wished for, and keeps it', async () => {
    const { world, client, calls } = await found({ 4_000: 718 })
    const first = await world.settle(client.map(REQUEST))
    const second = await world.settle(client.map(REQUEST))
    expect(first).toMatchObject({ kind: 'agreed' })
    expect(second).toEqual(first)
    await world.settle(client.unmap(REQUEST))
    expect(calls.at(-1)?.port).not.toBe('4000')
  })

  it('takes a mapping for ever where the gateway knows no other', async () => {
    const { world, client } = await found({ lease: 725 })
    const answer = await world.settle(client.map(REQUEST))
    expect(answer).toMatchObject({ kind: 'agreed', value: { lifetimeMs: Infinity } })
  })

  it('gives up where every request fails', async () => {
    const { world, client, calls } = await found({ all: 718 })
    expect(await world.settle(client.map(REQUEST))).toMatchObject({
      kind: 'refused',
      reason: 'UPnP error 718',
    })
    expect(calls.filter(({ action }) => action === 'AddPortMapping').length).toBe(4)
  })
})

/** Errors of the gateway: for one port, for leases with an end, or for all. */
interface Errors {
  readonly 4_000?: number
  readonly lease?: number
  readonly all?: number
}

async function found(errors: Errors = {}) {
  const world = new World({ seed: 1, latencyMs: 1 })
  const { runtime } = world.addHost({ addresses: ['192.168.50.2'] })
  const calls: { action: string; port: string | undefined }[] = []
  const http: HttpPort = {
    request: (_place, { headers, body = new Uint8Array() }) => {
      const action = headers?.['soapaction']?.replace(/^.*#|"$/g, '')
      if (action === undefined) return reply(200, description('WANIPConnection:1', '/ctl'))
      const port = valueIn(body, 'NewExternalPort')
      calls.push({ action, port })
      if (action !== 'AddPortMapping') return reply(200, address)
      const isLease = valueIn(body, 'NewLeaseDuration') !== '0'
      const code =
        errors.all ?? (port === '4000' ? errors[4_000] : undefined) ?? (isLease && errors.lease)
      return code ? reply(500, text(`<f><errorCode>${code}</errorCode></f>`)) : reply(200, address)
    },
  }
  const client = new UpnpClient(
    { ...runtime, http, datagrams: answering() },
    { client: '192.168.50.2' },
  )
  expect(await world.settle(client.probe())).toEqual({ kind: 'agreed', value: undefined })
  return { world, client, calls }
}

const address = text('<r><NewExternalIPAddress>5.6.7.2</NewExternalIPAddress></r>')

function reply(status: number, body: Uint8Array) {
  return Promise.resolve({ status, body })
}

/** Sockets on which every search is answered. */
function answering() {
  const local = { host: '0.0.0.0', port: 1 }
  return {
    bind: (_at: unknown, handlers: { onDatagram(bytes: Uint8Array, from: typeof local): void }) =>
      Promise.resolve({
        local,
        send: () =>
          handlers.onDatagram(searchAnswer(`http://${GATE}:5000/rootDesc.xml`), {
            host: GATE,
            port: 1_900,
          }),
        close: () => Promise.resolve(),
      }),
  }
}

function searchAnswer(location: string): Uint8Array {
  return text(
    `HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLocation: ${location}\r\n\r\n`,
  )
}

function description(service: string, control: string): Uint8Array {
  const inner = `<serviceList><service><serviceType>urn:schemas-upnp-org:service:${service}</serviceType><controlURL>${control}</controlURL></service></serviceList>`
  return text(
    `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device>${inner}</device></deviceList></device></root>`,
  )
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}
