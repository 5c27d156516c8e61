/** XML of a UPnP gateway: its description, its replies, its errors. */
import { Malformed } from '@ipop/codec'
import { XMLParser } from 'fast-xml-parser'
import { UPNP_ELEMENTS_MAX } from '../../limits.ts'
import { type DescriptionPlace, placeOnHost } from './ssdp.ts'

/** The services that map ports, in the order of preference. */
const SERVICES = [
  'urn:schemas-upnp-org:service:WANIPConnection:2',
  'urn:schemas-upnp-org:service:WANIPConnection:1',
  'urn:schemas-upnp-org:service:WANPPPConnection:1',
]

/** A service that maps ports. */
export interface MappingService {
  readonly type: string
  /** Where it takes requests. */
  readonly control: DescriptionPlace
}

type Leaves = Readonly<Record<string, string>>

/** Finds the service in the description that was read at `place`; it must be on the same host. */
export function readDescription(
  body: Uint8Array,
  place: DescriptionPlace,
): MappingService | Malformed {
  const found = elementsOf(body)
  if (found instanceof Malformed) return found
  const base = found.find((each) => each['URLBase'] !== undefined)?.['URLBase']
  const root = base === undefined ? place : placeOnHost(base, place.host, place)
  if (root instanceof Malformed) return root
  for (const type of SERVICES) {
    const service = found.find((each) => each['serviceType'] === type)
    if (service === undefined) continue
    const control = placeOnHost(service['controlURL'] ?? '', place.host, root)
    return control instanceof Malformed ? control : { type, control }
  }
  return new Malformed('upnp: the gateway does not map ports')
}

/** Returns the request `action` with `values` as SOAP. The values are ours and need no escaping. */
export function soapRequest(
  type: string,
  action: string,
  values: Readonly<Record<string, string | number>>,
): Uint8Array {
  const parts = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`)
  const text =
    '<?xml version="1.0"?>\r\n' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${type}">${parts.join('')}</u:${action}></s:Body></s:Envelope>\r\n`
  return new TextEncoder().encode(text)
}

/** Returns the value called `name` in a reply. */
export function valueIn(body: Uint8Array, name: string): string | undefined {
  const found = elementsOf(body)
  return found instanceof Malformed
    ? undefined
    : found.find((each) => each[name] !== undefined)?.[name]
}

/** Returns the texts of every element that has no elements inside, grouped by the element around them. */
function elementsOf(body: Uint8Array): Leaves[] | Malformed {
  const text = new TextDecoder().decode(body)
  // Entities are the classic way to make a parser fill memory.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) return new Malformed('upnp: declarations are refused')
  try {
    const parser = new XMLParser({
      ignoreAttributes: true,
      removeNSPrefix: true,
      parseTagValue: false,
      processEntities: false,
    })
    return leavesBelow(parser.parse(text, true))
  } catch {
    return new Malformed('upnp: not well-formed XML')
  }
}

function leavesBelow(root: unknown): Leaves[] {
  const groups: Leaves[] = []
  const open: unknown[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (groups.length >= UPNP_ELEMENTS_MAX || typeof node !== 'object' || node === null) continue
    const entries = Object.entries(node)
    open.push(
      ...entries.flatMap(([, value]): unknown[] => (Array.isArray(value) ? value : [value])),
    )
    groups.push(Object.fromEntries(entries.filter(([, value]) => typeof value === 'string')))
  }
  return groups
}
