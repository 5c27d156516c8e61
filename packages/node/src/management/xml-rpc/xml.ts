/** Reads XML-RPC documents into plain elements, with the limits a server on the network needs. */
import { Malformed } from '@ipop/codec'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { XML_RPC_DEPTH_MAX } from '../../limits.ts'

/** One element: its name, its children, and its text. */
export interface XmlNode {
  readonly name: string
  readonly text: string
  readonly children: readonly XmlNode[]
}

type RawNode = Record<string, unknown>

// Entities stay as they are in the parser (`processEntities: false`) and are decoded here: predefined and numeric only.
const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  commentPropName: '#comment',
  cdataPropName: '#cdata',
})

/** Returns the root element of `bytes`, or why they are not an acceptable document. */
export function parseXml(bytes: Uint8Array): XmlNode | Malformed {
  const text = decodeUtf8(bytes)
  if (text === undefined) return new Malformed('not UTF-8')
  if (/<!(DOCTYPE|ENTITY)/i.test(text))
    return new Malformed('document type declarations are refused')
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text))
    return new Malformed('control character')
  if (depthOf(text) > XML_RPC_DEPTH_MAX * 4) return new Malformed('nested too deeply')
  if (XMLValidator.validate(text) !== true) return new Malformed('not well-formed XML')
  try {
    const roots = (PARSER.parse(text) as RawNode[]).flatMap(toNode)
    const [root] = roots
    return root !== undefined && roots.length === 1 ? root : new Malformed('not one root element')
  } catch {
    return new Malformed('refused by the XML parser')
  }
}

/** Returns `text` with the characters replaced that have a meaning in XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? character)
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#13;',
}
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function toNode(raw: RawNode): XmlNode[] {
  const name = Object.keys(raw).find((key) => key !== ':@') ?? '#text'
  if (name.startsWith('#') || name.startsWith('?')) return []
  const content = raw[name] as RawNode[]
  let text = ''
  for (const child of content) {
    if (typeof child['#text'] === 'string') text += decodeEntities(child['#text'])
    else if (Array.isArray(child['#cdata']))
      text += (child['#cdata'] as RawNode[]).map((part) => String(part['#text'])).join('')
  }
  return [{ name, text, children: content.flatMap(toNode) }]
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g,
    (hit, ten, sixteen, name) => {
      if (typeof name === 'string') return ENTITIES[name] ?? hit
      const code = typeof ten === 'string' ? Number(ten) : parseInt(String(sixteen), 16)
      const isText = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      return isText ? String.fromCodePoint(code) : hit
    },
  )
}

/** Returns the deepest nesting of tags; counts before any tree is built. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const tag of text.matchAll(/<(\/?)[A-Za-z][^<>]*?(\/?)>/g)) {
    if (tag[1] === '/') depth -= 1
    else if (tag[2] !== '/') deepest = Math.max(deepest, (depth += 1))
  }
  return deepest
}
